"""Paths into what platforms and people fill as they like: where a recipe reads them; whether one is there.

One rule: nothing here is a fault. Such a path can only be held against what was recorded.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .language import Term

OPEN_ROOTS: Final = (("event", "data"), ("contact", "attributes"))
MAX_NAMES: Final = 200  # of one block, for «did you mean»: more are keys made of ids, and no names

_PART: Final = re.compile(r"\.?(\w+)|\[(?:(\d+)|\"([^\"]*)\"|'([^']*)')\]")


@dataclass(frozen=True, slots=True)
class OpenPath:
    """One place of a file that reads such a path; `parts` are all of its names."""

    text: str
    parts: tuple[str, ...]
    line: int
    column: int


def parts_of(path: str) -> tuple[str, ...]:
    """`event.data.lines[0]["unit price"]` as its names."""
    return tuple(next(part for part in found.groups() if part is not None) for found in _PART.finditer(path))


def open_paths(term: Term) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """Every such path of an expression that has a name of its own: text, names, offset."""
    if term.rule == "path":
        text = term.token("PATH")
        parts = parts_of(text)
        if parts[:2] in OPEN_ROOTS and len(parts) > 2:
            yield text, parts, term.start
    for child in term.terms:
        yield from open_paths(child)


def lacking(value: Any, parts: tuple[str, ...]) -> tuple[int, list[str]] | None:
    """None where the path is there, also as null; else how far it leads, and which names are there."""
    for count, part in enumerate(parts):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isascii() and part.isdigit() and int(part[:6]) < len(value):
            value = value[int(part[:6])]
        else:
            return count, [str(name) for name in value][:MAX_NAMES] if isinstance(value, Mapping) else []
    return None
