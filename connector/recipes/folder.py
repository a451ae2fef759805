"""The folder of recipes: which files there are, how each looks, and its bytes, within bounds.

One rule: nothing is read past its bound, and what cannot be read is a fault with the file's name.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..domain.errors import Fault
from .constants import SHARED_FILE
from .yamltree import MAX_BYTES

SUFFIX: Final = ".yaml"
MAX_FILES: Final = 2_000  # ten times the largest collection we measure with
MAX_FOLDER_BYTES: Final = 32 * 1024 * 1024  # of all files: 16 KiB each, for as many as there may be

Look = tuple[int, int, int]
NOTHING: Final[Mapping[str, Look]] = {"": (0, 0, 0)}
"""How a folder looks that cannot be read."""


@dataclass(frozen=True, slots=True)
class Files:
    """What was read: recipe name → bytes, or why they cannot be had; `faults` are the folder's own.

    `shared`: the bytes of `_vars.yaml`; None where there is none. `is_whole` is False for a folder
    that could not be read.
    """

    recipes: Mapping[str, bytes | Fault]
    shared: bytes | Fault | None
    faults: tuple[Fault, ...] = ()
    is_whole: bool = True


def looks(folder: Path) -> Mapping[str, Look]:
    """File name → when and how it was last changed; cheap, for it is asked every second."""
    found: dict[str, Look] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not _is_ours(entry.name):
                    continue
                try:
                    stat = entry.stat()
                except FileNotFoundError:  # it went while we looked
                    continue
                found[entry.name] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
                if len(found) > MAX_FILES:
                    break
    except OSError:  # the reading tells why
        return NOTHING
    return found


def read_files(folder: Path) -> Files:
    """The bytes of every recipe, and of the names that they share."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if _is_ours(entry.name))
    except OSError as fault:
        told = Fault(folder.name, 1, 1, f"the folder cannot be read: {fault.strerror}")
        return Files({}, None, (told,), is_whole=False)
    faults: list[Fault] = []
    if len(names) > MAX_FILES:
        faults.append(Fault(folder.name, 1, 1, f"more than {MAX_FILES} recipes; the rest is left out"))
    shared: bytes | Fault | None = None
    found: dict[str, bytes | Fault] = {}
    left = MAX_FOLDER_BYTES
    for name in names[:MAX_FILES]:
        data = _bytes_of(folder / name, f"{folder.name}/{name}", left)
        left -= len(data) if isinstance(data, bytes) else 0
        if name == SHARED_FILE:
            shared = data
        else:
            found.setdefault(name.removesuffix(SUFFIX), data)
    return Files(found, shared, tuple(faults))


def _is_ours(name: str) -> bool:
    """Recipes, and what somebody took for one; not what editors leave behind."""
    return name.endswith((SUFFIX, ".yml")) and name[0] not in ".~#"


def _bytes_of(path: Path, file: str, left: int) -> bytes | Fault:
    if path.suffix != SUFFIX:
        return Fault(file, 1, 1, f"a recipe's file ends in `{SUFFIX}`")
    if path.name.startswith("_") and path.name != SHARED_FILE:
        return Fault(
            file, 1, 1, f"a file that begins with `_` is no recipe; shared names are in {SHARED_FILE}"
        )
    try:
        if not path.is_file():
            return Fault(file, 1, 1, "this is not a file")
        with path.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as fault:
        return Fault(file, 1, 1, f"the file cannot be read: {fault.strerror}")
    if len(data) > left:
        return Fault(
            file,
            1,
            1,
            f"all recipes together have more than {MAX_FOLDER_BYTES // 2**20} MiB; this is left out",
        )
    return data
