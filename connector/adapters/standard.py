"""Standard Webhooks: any sender that follows the open specification, or sends through Svix.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

- Signature: HMAC-SHA256, base64, over `id.timestamp.body` in `webhook-signature` (Svix: `svix-…`), a
  list of `v1,<base64>` parted by blanks, any of which may match; the key is what `whsec_` wraps. Or
  Ed25519 over the same, `v1a,<base64>`, where a secret of the source is the sender's public key, `whpk_…`.
  Other versions are passed over. A header sent twice is refused.
- Replay: the timestamp is signed, five minutes either way.
- Delivery id: `webhook-id`, which is signed. `Idempotency-Key` and the URL's query are not, so they
  say nothing here; nor does the body's `id`, which often is the object's and comes again.
- Event type: `type`, else `event`, of the body.
- Fields: the flat names, at the top or below `data`, which wins; `timestamp` where there is no
  `occurred_at`.
- Money: `amount` in major units, text or number, with `currency` or the source's.
- Time zone: an offset where one is written, else the source's `timezone`.
- Retries: the sender's affair; Svix tries for 28 hours, and stops at once after a 410, which we never send.
- Known limits: with a public key alone `connector send` cannot sign: nobody but the sender can.
- How sure: specification, and the vectors that its libraries publish; of Ed25519 one from openssl.
"""

import hashlib
import json
from datetime import datetime
from typing import Any, Final

from ..domain.contacts import Trust
from ..domain.errors import SignatureRefused, ValidationFailed
from ..domain.events import Event
from ..domain.ids import random_bytes
from ..domain.inbound import Request, Source
from ..domain.signing import (
    PUBLIC_PREFIX,
    PublicKey,
    require_standard,
    standard_headers,
    standard_key,
    standard_public_key,
    standard_secret,
)
from . import flat, flat_samples, kit

_KEY_BYTES: Final = 24  # the specification asks for 24 to 64
_FAMILIES: Final = ("webhook-", "svix-")


def verify(request: Request, source: Source) -> None:
    """Pass if one of the signatures fits one of the secrets, else SignatureRefused."""
    family = _family(request)
    signatures = request.headers.get(f"{family}signature", "")
    if ", " in signatures:  # two headers joined: which one would count is not for a sender to choose
        raise SignatureRefused
    require_standard(
        _keys(source),
        request.headers.get(f"{family}id", ""),
        request.headers.get(f"{family}timestamp", ""),
        signatures,
        request.body,
        request.received_at,
        _public_keys(source),
    )


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """The source's own choice first, then the signed id."""
    named = kit.named_keys(verified, kit.known_fields(verified))
    return (*named, kit.key(verified.request.headers[f"{_family(verified.request)}id"]))


def read(verified: kit.Verified) -> list[Event]:
    """The one event of the body."""
    body = kit.payload(verified)
    inner = body.get("data")
    outer = {name: value for name, value in body.items() if name not in ("data", "timestamp")}
    fields = {"occurred_at": body.get("timestamp"), **outer, **(inner if isinstance(inner, dict) else {})}
    message_id = verified.request.headers.get(f"{_family(verified.request)}id")
    return [flat.read(flat.type_of(body), fields, body, verified, delivery=message_id)]


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:  # noqa: ARG001 not signed here
    """The three headers; the id follows from the body, so that the same sample twice is a duplicate."""
    message_id = f"msg_{hashlib.sha256(body).hexdigest()[:24]}"
    return standard_headers([standard_key(secret)], message_id, now, body)


def sign_for(source: Source, body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:
    """As the sender signs for this source, by the newest secret that is one."""
    own = [one for one in (secret, *source.secrets) if not _is_public(one)]
    if not own:
        raise ValidationFailed("With a public key only the sender can sign: have it send a test of its own.")
    return sign(body, own[0], now, url)


def check_source(source: Source) -> list[str]:
    faults = kit.common_faults(source)
    for place, secret in enumerate(source.secrets, start=1):
        if not (_key(secret) or _public_key(secret)):
            kind = "whpk_ and an Ed25519 key in base64" if _is_public(secret) else "whsec_ and base64"
            faults.append(f"secrets: number {place} is not {kind}")
    return faults


def _family(request: Request) -> str:
    """Which of the two sets of names counts: one for all three headers, never a mixture."""
    return next((one for one in _FAMILIES if f"{one}id" in request.headers), _FAMILIES[0])


def _keys(source: Source) -> list[bytes]:
    return [key for key in map(_key, source.secrets) if key]


def _key(secret: str) -> bytes:
    """The key in a secret; empty, which none is, where it cannot be read."""
    try:
        return standard_key(secret.strip())
    except ValueError:
        return b""


def _is_public(secret: str) -> bool:
    return secret.strip().startswith(PUBLIC_PREFIX)


def _public_keys(source: Source) -> list[PublicKey]:
    return [key for key in map(_public_key, source.secrets) if key is not None]


def _public_key(secret: str) -> PublicKey | None:
    """The sender's own key; None where the secret is of the other kind, or cannot be read."""
    if not _is_public(secret):
        return None
    try:
        return standard_public_key(secret.strip())
    except ValueError:
        return None


def _write(event_type: str, fields: dict[str, Any]) -> bytes:
    data = {name: value for name, value in fields.items() if name != "occurred_at"}
    return json.dumps({"type": event_type, "timestamp": fields["occurred_at"], "data": data}).encode()


ADAPTER = kit.Adapter(
    name="standard",
    title="Standard Webhooks",
    setup="Give the sender the source's URL and, where it lets you choose one, the secret; "
    "otherwise put the sender's whsec_ secret here.",
    guide=kit.Guide(
        start="order.paid",
        steps=(
            "Give the sender <url> as endpoint.",
            (
                "Where it makes the secret itself, put that `whsec_…`, or its public key `whpk_…`, into the "
                "source; else give it <secret>."
            ),
            "Have it write our flat names, at the top or below `data`, with a `type`.",
        ),
    ),
    trust=Trust.VOUCHED,
    new_secret=lambda: standard_secret(random_bytes(_KEY_BYTES)),
    verify=verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=sign,
    sign_for=sign_for,
    samples=flat_samples.samples(_write),
    check_source=check_source,
)
