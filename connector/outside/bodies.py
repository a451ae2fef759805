"""The body of an answer: its bytes as they were sent, up to where its head says that it ends.

The rule that holds: nothing is decoded but the chunks' own frame, and nothing in that frame is
without a bound. A body that does not end as it should raises.
"""

import re
from collections.abc import Iterator
from typing import Final, Protocol

from .exchange import AttemptFault
from .heads import MAX_HEADERS, Head, Lines

_MAX_LINE: Final = 4096  # a chunk's size with what may stand behind it, a trailer
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
_MOST_AT_ONCE: Final = 65_536
_BLANK: Final = (b"\r\n", b"\n")


class Stream(Lines, Protocol):
    """Where an answer is read from, bytes too."""

    def read(self, most: int) -> bytes:
        """What is there, at most so many bytes; waits for one of them. Empty where they ended."""


def read_body(head: Head, stream: Stream, most: int, body: bytearray) -> bool:
    """Add the body to `body`, one byte more than `most` of it; whether it ended within `most`.

    AttemptFault where it is broken off or badly framed: what came of it is in `body` by then.
    """
    for piece in _pieces(head, stream, most):
        body += piece
        if len(body) > most:
            del body[most + 1 :]
            return False
    return True


def _pieces(head: Head, stream: Stream, most: int) -> Iterator[bytes]:
    if head.is_chunked and head.length is None:
        return _chunks(stream)
    if head.length is None:
        return _until_the_end(stream)
    return _counted(stream, head.length) if head.length <= most else _counted(stream, most + 1)


def _until_the_end(stream: Stream) -> Iterator[bytes]:
    while piece := stream.read(_MOST_AT_ONCE):
        yield piece


def _counted(stream: Stream, length: int) -> Iterator[bytes]:
    while length:
        piece = stream.read(length)
        if not piece:
            raise AttemptFault("unreachable", "connection_closed")
        length -= len(piece)
        yield piece


def _chunks(stream: Stream) -> Iterator[bytes]:
    while True:
        size = _SIZE.fullmatch(stream.readline(_MAX_LINE))
        if size is None:
            raise _malformed("no size of a chunk")
        length = int(size[1], 16)
        if not length:
            break
        while length:
            piece = stream.read(min(length, _MOST_AT_ONCE))
            if not piece:
                raise AttemptFault("unreachable", "connection_closed")
            length -= len(piece)
            yield piece
        if stream.readline(_MAX_LINE) not in _BLANK:
            raise _malformed("a chunk longer than its size")
    for _ in range(MAX_HEADERS):
        line = stream.readline(_MAX_LINE)
        if line in _BLANK:
            return
        if not line.endswith(b"\n"):
            break
    raise _malformed("trailers without an end")


def _malformed(detail: str) -> AttemptFault:
    return AttemptFault("failed", "answer_malformed", detail)
