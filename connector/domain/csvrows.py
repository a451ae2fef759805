"""CSV, read strictly and written so that no spreadsheet takes a cell for a formula.

A row that cannot be read is told with its place and spoils no other: reading goes on
with the line after the one where it began.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

MAX_ROW_BYTES: Final = 65_536  # a card with all its texts has some 15,000

_BOM: Final = b"\xef\xbb\xbf"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_CELL: Final = re.compile(r'(?:"((?:[^"]++|"")*+)"|([^",]*+))(,|\Z)')  # linear, whatever it meets
_OPEN: Final = re.compile(r'"(?:[^"]++|"")*+\Z')
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_NEUTRAL: Final = re.compile(r"'*[=+\-@\t\r]")  # what a further apostrophe tells apart from itself
_NEEDS_QUOTES: Final = re.compile(r'[",\r\n]')
_MAX_SHOWN: Final = 1_000  # of a row that could not be read


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was written. `line` is where it begins, `end` the byte behind it.

    `fault` says why it cannot be read; `cells` is then what can be shown of it.
    """

    line: int
    cells: Sequence[str]
    end: int
    fault: str | None = None


def rows(pieces: Iterable[bytes]) -> Iterator[Row]:
    """Every row but empty ones, the first of the names included.

    `pieces` are lines with their ends; one of more than MAX_ROW_BYTES may come in several.
    """
    lines = _Lines(pieces)
    while (first := lines.take()) is not None:
        if first.fault is not None:
            yield Row(first.number, [first.text[:_MAX_SHOWN]], first.end, first.fault)
        elif '"' in first.text:
            yield _quoted(lines, first)
        elif first.text:
            is_split = "\r" in first.text
            fault = "has a carriage return in the middle: end lines with a line feed" if is_split else None
            yield Row(first.number, first.text.split(","), first.end, fault)


def written(cells: Iterable[str]) -> str:
    """One row with its line feed; `plain` reads each cell again."""
    return ",".join([_written(cell) for cell in cells]) + "\n"


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would take the cell for a formula."""
    return cell.startswith(_FORMULA)


def plain(cell: str) -> str:
    """The text of a cell: without the apostrophe that `written` put before what looks like a formula."""
    return cell[1:] if cell.startswith("'") and _NEUTRAL.match(cell) else cell


def _written(cell: str) -> str:
    text = "'" + cell if _NEUTRAL.match(cell) else cell
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    ending: str
    end: int
    fault: str | None = None


class _Lines:
    """Lines one by one, each read or with its fault; those that are given back come again."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._back: deque[_Line] = deque()
        self._number = 0
        self._end = 0

    def take(self) -> _Line | None:
        if self._back:
            return self._back.popleft()
        raw = next(self._pieces, b"")
        if not raw:
            return None
        self._number += 1
        self._end += len(raw)
        if self._number == 1:
            if raw.startswith(_UTF_16):
                return self._wrong(raw, "is UTF-16: save the file as UTF-8")
            raw = raw.removeprefix(_BOM)
        if len(raw) > MAX_ROW_BYTES:
            self._skip(raw)
            return self._wrong(raw, f"is longer than {MAX_ROW_BYTES} bytes")
        if b"\x00" in raw:
            return self._wrong(raw, "holds a NUL: the file is damaged, or not UTF-8")
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as fault:
            return self._wrong(raw, f"is not UTF-8: byte {fault.start + 1} of the line cannot be read")
        body = text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
        return _Line(self._number, body, text[len(body) :], self._end)

    def give_back(self, lines: Iterable[_Line]) -> None:
        self._back.extendleft(reversed(list(lines)))

    def _skip(self, raw: bytes) -> None:
        """Pass over the rest of a line that is too long."""
        while raw and not raw.endswith(b"\n"):
            raw = next(self._pieces, b"")
            self._end += len(raw)

    def _wrong(self, raw: bytes, fault: str) -> _Line:
        shown = raw[:_MAX_SHOWN].decode("utf-8", "replace").replace("\x00", "\ufffd").rstrip("\r\n")
        return _Line(self._number, shown, "", self._end, fault)


def _quoted(lines: _Lines, first: _Line) -> Row:
    """A row with quotes, which may go on over several lines."""
    taken, text, size = [first], first.text, len(first.text)
    cells = _cells(text)
    while cells is None:
        following = lines.take()
        if following is not None:
            taken.append(following)
            size += len(following.text) + 2
        if following is None or following.fault is not None or size > MAX_ROW_BYTES:
            return _given_back(lines, taken, "a quote is opened and never closed")
        text += taken[-2].ending + following.text
        cells = _cells(text) if '"' in following.text else None
    if isinstance(cells, str):
        return _given_back(lines, taken, cells)
    return Row(first.number, cells, taken[-1].end)


def _given_back(lines: _Lines, taken: list[_Line], fault: str) -> Row:
    lines.give_back(taken[1:])
    first = taken[0]
    return Row(first.number, [first.text[:_MAX_SHOWN]], first.end, fault)


def _cells(text: str) -> list[str] | str | None:
    """The cells of a whole row; None where it ends inside quotes; a text says what is wrong."""
    found: list[str] = []
    place = 0
    while True:
        cell = _CELL.match(text, place)
        if cell is None:
            if _OPEN.match(text, place):
                return None
            return f"cell {len(found) + 1} has a quote in the middle: quote it whole and double those inside"
        inside, bare, comma = cell.groups()
        if bare is not None and "\r" in bare:
            return "has a carriage return in the middle: end lines with a line feed"
        found.append(str(bare) if inside is None else inside.replace('""', '"'))
        place = cell.end()
        if not comma:
            return found
