"""The two families of signatures that most platforms use: a MAC of the body, and one of `time.body`.

Both are HMAC-SHA256 over the bytes as they came; any of a source's keys will do.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from ..domain.errors import SignatureRefused
from ..domain.inbound import Request
from ..domain.signing import base64_of, hex_of, hmac_sha256, require_fresh, require_match

Encode = Callable[[bytes], str]


def mac(key: bytes, message: bytes, encode: Encode = base64_of, prefix: str = "") -> str:
    """The signature as it stands in a header."""
    return prefix + encode(hmac_sha256(key, message))


def require_mac(
    request: Request,
    keys: Iterable[bytes],
    header: str,
    *,
    encode: Encode = base64_of,
    prefix: str = "",
    before: bytes = b"",
) -> None:
    """Pass if `header` holds the MAC of `before` and the body by one of the keys, else SignatureRefused."""
    sent = request.headers.get(header, "")
    require_match([sent], [mac(key, before + request.body, encode, prefix) for key in keys])


def require_timed(request: Request, keys: Iterable[bytes], header: str, tolerance: timedelta) -> None:
    """Pass if `t=<seconds>,v1=<hex>` is fresh and one `v1` fits one of the keys, else SignatureRefused.

    Other versions are passed over. Two headers, joined on the way, are refused: which of
    their times would count is not for a sender to choose.
    """
    written = request.headers.get(header, "")
    pairs = [part.partition("=")[::2] for part in written.split(",")]
    times = [value for name, value in pairs if name == "t"]
    if " " in written or len(times) != 1:
        raise SignatureRefused
    require_fresh(times[0], request.received_at, tolerance)
    message = times[0].encode("ascii") + b"." + request.body
    sent = [value for name, value in pairs if name == "v1"]
    require_match(sent, [mac(key, message, hex_of) for key in keys])


def timed(body: bytes, secret: str, now: datetime) -> str:
    """The header's text that `require_timed` takes."""
    at = str(int(now.timestamp()))
    return f"t={at},v1={mac(secret.encode(), f'{at}.'.encode() + body, hex_of)}"
