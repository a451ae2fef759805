"""The head of an answer: status line and headers, and how they say that its body ends.

The rule that holds: it is bounded in lines and bytes and strictly HTTP/1, or it is
malformed. What two readers could understand in two ways is never followed by another answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from .exchange import AttemptFault

MAX_HEADERS: Final = 100  # lines, folded ones too
MAX_HEAD_BYTES: Final = 65_536
_INTERIM: Final = (b"100", b"102", b"103")
MAX_INTERIM: Final = 8  # before the answer; honest servers send one or two
_STATUS: Final = re.compile(rb"HTTP/1\.\d ([1-5]\d\d)(?: [^\x00\r\n]*)?\r?\n")
_HEADER: Final = re.compile(rb"([!-9;-~]+):[^\x00\r]*\r?\n")
_FOLDED: Final = re.compile(rb"[ \t][^\x00\r]*\r?\n")
_BLANK: Final = (b"\r\n", b"\n")
_BLANKS: Final = b" \t\r\n"
_BODILESS: Final = (204, 304)


class Lines(Protocol):
    """Where an answer is read from."""

    def readline(self, most: int) -> bytes:
        """The next line with its end; less where `most` bytes have none, or where they ended."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of the final answer, the names as they were said.

    `length` is None where the last chunk, or the connection's end, is the body's.
    """

    status: int
    headers: Sequence[tuple[str, str]] = ()
    length: int | None = None
    is_chunked: bool = False
    may_be_kept: bool = False
    """Whether another answer may follow this one on its connection."""

    def every(self, name: str) -> list[str]:
        """The values of all headers of this name, which is in small letters."""
        return [value for said, value in self.headers if said.lower() == name]

    def first(self, name: str) -> str:
        """The value of the first header of this name, empty where there is none."""
        found = self.every(name)
        return found[0] if found else ""


def read_head(stream: Lines) -> Head:
    """The head of the final answer, answers in between passed over; AttemptFault where it is no HTTP."""
    lines = _read_lines(stream)
    headers = []
    for line in lines[1:]:
        name, _, value = line.decode("iso-8859-1").partition(":")
        headers.append((name, value.strip(" \t\r\n")))
    said = Head(int(lines[0][9:12]), headers)
    codings = [one.lower() for one in said.every("transfer-encoding")]
    is_chunked = codings == ["chunked"]
    lengths = said.every("content-length")
    is_old = lines[0].startswith(b"HTTP/1.0")
    # A body that names both ends is disputed, and one that has none to name: nothing may follow it.
    is_disputed = bool(codings) and (not is_chunked or bool(lengths) or is_old)
    length = None
    if said.status in _BODILESS:
        is_disputed = bool(codings) or any(int(one) for one in lengths)
        length = 0
    elif lengths and not is_chunked:
        length = int(lengths[0])  # digits: it was looked at with the lines
    has_end = is_chunked or length is not None
    goes_on = has_end and not is_disputed and not _is_last(said, is_old)
    return Head(said.status, headers, length, is_chunked, goes_on)


def _is_last(said: Head, is_old: bool) -> bool:
    """Whether they close the connection after this answer."""
    told = ",".join(said.every("connection")).lower()
    return "close" in told or (is_old and "keep-alive" not in told and not said.first("keep-alive"))


def _read_lines(stream: Lines) -> list[bytes]:
    """Status line and headers of the final answer, one each."""
    left = MAX_HEAD_BYTES
    for _ in range(MAX_INTERIM + 1):
        lines: list[bytes] = []
        count = 0
        while True:
            line = stream.readline(left + 1)
            left -= len(line)
            if left < 0:
                raise _malformed("too many bytes of headers")
            if not line.endswith(b"\n"):
                if not lines and not b"HTTP/".startswith(line[:5]):
                    raise _malformed("no HTTP status line")
                raise AttemptFault("unreachable", "connection_closed")
            _require_line(line, len(lines) + 1)
            if line in _BLANK:
                break
            count += 1
            if count > MAX_HEADERS + 1:  # with the status line
                raise _malformed("too many headers")
            if line[0] in b" \t":  # folded, as was allowed once
                lines[-1] = lines[-1].rstrip(_BLANKS) + b" " + line.strip(_BLANKS) + b"\r\n"
            else:
                lines.append(line)
        status = lines[0][9:12]
        if status.startswith(b"1") and status not in _INTERIM:
            raise _malformed(f"status {status.decode()}")
        if status not in _INTERIM:
            _require_one_length(lines)
            return lines
    raise _malformed("too many interim answers")


def _require_line(line: bytes, number: int) -> None:
    if number == 1:
        if not _STATUS.fullmatch(line):
            raise _malformed("no HTTP status line")
    elif line not in _BLANK and not (_HEADER.fullmatch(line) or (number > 2 and _FOLDED.fullmatch(line))):
        raise _malformed("a line that is no header")


def _require_one_length(lines: list[bytes]) -> None:
    named = [line.partition(b":") for line in lines[1:]]
    lengths = {value.strip(_BLANKS) for name, _, value in named if name.lower() == b"content-length"}
    if len(lengths) > 1 or any(not length.isdigit() or len(length) > 18 for length in lengths):
        raise _malformed("two lengths" if len(lengths) > 1 else "a length that is no number")


def _malformed(detail: str) -> AttemptFault:
    return AttemptFault("failed", "answer_malformed", detail)
