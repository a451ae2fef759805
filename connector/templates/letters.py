"""The letters in force: those of the folder as it stood when it last was whole.

The one rule: a change is taken when two looks agree on it, and as a whole; with one fault in any
file, all letters stay as they are until it is mended.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ..domain.errors import Fault, FaultyFiles
from .shelf import EMPTY, FOLDER, KINDS, Shelf, load

_Looks = Mapping[str, tuple[int, int, int]]
_NO_FOLDER: Final[_Looks] = {"": (0, 0, 0)}


def _none(_: Path | None) -> Shelf:
    return EMPTY


class Letters:
    """What people are written now. Ask from any thread; one looks."""

    def __init__(self, folder: Path | None = None, read: Callable[[Path | None], Shelf] = _none) -> None:
        self._folder = folder
        self._loaded = self._pending = _looks(
            folder
        )  # before it is read: the next look sees what changes now
        self._put(read(folder))

    def _put(self, shelf: Shelf) -> None:
        self.shelf, self.kinds = shelf, shelf.kinds()
        self.faults: tuple[Fault, ...] = ()

    def look(self) -> bool:
        """Whether other letters are in force since, or other faults are told."""
        seen = _looks(self._folder)
        if seen == self._loaded or seen != self._pending:
            self._pending = seen
            return False
        self._loaded = seen
        try:
            if seen == _NO_FOLDER:
                raise FaultyFiles([Fault(self._name, 1, 1, "the folder is gone; what it held goes on")])
            self._put(load(self._folder))
        except FaultyFiles as fault:
            self.faults = tuple(fault.faults)
        except OSError as fault:
            told = f"the folder cannot be read: {fault.strerror}"
            self.faults = (Fault(self._name, 1, 1, told),)
        return True

    @property
    def _name(self) -> str:
        return FOLDER if self._folder is None else self._folder.name


def open_letters(folder: Path | None = None) -> Letters:
    """Those of `folder` over the shipped ones; FaultyFiles with everything that is wrong in it."""
    return Letters(folder, load)


def _looks(folder: Path | None) -> _Looks:
    """File name → when and how it was last changed; cheap, for it is asked every second."""
    if folder is None:
        return {}
    found: dict[str, tuple[int, int, int]] = {}
    try:
        for path in folder.iterdir():
            if path.suffix.removeprefix(".") not in KINDS:
                continue
            try:
                stat = path.stat()
            except FileNotFoundError:  # it went while we looked
                continue
            found[path.name] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    except OSError:
        return _NO_FOLDER
    return found
