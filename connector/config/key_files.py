"""Keys that the gateway made for itself: each in a file of its own that only its owner can read.

The one rule: a file under its final name is whole. It is written beside, flushed
to the disk, and linked there in one step; whoever comes second takes what is there.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..domain.errors import Fault, FaultyFiles
from ..domain.ids import random_symbols

MAX_BYTES: Final = 4_096
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_OTHERS: Final = 0o077  # group and everybody: they neither read, write nor list


def private_folder(path: Path) -> Path:
    """`path` as a folder that only its owner enters, made if need be; FaultyFiles where others may."""
    make_folder(path)
    if path.stat().st_mode & _OTHERS:
        raise _faulty(path, f"other users may enter this folder of keys; run: chmod 700 {path}")
    return path


def make_folder(path: Path) -> Path:
    """`path` as a folder; one that is made now is its owner's alone, one that exists stays as it is."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise _faulty(path, f"this folder cannot be made: {fault.strerror}") from fault
    return path


def kept(path: Path, make: Callable[[], str], is_valid: Callable[[str], bool]) -> str:
    """The one line in the file `path`, made by `make` and written down if there is no such file yet.

    FaultyFiles where others may read it, or where it is not what was written.
    """
    try:
        if not os.path.lexists(path):
            _write(path, make() + "\n")
        text = _read(path)
    except OSError as fault:
        raise _faulty(path, f"cannot be used: {fault.strerror}") from fault
    value = text.removesuffix("\n")
    if not text.endswith("\n") or not is_valid(value):
        raise _faulty(
            path,
            "is damaged; put it back from a backup. Only where nothing is to be kept, delete the data folder",
        )
    return value


def _read(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as stream:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise _faulty(path, "is not a file")
        if mode & _OTHERS:
            raise _faulty(path, f"other users may read this key; run: chmod 600 {path}")
        return stream.read(MAX_BYTES).decode("ascii", "replace")


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{random_symbols(_LETTERS, 12)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(descriptor)
        _put(beside, path)
        _flush_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def _put(beside: Path, path: Path) -> None:
    """A link fails where the name is taken, so that two first starts agree; a rename would not."""
    try:
        os.link(beside, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links, as on some memory cards
        beside.rename(path)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _faulty(path: Path, message: str) -> FaultyFiles:
    return FaultyFiles([Fault(str(path), 1, 1, message)])
