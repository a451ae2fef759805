"""A recipe under a new name, as a draft: the rest of its text stays as it is, to the letter.

One rule: a program makes new recipe files, and never rewrites one.
"""

import re
from pathlib import Path
from typing import Final

from ..domain.errors import Conflict, NotFound, ValidationFailed
from .folder import SUFFIX
from .schema import NAME
from .wording import closest, quoted
from .yamltree import MAX_BYTES, Block, Scalar, read

MAX_NAME: Final = 80
LIVE: Final = "\nstatus: live"
DRAFT: Final = "\nstatus: draft       # write live once you have read it"


def as_drafts(folder: Path) -> dict[str, str]:
    """The texts of a folder's recipes by file name, the live ones as drafts."""
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    return {path.name: path.read_text("utf-8").replace(LIVE, DRAFT, 1) for path in paths}


def copy_recipe(folder: Path, packaged: Path, source: str, name: str) -> Path:
    """The new file in `folder`: a copy of one there, or else of one that came with the program."""
    if not folder.is_dir():
        raise NotFound(f"There is no folder {folder}. Next: connector init DIR makes one.")
    found = next(
        (path for path in (folder / f"{source}{SUFFIX}", packaged / f"{source}{SUFFIX}") if _is(path)), None
    )
    if found is None or not re.fullmatch(NAME, source):
        known = sorted({path.stem for place in (folder, packaged) for path in place.glob(f"*{SUFFIX}")})
        near = closest(source, known)
        raise NotFound(f"There is no recipe {quoted(source)}.{f' Did you mean {near}?' if near else ''}")
    with found.open("rb") as opened:
        text = copy_as_draft(opened.read(MAX_BYTES + 1), f"{found.parent.name}/{found.name}", name)
    made = folder / f"{name}{SUFFIX}"
    try:
        with made.open("x", encoding="utf-8", newline="") as opened_new:
            opened_new.write(text)
    except FileExistsError as fault:
        raise Conflict(f"{made} is there already; it was left as it is.") from fault
    except OSError as fault:
        raise Conflict(f"{made} cannot be written: {fault.strerror}.") from fault
    return made


def _is(path: Path) -> bool:
    return path.is_file() and not path.name.startswith("_")


def copy_as_draft(data: bytes, file: str, name: str) -> str:
    """The text of the new recipe; FaultyFiles where the old one cannot be read as YAML.

    ValidationFailed for a name that no recipe can have.
    """
    if not re.fullmatch(NAME, name) or len(name) > MAX_NAME:
        raise ValidationFailed(
            f"{quoted(name)} is not a recipe's name: small letters, digits and `-`, as in `win-back`"
        )
    root = read(data, file)
    lines = data.decode("utf-8-sig").splitlines(keepends=True)
    for key, value in (("recipe", name), ("status", "draft")):
        _put(lines, root, key, value)
    return "".join(lines)


def _put(lines: list[str], root: Block, key: str, value: str) -> None:
    """Write `value` where the old one of `key` stands."""
    old = root.get(key)
    if not isinstance(old, Scalar) or old.shift is None:
        raise ValidationFailed(f"The recipe has no `{key}` on a line of its own, so it cannot be copied.")
    line, column = lines[old.line - 1], old.column - 1
    end = column + len(old.text) + 2 * old.shift
    lines[old.line - 1] = f"{line[:column]}{value}{line[end:]}"
