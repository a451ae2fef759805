"""WooCommerce: webhooks of a shop on WordPress.

https://woocommerce.com/document/webhooks/

- Signature: `X-WC-Webhook-Signature`, HMAC-SHA256 of the body, base64; the key is the webhook's secret
  with HTML entities decoded, as WordPress keeps it encoded.
- Replay: nothing signed has an age, so what a delivery is known by is kept for ever. The topic is not
  signed: the body's own kind, id, change and state tell what it is.
- Delivery id: kind, `id`, `date_modified_gmt` and state of the resource. `X-WC-Webhook-Delivery-ID`
  is another one at each attempt and says nothing.
- Event types: order.paid, once for each order, when it has been paid and is processing or completed;
  order.refunded, once for each refund; contact.created, contact.updated. Others are valid and ignored.
- Ping: saving the webhook sends an unsigned form, `webhook_id=N`: it gets 200 and reaches no recipe.
- Person: `customer_id` (0 is a guest), the billing e-mail, phone and names.
- Money: decimal text with the order's currency.
- Order lines: `order.lines`; those with `gift_card: true`, of their own or in `meta_data`, once for each
  card in `order.gift_cards`. A unit price with more decimals than the currency has is left out. `paid` is the
  line's `total`, after all coupons, with its tax where the shop's prices hold it.
- Time zone: the `_gmt` times are read, which are UTC without saying so.
- Retries: none. After more than 5 failures in a row the webhook is switched off, a 401 included; so what
  is stored but not understood is answered 200.
- Known limits: a deleted resource sends only its id. order.created and order.updated come together.
- How sure: the plugin's own code, its documentation and captured deliveries. No published signature
  vector: the test's comes from openssl.
"""

import json
import re
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from ..domain.contacts import Person, Trust, read_person
from ..domain.events import Event, Order, Refund
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from ..domain.money import Money
from . import kit, signatures
from .reading import block, blocks, missing, moment, money, text
from .shop import Sums, is_just_made, read_lines

HEADER: Final = "x-wc-webhook-signature"
TOPIC: Final = "x-wc-webhook-topic"

_PING: Final = re.compile(rb"webhook_id=\d{1,20}")
_PAID: Final = ("processing", "completed")
_AT_THE_DOOR: Final = ("cod",)  # WooCommerce dates such an order as paid when it begins to be packed
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#039;", "'"), ("&amp;", "&"))


def is_ping(request: Request) -> bool:
    """The form that WooCommerce posts, unsigned, when a webhook is saved."""
    return request.content_type == kit.FORM and _PING.fullmatch(request.body) is not None


def verify(request: Request, source: Source) -> None:
    """Pass if the body's MAC fits one of the secrets, else SignatureRefused."""
    signatures.require_mac(request, [_key(one) for one in source.secrets if one.strip()], HEADER)


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """What the body says of itself; of a body without a kind its digest, weak."""
    body, topic = kit.known_fields(verified), verified.request.headers.get(TOPIC, "")
    found, kind = kit.named_keys(verified, body), _kind(body)
    if kind:
        names = ("id", "date_modified_gmt", "status", "date_paid_gmt")
        state = [str(body.get(name) or "-") for name in names]
        refunds = [str(one.get("id")) for one in blocks(body.get("refunds"))]
        own = [",".join(refunds) or "-"]
        if kind == "customer":  # changed twice within one second, each change is another body
            own = [_contact_type(body, topic), kit.body_key(verified.request)]
        found += (kit.key(kind, *state, *own),)
    return found or (kit.Key(kit.body_key(verified.request, topic), weak=True),)


def read(verified: kit.Verified) -> list[Event]:
    """What an order or a customer tells; [] where it is none of ours, or was deleted."""
    body, topic = kit.payload(verified), verified.request.headers.get(TOPIC, "")
    kind = _kind(body)
    if kind == "order":
        return _order(verified, body)
    if kind == "customer":
        return [_customer(verified, body, topic)]
    if topic.startswith("order.") and "id" not in body:
        raise missing("No order", ["id", "line_items", "billing"], body)
    return []


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:  # noqa: ARG001 not signed here
    return {"X-WC-Webhook-Signature": signatures.mac(_key(secret), body)}


def _key(secret: str) -> bytes:
    """As `wp_specialchars_decode` gives it."""
    for written, meant in _ENTITIES:
        secret = secret.replace(written, meant)
    return secret.encode("utf-8", "surrogatepass")


def _kind(body: dict[str, Any]) -> str:
    if "line_items" in body and "billing" in body:
        return "order"
    return "customer" if "billing" in body and "username" in body else ""


def _order(verified: kit.Verified, body: dict[str, Any]) -> list[Event]:
    order_id = text(body.get("id"), "id")
    if order_id is None:
        raise missing("No id of the order", ["id"], body)
    source, status = verified.source, text(body.get("status"), "status")
    at = moment(body.get("date_modified_gmt"), "date_modified_gmt", "UTC") or verified.request.received_at
    code = text(body.get("currency"), "currency")
    total = money(body.get("total"), code, "total", source.currency)
    person = _buyer(source, body)
    events = []
    is_open = text(body.get("payment_method"), "payment_method") in _AT_THE_DOOR and status != "completed"
    if body.get("date_paid_gmt") and status in _PAID and not is_open:
        sums = Sums(code or source.currency, source.currency, body.get("prices_include_tax") is True)
        lines = read_lines(body.get("line_items"), "line_items", sums)
        order = Order(order_id, total, lines)
        events.append(
            Event("order.paid", at, body, contact=person, order=order, key=f"order.paid {order_id}")
        )
    for refund in _refunds(order_id, body, code or source.currency, total, status):
        key = f"order.refunded {refund.id}"
        events.append(Event("order.refunded", at, body, contact=person, refund=refund, key=key))
    return events


