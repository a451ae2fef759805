"""JSON as rows: an object a line, or one array of objects; read one by one, whatever the size of the file.

An object that cannot be read is told with its place and spoils no other, unless its
own end cannot be found in an array: then the rest is told as one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from .errors import BadJson
from .jsontext import load_object

MAX_OBJECT_BYTES: Final = 65_536

_BLANK: Final = b" \t\r\n"
_BOM: Final = b"\xef\xbb\xbf"
_MARK: Final = re.compile(rb'["\\{}\[\]]')
_IS_LONG: Final = f"is longer than {MAX_OBJECT_BYTES} bytes"


@dataclass(frozen=True, slots=True)
class Object:
    """One object. `line` is where it begins, `end` the byte behind it; `fault` says why it cannot be read."""

    line: int
    value: Mapping[str, Any]
    end: int
    fault: str | None = None


def objects(pieces: Iterable[bytes]) -> Iterator[Object]:
    """Every object: of an array where the file begins with a bracket, else of lines.

    `pieces` are lines with their ends; one of more than MAX_OBJECT_BYTES may come in several.
    """
    rest = iter(pieces)
    first: list[bytes] = []
    for piece in rest:
        first.append(piece)
        if piece.removeprefix(_BOM).strip(_BLANK):
            break
    is_array = bool(first) and first[-1].removeprefix(_BOM).lstrip(_BLANK).startswith(b"[")
    whole = chain(first, rest)
    return _array(_Scan(whole)) if is_array else _lines(whole)


def _lines(pieces: Iterator[bytes]) -> Iterator[Object]:
    end = 0
    for number, piece in enumerate(pieces, 1):
        end += len(piece)
        if len(piece) > MAX_OBJECT_BYTES:
            raw = piece
            while raw and not raw.endswith(b"\n"):
                raw = next(pieces, b"")
                end += len(raw)
            yield Object(number, {}, end, _IS_LONG)
        elif text := piece.removeprefix(_BOM).strip(_BLANK):
            yield _read(number, text, end)


def _array(scan: "_Scan") -> Iterator[Object]:
    scan.next_symbol()
    scan.take()
    while (symbol := scan.next_symbol()) is not None:
        if symbol == b"{":
            found = _object(scan)
            yield found
            if scan.is_cut_off:
                return
        elif symbol == b",":
            scan.take()
        elif symbol == b"]":
            scan.take()
            if scan.next_symbol() is not None:
                yield Object(scan.line, {}, scan.end, "stands behind the end of the list")
            return
        else:
            yield Object(scan.line, {}, scan.end, "is no object: nothing behind it can be read")
            return
    yield Object(scan.line, {}, scan.end, "the list is not closed: the file was cut off")


class _Scan:
    """The bytes of a file, piece by piece, and which line they stand in."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._before = 0
        self.buffer = b""
        self.place = 0
        self.line = 1
        self.is_cut_off = False
        self.more()
        self.place = len(_BOM) if self.buffer.startswith(_BOM) else 0

    @property
    def end(self) -> int:
        return self._before + self.place

    def more(self) -> bool:
        """The next piece; False at the end of the file. What was read before is let go."""
        piece = next(self._pieces, b"")
        self._before += len(self.buffer)
        self.buffer, self.place = piece, 0
        return bool(piece)

    def next_symbol(self) -> bytes | None:
        """The next byte that is no blank, not taken; None at the end."""
        while True:
            while self.place < len(self.buffer):
                symbol = self.buffer[self.place : self.place + 1]
                if symbol not in _BLANK:
                    return symbol
                self.take()
            if not self.more():
                return None

    def take(self) -> None:
        self.line += self.buffer[self.place : self.place + 1] == b"\n"
        self.place += 1


def _object(scan: _Scan) -> Object:
    """The object that begins here, found by its braces alone; what is inside is read when it is whole."""
    line, size, kept = scan.line, 0, list[bytes]()
    depth, is_text, is_escaped = 0, False, False
    while True:
        start = scan.place
        place = start + is_escaped
        is_escaped = False
        while (mark := _MARK.search(scan.buffer, place)) is not None:
            symbol, place = mark.group(), mark.end()
            if is_text:
                if symbol == b"\\":
                    is_escaped = place >= len(scan.buffer)
                    place += 1
                is_text = symbol != b'"'
                continue
            is_text = symbol == b'"'
            depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(symbol, 0)
            if depth == 0:
                scan.place = place
                piece = scan.buffer[start:place]
                scan.line += piece.count(b"\n")
                return _whole(line, kept, piece, size, scan.end)
        piece = scan.buffer[start:]
        scan.line += piece.count(b"\n")
        size += len(piece)
        if size <= MAX_OBJECT_BYTES:
            kept.append(piece)
        if not scan.more():
            scan.is_cut_off = True
            return Object(line, {}, scan.end, "the object is not closed: the file was cut off")


def _whole(line: int, kept: list[bytes], piece: bytes, size: int, end: int) -> Object:
    if size + len(piece) > MAX_OBJECT_BYTES:
        return Object(line, {}, end, _IS_LONG)
    return _read(line, b"".join([*kept, piece]), end)


def _read(line: int, raw: bytes, end: int) -> Object:
    try:
        return Object(line, load_object(raw), end)
    except BadJson as fault:
        return Object(line, {}, end, fault.detail.replace("The body", "the object", 1))
