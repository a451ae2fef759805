"""The head of an answer: status line and headers, read by ourselves.

The rule that holds: it is bounded in lines and bytes and strictly HTTP/1, or it is
malformed. http.client alone takes a 103 for the answer, and megabytes of headers.
"""

import http.client
import io
import re
from typing import Final

from .exchange import AttemptFault

MAX_HEADERS: Final = 100  # lines, folded ones too
MAX_HEAD_BYTES: Final = 65_536
MAX_INTERIM: Final = 8  # 100, 102 and 103 before the answer; honest servers send one or two
_STATUS: Final = re.compile(rb"HTTP/1\.\d ([1-5]\d\d)(?: [^\x00\r\n]*)?\r?\n")
_HEADER: Final = re.compile(rb"([!-9;-~]+):[^\x00\r]*\r?\n")
_FOLDED: Final = re.compile(rb"[ \t][^\x00\r]*\r?\n")
_BLANK: Final = (b"\r\n", b"\n")
_BLANKS: Final = b" \t\r\n"


class BoundedResponse(http.client.HTTPResponse):
    """Reads the head of an answer itself, and says how the body is framed; its bytes are http.client's."""

    def begin(self) -> None:
        lines = _read_head(self.fp)
        headers = http.client.HTTPMessage()
        for line in lines[1:]:
            name, _, value = line.decode("iso-8859-1").partition(":")
            headers[name] = value.strip(" \t\r\n")
        self.headers = self.msg = headers
        version, _, rest = lines[0].decode("iso-8859-1").partition(" ")
        self.version = 10 if version == "HTTP/1.0" else 11
        self.status = self.code = int(rest[:3])
        self.reason = rest[4:].strip()
        codings = [one.lower() for one in headers.get_all("transfer-encoding", [])]
        self.chunked = codings == ["chunked"]
        self.chunk_left = None
        self.length = self._own_length()
        # Where a body that names both ends is disputed: nothing may follow it.
        is_disputed = bool(codings) and (not self.chunked or "content-length" in headers)
        self.will_close = self._is_last() or is_disputed or (not self.chunked and self.length is None)

    def _own_length(self) -> int | None:
        """How long the body is; None where the connection's end, or the last chunk, is its end."""
        if self.status in (204, 304):
            return 0
        told = self.headers.get("content-length")
        return None if told is None or self.chunked else int(told)  # digits: it was looked at with the head

    def _is_last(self) -> bool:
        """Whether they close the connection after this answer."""
        told = self.headers.get("connection", "").lower()
        if self.version == 11:
            return "close" in told
        return "keep-alive" not in told and not self.headers.get("keep-alive")


def _read_head(stream: io.BufferedReader) -> list[bytes]:
    """Status line and headers of the final answer, one each; AttemptFault where it is no HTTP."""
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
        if status == b"101":
            raise _malformed("status 101")
        if not status.startswith(b"1"):
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
