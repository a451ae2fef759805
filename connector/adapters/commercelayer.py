"""Commerce Layer: webhooks of an organisation, which sends gift cards of its own among others.

https://docs.commercelayer.io/core/real-time-webhooks

- Signature: `X-CommerceLayer-Signature`, HMAC-SHA256 of the body, base64; the key is the webhook's
  shared secret as text.
- Replay: nothing signed has an age, so what a delivery is known by is kept for ever. The topic is not
  signed: its kind must be the body's, and a known state of a resource is the known delivery.
- Tests: `data.meta.mode` is test; option `tests`.
- Delivery id: `data.type`, `data.id` and `attributes.updated_at` with the status.
- Event types: orders.pay (order.paid, once for each order), orders.refund (order.refunded), anything
  else as `custom.<topic>`: custom.gift_cards.activate. Without a topic a paid order is still order.paid.
- Person: the order's or gift card's e-mail; a customer by their id.
- Money: whole numbers of the smallest unit (`…_cents`), with `currency_code`.
- Time zone: UTC with Z.
- Retries: for three days, then the webhook's circuit is opened (as their documentation has it).
- Known limits: an order's customer is only there where the webhook includes it. The codes of gift cards
  are kept by their last four letters.
- How sure: one captured delivery; the encoding of the signature is general knowledge, and the test's
  vector comes from openssl.
"""

import json
import re
from datetime import datetime
from typing import Any, Final

from ..domain.contacts import Person, Trust, read_person
from ..domain.events import Event, Order, Refund
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from ..domain.money import Money
from . import flat, kit, signatures
from .reading import at, block, missing, moment, money, text

HEADER: Final = "x-commercelayer-signature"
TOPIC: Final = "x-commercelayer-topic"
CARD_FIELDS: Final = frozenset({"code", "gift_card_code", "gift_card_or_coupon_code"})

_TOPIC: Final = re.compile(r"([a-z_]{1,60})\.([a-z_]{1,60})", re.ASCII)
_WAS_PAID: Final = ("paid", "partially_refunded", "refunded", "free")


def verify(request: Request, source: Source) -> None:
    """Pass if the body's MAC fits one of the secrets, else SignatureRefused."""
    signatures.require_mac(request, kit.keys_of(source), HEADER)


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """Kind, id, change and state of the resource, all signed; without them the body's digest, weak."""
    body = kit.known_fields(verified)
    names = ("data.type", "data.id", "data.attributes.updated_at")
    parts = [at(body, name) for name in names]
    found = kit.named_keys(verified, body)
    if all(isinstance(part, str) and part.strip() for part in parts):
        states = [str(at(body, f"data.attributes.{name}") or "-") for name in ("status", "payment_status")]
        found += (kit.key(*map(str, parts), *states),)
    topic = verified.request.headers.get(TOPIC, "")
    return found or (kit.Key(kit.body_key(verified.request, topic), weak=True),)


def is_test(verified: kit.Verified) -> bool:
    return bool(at(kit.known_fields(verified), "data.meta.mode") == "test")


def read(verified: kit.Verified) -> list[Event]:
    """The one event of a resource; NotUnderstood where topic and body are of different kinds."""
    body, topic = kit.payload(verified), verified.request.headers.get(TOPIC, "").strip()
    kind, resource = text(at(body, "data.type"), "data.type"), text(at(body, "data.id"), "data.id")
    if kind is None or resource is None:
        raise missing("No resource of Commerce Layer", ["data.type", "data.id"], body)
    said = _TOPIC.fullmatch(topic)
    deed = said[2] if said else ""
    if topic and (said is None or said[1] != kind):
        raise missing(f"No {kind} for the topic {topic[:80]}", ["data.type"], block(body.get("data")))
    attributes = block(at(body, "data.attributes"))
    if kind == "orders" and deed in ("pay", "") and attributes.get("payment_status") in _WAS_PAID:
        return [_order(verified, body, attributes, resource)]
    if kind == "orders" and deed == "refund":
        return [_refund(verified, body, attributes, resource)]
    event_type = flat.our_type(f"custom.{kind}.{deed}") if deed else None
    if event_type is None:
        return []
    person = _person(verified.source, attributes, resource if kind == "customers" else None)
    return [Event(event_type, _at(verified, attributes), body, contact=person)]


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:  # noqa: ARG001 not signed here
    return {"X-CommerceLayer-Signature": signatures.mac(secret.encode(), body)}


