"""GitHub: webhooks of a repository, an organisation or an app; also whatever else signs as they do.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries

- Signature: `X-Hub-Signature-256: sha256=<hex>`, HMAC-SHA256 of the body, JSON or form; the key is the
  webhook's secret as text. The old SHA-1 header counts for nothing.
- Replay: nothing signed has an age, so what a delivery is known by is kept for ever. The event's name is
  not signed: a known body under another name is the known delivery.
- Delivery id: the body's digest, since it is all that is signed; then `X-GitHub-Delivery`.
- Event types: `custom.<event>`, with the body's action `custom.<event>.<action>`: a star is
  custom.star.created. A ping is valid and ignored.
- Person: `sender` by their id; what they are called there is no name of a person.
- Money: none.
- Time zone: an offset always stands there; an event's own moment does not, so that of receipt counts.
- Retries: none by themselves; redelivered by hand under the same id, within 10 s to answer.
- Known limits: a form holds the JSON in its field `payload`.
- How sure: the vectors that GitHub's own library publishes, and its collection of payloads.
"""

import json
from datetime import datetime
from typing import Any, Final

from ..domain.contacts import read_person
from ..domain.errors import BadJson
from ..domain.events import Event
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from ..domain.jsontext import load_object
from ..domain.signing import hex_of
from . import flat, kit, signatures
from .reading import block, missing

HEADER: Final = "x-hub-signature-256"
EVENT: Final = "x-github-event"
DELIVERY: Final = "x-github-delivery"
PREFIX: Final = "sha256="
PING: Final = "ping"


def verify(request: Request, source: Source) -> None:
    """Pass if the body's MAC fits one of the secrets, else SignatureRefused."""
    signatures.require_mac(request, kit.keys_of(source), HEADER, encode=hex_of, prefix=PREFIX)


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """The body's digest, for ever, and the unsigned id with the unsigned name."""
    request = verified.request
    found = (*kit.named_keys(verified, _known(verified)), kit.Key(kit.body_key(request)))
    own = request.headers.get(DELIVERY, "").strip()
    return (*found, kit.key("delivery", own, request.headers.get(EVENT, ""))) if own else found


def read(verified: kit.Verified) -> list[Event]:
    """The one event, [] for a ping."""
    body, name = _payload(verified), verified.request.headers.get(EVENT, "").strip()
    if name == PING or ("zen" in body and "hook" in body):
        return []
    action = body.get("action")
    parts = [name, action] if isinstance(action, str) and action else [name]
    event_type = flat.our_type(f"custom.{'.'.join(parts)}") if name else None
    if event_type is None:
        raise missing("No event of GitHub", ["X-GitHub-Event"], dict.fromkeys(verified.request.headers))
    person = read_person(country=verified.source.country, external_id=block(body.get("sender")).get("id"))
    at = verified.request.received_at
    return [Event(event_type, at, body, contact=person if person.is_known else None)]


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:  # noqa: ARG001 not signed here
    return {"X-Hub-Signature-256": signatures.mac(secret.encode(), body, hex_of, PREFIX)}


def _payload(verified: kit.Verified) -> dict[str, Any]:
    body = kit.payload(verified)
    if verified.request.content_type != kit.FORM:
        return body
    written = body.get("payload")
    if not isinstance(written, str):
        raise missing("No event of GitHub", ["payload"], body)
    return load_object(written.encode("utf-8", "surrogatepass"))


def _known(verified: kit.Verified) -> dict[str, Any]:
    """The fields, as far as there are any: a digest needs none."""
    body = kit.known_fields(verified)
    try:
        return (
            load_object(str(body["payload"]).encode()) if verified.request.content_type == kit.FORM else body
        )
    except (BadJson, KeyError, UnicodeEncodeError):
        return {}


_BODY: Final = {
    "action": "created",
    "starred_at": "2026-11-20T15:00:00Z",
    "repository": {"id": 186853261, "full_name": f"glow/{kit.MARKER}"},
    "sender": {"login": "ada", "id": f"u-{kit.MARKER}", "type": "User"},
}
SAMPLES: Final = {
    "custom.star.created": kit.Sample(
        "star", "custom.star.created", json.dumps(_BODY).encode(), headers={"X-GitHub-Event": "star"}
    ),
}

ADAPTER = kit.Adapter(
    name="github",
    title="GitHub",
    setup="In the repository's Settings, Webhooks: add one with the source's URL, content type "
    "application/json and <secret> as secret.",
    guide=kit.Guide(
        start="custom.star.created",
        steps=(
            "Open the repository's (or organisation's) Settings, Webhooks, Add webhook.",
            "Payload URL <url>, content type application/json, secret <secret>.",
            (
                "Choose the events that a recipe is to see, Stars for instance. GitHub sends a ping at once: "
                "it is answered and ignored."
            ),
        ),
    ),
    new_secret=new_token,
    content_types=(kit.JSON, kit.FORM),
    verify=verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=sign,
    samples=SAMPLES,
)