def _refunds(
    order_id: str, body: dict[str, Any], code: str, total: Money | None, status: str | None
) -> list[Refund]:
    """Each with its own sum; of an order that only says that it was refunded, the whole."""
    found = []
    for place, one in enumerate(blocks(body.get("refunds"))):
        refund_id = text(one.get("id"), f"refunds.{place}.id")
        if refund_id is not None:
            found.append(Refund(refund_id, _taken_off(one.get("total"), code), of=order_id))
    if not found and status == "refunded":
        found.append(Refund(f"{order_id}-refunded", total, of=order_id))
    return found


def _taken_off(value: Any, code: str) -> Money | None:
    """A refund's total is written with a minus."""
    if isinstance(value, str):
        value = value.strip().removeprefix("-")
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = abs(value)
    return money(value, code, "refunds.total", code)


def _buyer(source: Source, body: dict[str, Any]) -> Person | None:
    billing, customer_id = block(body.get("billing")), text(body.get("customer_id"), "customer_id")
    person = read_person(
        country=text(billing.get("country"), "billing.country") or source.country,
        external_id=None if customer_id == "0" else customer_id,
        email=billing.get("email"),
        phone=billing.get("phone"),
        first_name=billing.get("first_name"),
        last_name=billing.get("last_name"),
    )
    return person if person.is_known else None


def _customer(verified: kit.Verified, body: dict[str, Any], topic: str) -> Event:
    billing = block(body.get("billing"))
    customer_id = text(body.get("id"), "id")
    person = read_person(
        country=verified.source.country,
        external_id=customer_id,
        email=body.get("email") or billing.get("email"),
        phone=billing.get("phone"),
        first_name=body.get("first_name") or billing.get("first_name"),
        last_name=body.get("last_name") or billing.get("last_name"),
    )
    name = _contact_type(body, topic)
    at = moment(body.get("date_modified_gmt"), "date_modified_gmt", "UTC")
    at = at or moment(body.get("date_created_gmt"), "date_created_gmt", "UTC") or verified.request.received_at
    key = f"{name} {customer_id}" if name == "contact.created" else None
    return Event(name, at, body, contact=person if person.is_known else None, key=key)


def _contact_type(body: dict[str, Any], topic: str) -> str:
    """Created, where topic and body agree on it: an old customer is not made new by a header."""
    says_so = topic in ("customer.created", "")
    is_new = says_so and is_just_made(body, "date_created_gmt", "date_modified_gmt")
    return "contact.created" if is_new else "contact.updated"


_BILLING: Final = {
    "first_name": "Ada",
    "last_name": "Bell",
    "email": f"ada.{kit.MARKER}@example.com",
    "phone": "",
    "country": "US",
}
_ORDER: Final = {
    "id": kit.NUMBER,
    "number": str(kit.NUMBER),
    "status": "processing",
    "currency": "USD",
    "date_modified_gmt": "2026-11-20T15:00:00",
    "date_paid_gmt": "2026-11-20T15:00:00",
    "total": "120.00",
    "customer_id": 0,
    "billing": _BILLING,
    "line_items": [
        {"id": 315, "name": "Gift card", "quantity": 2, "price": 50, "gift_card": True},
        {"id": 316, "name": "Candle", "quantity": 1, "price": 20},
    ],
    "refunds": [],
}
_REFUNDED: Final = {
    **_ORDER,
    "status": "refunded",
    "date_modified_gmt": "2026-11-21T09:00:00",
    "refunds": [{"id": int(f"{kit.NUMBER}31"), "reason": "", "total": "-120.00"}],
}
_CUSTOMER: Final = {
    "id": int(f"{kit.NUMBER}25"),
    "date_created_gmt": "2026-11-20T15:00:00",
    "date_modified_gmt": "2026-11-20T15:00:00",
    "email": f"ada.{kit.MARKER}@example.com",
    "first_name": "Ada",
    "last_name": "Bell",
    "username": "ada",
    "billing": _BILLING,
}


def _sample(topic: str, event_type: str, body: dict[str, Any]) -> kit.Sample:
    return kit.Sample(topic, event_type, json.dumps(body).encode(), headers={"X-WC-Webhook-Topic": topic})


SAMPLES: Final = {
    sample.event_type: sample
    for sample in (
        _sample("order.updated", "order.paid", _ORDER),
        _sample("order.updated", "order.refunded", _REFUNDED),
        _sample("customer.created", "contact.created", _CUSTOMER),
        _sample(
            "customer.updated",
            "contact.updated",
            {**_CUSTOMER, "date_modified_gmt": "2026-11-20T17:00:00"},
        ),
    )
}

ADAPTER = kit.Adapter(
    name="woocommerce",
    title="WooCommerce",
    setup="In WooCommerce, Settings, Advanced, Webhooks: add one for Order updated (and Customer created) "
    "with the source's URL as delivery URL and <secret> as secret.",
    guide=kit.Guide(
        start="order.paid",
        steps=(
            "In WordPress open WooCommerce, Settings, Advanced, Webhooks, Add webhook.",
            (
                "Status Active, topic Order updated, delivery URL <url>, secret <secret>, the newest API "
                "version. Another for Customer created, where it is wanted."
            ),
            "Save: WooCommerce sends a ping, which the gateway answers; so it has to run by now.",
        ),
    ),
    trust=Trust.VOUCHED,
    new_secret=new_token,
    verify=verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=sign,
    samples=SAMPLES,
    answers=kit.Answers(rejected=200),
    is_ping=is_ping,
)
