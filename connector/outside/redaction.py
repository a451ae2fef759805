"""What we sent as secrets, blotted out of what a receiver says back.

The rule that holds: how long it takes depends on what is kept of an answer, not on all that was said,
and hardly on how many secrets there are: a customer chooses both, and the dispatcher's thread waits.
"""

import json
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Final
from urllib.parse import quote

REDACTED: Final = "[redacted]"
MIN_SECRET: Final = 8  # shorter ones guard nothing, and would blot out honest text
FEW: Final = 24  # up to so many are sooner searched for one by one than asked about
_SEPARATORS: Final = re.compile(r"[ ,]")
_URL_SEPARATORS: Final = re.compile(r"%20|%2C")
_ALIKE: Final = re.compile(r"[A-Za-z0-9._~ ,-]*", re.ASCII)  # but for a URL, written the same everywhere
_BLOT: Final = "\ufdd0"  # no letter: stands for REDACTED until the text is cut, and is never longer
_PUBLIC: Final = frozenset(  # of what we send, all that may stand in a stored answer
    (
        "accept",
        "accept-encoding",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "webhook-id",
        "webhook-timestamp",
    )
)


class Redaction:
    """The secrets of one attempt: headers that are not public, and their words, in every spelling."""

    def __init__(self, sent: Mapping[str, str]) -> None:
        values: set[str] = set()
        for name, value in sent.items():
            if name not in _PUBLIC and len(value) >= MIN_SECRET:
                values.update(_spelled(value))
        self.secrets: Final = sorted(values, key=len, reverse=True)
        self._longest: Final = len(self.secrets[0]) if values else 0
        self._by_head: Final[dict[str, list[str]]] = {}
        if len(values) > FEW:
            for secret in self.secrets:
                self._by_head.setdefault(secret[:MIN_SECRET], []).append(secret)

    def text(self, text: str, most: int) -> str:
        """The first `most` letters of `text` without secrets.

        Of a longer text it may be fewer letters, where secrets stood in it: a secret that
        is not all in the part that is looked at must not be shown in part.
        """
        part = text[: most + self._longest]
        for secret in self.near(part):
            part = part.replace(secret, _BLOT)
        if self._longest and len(text) > most + self._longest:
            part = part[: max(len(part) - self._longest + 1, 0)]
        return part.replace(_BLOT, REDACTED)[:most]

    def body(self, body: bytes) -> bytes:
        """`body` without secrets, nor the beginning of one at its end, where it was cut."""
        blot = REDACTED.encode()
        for secret in self.near(body.decode("iso-8859-1"), or_begun=True):
            written = secret.encode("ascii")
            body = body.replace(written, blot)
            begun = _begun(body, written)
            if begun:
                body = body[:-begun] + blot
        return body

    def near(self, text: str, *, or_begun: bool = False) -> list[str]:
        """The secrets that `text` may hold, longest first; none is left out that it holds.

        `or_begun`: also those that it may end in the middle of.
        """
        if not self._by_head:
            return self.secrets
        pieces = {text[place : place + MIN_SECRET] for place in range(len(text) - MIN_SECRET + 1)}
        found = [
            secret
            for head in self._by_head.keys() & pieces
            for secret in self._by_head[head]
            if or_begun or secret[-MIN_SECRET:] in pieces
        ]
        return sorted(found, key=len, reverse=True)


def _spelled(value: str) -> Iterable[str]:
    """A header and its words as pages and programs write them: plain, in JSON (also PHP's), URL, HTML.

    All of these write letter by letter: a word's spelling is a word of the spelling.
    """
    words = _SEPARATORS.split(value)
    are_long = [len(word) >= MIN_SECRET for word in words]
    in_url = quote(value, safe="")
    spellings = {value}
    if not _ALIKE.fullmatch(value):
        quoted = json.dumps(value)[1:-1]
        spellings |= {quoted, quoted.replace("/", "\\/"), escape(value)}
    yield in_url
    yield from _long(_URL_SEPARATORS.split(in_url), are_long)
    for spelling in spellings:
        yield spelling
        yield from _long(_SEPARATORS.split(spelling), are_long)


def _long(words: Iterable[str], are_long: Iterable[bool]) -> Iterable[str]:
    return (word for word, is_long in zip(words, are_long, strict=True) if is_long)


def _begun(body: bytes, written: bytes) -> int:
    """How many of the first bytes of `written`, but not all, `body` ends with; 0 where too few to guard."""
    end = body[-MIN_SECRET:]
    place = min(len(written) - 1, len(body))
    while len(end) == MIN_SECRET and (found := written.rfind(end, 0, place)) >= 0:
        length = found + MIN_SECRET
        if body.endswith(written[:length]):
            return length
        place = length - 1
    return 0
