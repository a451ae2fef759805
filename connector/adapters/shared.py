"""For platforms that cannot sign: they present a secret of ours.

As `Authorization: Bearer`, basic-auth password, `X-Connector-Secret`, or, where
no header can be set, as the last path segment. Any one that is right is enough
(a proxy in front may want an Authorization of its own); none is refusal.
"""

import base64
import binascii
from datetime import datetime

from ..domain.errors import NotFound, SignatureRefused
from ..domain.inbound import Request, Source
from ..domain.signing import require_secret
from .kit import NO_SUCH_SOURCE, keys_of

HEADER = "x-connector-secret"


def verify(request: Request, source: Source) -> None:
    """Pass if a right secret is presented. A wrong path token alone is NotFound, as an unknown source is."""
    in_headers = _in_headers(request)
    presented = in_headers if request.token is None else [*in_headers, request.token]
    keys = keys_of(source)
    is_right = False
    for sent in presented:
        is_right |= _is_right(sent, keys)
    if is_right:
        return
    if request.token is not None and not in_headers:
        raise NotFound(NO_SUCH_SOURCE)
    raise SignatureRefused


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:  # noqa: ARG001 as every adapter's
    """The header that people are told to set; nothing of the request goes into it."""
    return {"Authorization": f"Bearer {secret}"}


def _in_headers(request: Request) -> list[str]:
    found = []
    authorization = request.headers.get("authorization", "")
    if authorization:
        found.append(_of_authorization(authorization))
    if HEADER in request.headers:
        found.append(request.headers[HEADER].strip())
    return found


def _of_authorization(written: str) -> str:
    """The secret in an Authorization header; empty, which no secret is, where there is none."""
    scheme, _, rest = written.strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        pair = base64.b64decode(rest.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):  # no base64, not ASCII, no UTF-8
        return ""
    return pair.partition(":")[2]


def _is_right(sent: str, keys: list[bytes]) -> bool:
    try:
        require_secret(sent, keys)
    except SignatureRefused:
        return False
    return True
