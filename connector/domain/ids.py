"""Ids, codes, keys and nonces: the only module that makes random values.

An id is a prefix and a ULID (https://github.com/ulid/spec): 48 bits of
milliseconds and 80 random bits in Crockford's base 32, so ids sort by time.
"""

import hashlib
import secrets
from datetime import datetime
from typing import Final

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = tuple(high + low for high in CROCKFORD for low in CROCKFORD)

ACCOUNT: Final = "acct"
CARD: Final = "gc"
CONTACT: Final = "ct"
INBOUND: Final = "dlv"
EVENT: Final = "evt"
RUN: Final = "run"
TRANSFER: Final = "tr"
MESSAGE: Final = "msg"
ENDPOINT: Final = "we"
DELIVERY: Final = "whd"
ATTEMPT: Final = "wha"
KEY: Final = "key"
REQUEST: Final = "req"
HOLD: Final = "hold"
PROGRAM: Final = "prg"
FUND: Final = "fund"
JOB: Final = "job"
POINTS: Final = "pts"
SOURCE: Final = "src"


def new_id(prefix: str, now: datetime) -> str:
    """`gc_01JD4Z8Q5W6X7Y8Z9A0B1C2D3E`: the prefix, then 26 letters and digits."""
    return _ulid(prefix, now, secrets.token_bytes(10))


def id_of(prefix: str, at: datetime, subject: str) -> str:
    """The id of what can be there once only: the same for one moment and `subject`, whoever works it out."""
    return _ulid(prefix, at, hashlib.sha256(subject.encode()).digest()[:10])


def _ulid(prefix: str, at: datetime, rest: bytes) -> str:
    number = (int(at.timestamp() * 1000) << 80) | int.from_bytes(rest)
    pairs = _PAIRS
    text = "".join([pairs[(number >> shift) & 1023] for shift in range(120, -1, -10)])
    return f"{prefix}_{text}"


def random_bytes(count: int) -> bytes:
    """`count` bytes from the operating system's generator."""
    return secrets.token_bytes(count)


def random_symbols(alphabet: str, count: int) -> str:
    """`count` symbols, each drawn evenly from `alphabet`."""
    return "".join([secrets.choice(alphabet) for _ in range(count)])


def new_api_key() -> str:
    """`gck_` and 43 letters: 256 random bits in URL-safe base64."""
    return "gck_" + secrets.token_urlsafe(32)


def new_token() -> str:
    """A shared secret for senders that cannot sign, 256 bits, safe in a URL path."""
    return secrets.token_urlsafe(32)
