"""Short-lived tokens: a key's word for an hour, signed by the ring and kept nowhere.

The one rule: a token is worth no more than its key is at the moment of the request:
whoever is shown one looks the key up again.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ..domain.jsontext import dumps, read_own
from ..domain.sealing import KeyRing
from ..domain.signing import hmac_sha256, same

LIFE: Final = timedelta(hours=1)
PREFIX: Final = "gct_"
_PURPOSE: Final = b"access token"
_SEAL_BYTES: Final = 32
_TOKEN: Final = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{60,600}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token of ours says: for which key it speaks, what it may do, when it ends."""

    key: str
    scopes: tuple[str, ...]
    ends_at: datetime


def is_token(secret: str) -> bool:
    """Whether a caller's secret is a token rather than a key."""
    return secret.startswith(PREFIX)


def make(ring: KeyRing, key: str, scopes: Sequence[str], ends_at: datetime) -> str:
    """A token that speaks for `key` until then, in whole seconds."""
    text = dumps([key, list(scopes), int(ends_at.timestamp())]).encode()
    return PREFIX + _written(_seal(ring.link_keys()[0], text) + text)


def read(ring: KeyRing, token: str) -> Claim | None:
    """What a token says, whether or not it has ended; None for what we did not sign."""
    if not _TOKEN.fullmatch(token):
        return None
    text = token.removeprefix(PREFIX)
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
    seal, told = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
    if not any(same(seal, _seal(key, told)) for key in ring.link_keys()) or _written(raw) != text:
        return None
    key, scopes, ends_at = read_own(told.decode())
    return Claim(key, tuple(scopes), datetime.fromtimestamp(ends_at, UTC))


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _seal(key: bytes, text: bytes) -> bytes:
    return hmac_sha256(key, _PURPOSE + b"\n" + text)
