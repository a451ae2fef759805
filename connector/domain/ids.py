"""Ids, codes, keys and nonces: the only module that makes random values.

An id is a prefix and a ULID (https://github.com/ulid/spec): 48 bits of
milliseconds and 80 random bits in Crockford's base 32, so ids sort by time.
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = tuple(high + low for high in CROCKFORD for low in CROCKFORD)

_FLAKES_BEGIN: Final = datetime(2020, 1, 1, tzinfo=UTC)
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
NOTIFICATION: Final = "ntf"


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


def new_uuid() -> str:
    """A version 4 UUID (RFC 9562) as 22 letters and digits of URL-safe base64, without padding."""
    return urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")


def new_flake(now: datetime) -> int:
    """63 bits: milliseconds since 2020, then 22 random bits. It sorts by time, and fits a signed column."""
    return ((now - _FLAKES_BEGIN) // timedelta(milliseconds=1)) << 22 | secrets.randbits(22)


def new_number() -> int:
    """A whole number of nine digits that tells nothing, for programs that count in 32 bits."""
    return 100_000_000 + secrets.randbelow(900_000_000)


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