def _order(verified: kit.Verified, body: dict[str, Any], attributes: dict[str, Any], resource: str) -> Event:
    source = verified.source
    return Event(
        type="order.paid",
        occurred_at=_at(verified, attributes),
        data=body,
        contact=_person(source, attributes, None),
        order=Order(resource, _sum(attributes, "total_amount_cents", source)),
        key=f"order.paid {resource}",
    )


def _refund(verified: kit.Verified, body: dict[str, Any], attributes: dict[str, Any], resource: str) -> Event:
    source, changed = verified.source, attributes.get("updated_at")
    refund = Refund(
        f"{resource}-{changed}", _sum(attributes, "total_refund_amount_cents", source), of=resource
    )
    person = _person(source, attributes, None)
    return Event("order.refunded", _at(verified, attributes), body, contact=person, refund=refund)


def _sum(attributes: dict[str, Any], name: str, source: Source) -> Money | None:
    field, code = f"data.attributes.{name}", attributes.get("currency_code")
    return money(attributes.get(name), code, field, source.currency, minor=True)


def _person(source: Source, attributes: dict[str, Any], customer: str | None) -> Person | None:
    names = ("customer_email", "recipient_email", "email")
    email = next((attributes[name] for name in names if attributes.get(name)), None)
    person = read_person(country=source.country, external_id=customer, email=email)
    return person if person.is_known else None


def _at(verified: kit.Verified, attributes: dict[str, Any]) -> datetime:
    changed = moment(attributes.get("updated_at"), "data.attributes.updated_at", "UTC")
    return changed or verified.request.received_at


def _sample(topic: str, event_type: str, attributes: dict[str, Any]) -> kit.Sample:
    kind = topic.partition(".")[0]
    times = {"created_at": "2026-11-20T14:59:00.000Z", "updated_at": "2026-11-20T15:00:00.000Z"}
    data = {"id": f"{kind}-{kit.MARKER}", "type": kind, "attributes": {**attributes, **times}}
    body = json.dumps({"data": data}).encode()
    return kit.Sample(topic, event_type, body, headers={"X-CommerceLayer-Topic": topic})


_ORDER: Final = {
    "status": "placed",
    "payment_status": "paid",
    "customer_email": f"ada.{kit.MARKER}@example.com",
    "currency_code": "USD",
    "total_amount_cents": 62000,
}
SAMPLES: Final = {
    sample.event_type: sample
    for sample in (
        _sample("orders.pay", "order.paid", _ORDER),
        _sample(
            "orders.refund",
            "order.refunded",
            {**_ORDER, "payment_status": "refunded", "total_refund_amount_cents": 62000},
        ),
        _sample(
            "gift_cards.activate",
            "custom.gift_cards.activate",
            {
                "status": "active",
                "code": f"gift-{kit.MARKER}-0001",
                "currency_code": "USD",
                "balance_cents": 5000,
                "recipient_email": f"ada.{kit.MARKER}@example.com",
            },
        ),
    )
}

ADAPTER = kit.Adapter(
    name="commercelayer",
    title="Commerce Layer",
    setup="In the dashboard, Webhooks: make one for orders.pay (or gift_cards.activate) with the source's "
    "URL, and put its shared secret into the source.",
    guide=kit.Guide(
        start="order.paid",
        gives_secret=True,
        steps=(
            "In Commerce Layer's dashboard choose Webhooks and make a new one.",
            (
                "Topic `orders.pay`, callback URL <url>, and `customer` among the included resources. Another"
                " webhook each for `orders.refund` and `gift_cards.activate`, where they are wanted."
            ),
            (
                "Put the shared secret that the webhook shows into the source. Several webhooks have several "
                "secrets: list them all."
            ),
        ),
    ),
    trust=Trust.VOUCHED,
    new_secret=new_token,
    verify=verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=sign,
    samples=SAMPLES,
    is_test=is_test,
    card_fields=CARD_FIELDS,
)
