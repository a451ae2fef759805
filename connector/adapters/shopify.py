"""Shopify: webhooks of an app, or of a shop's own notification settings.

https://shopify.dev/docs/apps/build/webhooks/subscribe/https

- Signature: `X-Shopify-Hmac-Sha256`, HMAC-SHA256 of the body, base64; the key is the app's client
  secret, or for webhooks made in the admin the shop's own. Where the newer header
  `shopify-hmac-sha256` is there, it alone decides.
- Replay: nothing signed has an age, so what a delivery is known by is kept for ever. Topic and ids are
  not signed: the body's own kind, id and change tell what it is, the topic only what they leave open.
- Account: `X-Shopify-Shop-Domain` says whose; with the option `shop` all others are passed over. It is
  not signed: it keeps an app's shops apart, and keeps out nobody who has the app's secret.
- Tests: an order with `test: true` and a refund of one; option `tests`. A test notification tells of nothing.
- Delivery id: kind, gid, change and state of the resource, which are signed; then
  `X-Shopify-Event-Id` (else `X-Shopify-Webhook-Id`) with topic and gid.
- Event types: order.paid, once for each order, whatever topic first shows it as paid; order.refunded;
  contact.created, contact.updated, and what a customer's list of tags changes. Since 2025-01 they have none:
  customer.tags_added and customer.tags_removed tell of each tag; of one body the first topic counts.
- Person: `customer` by its gid, the order's e-mail and phone. An order's tags are not the person's.
- Money: decimal text in the shop's currency. A refund without transactions has given nothing back.
- Order lines: `order.lines`, `paid` after the discounts of line and order; those with `gift_card: true`
  once for each card in `order.gift_cards`.
- Time zone: an offset always stands there.
- Retries: 8 times in 4 hours after anything but 2xx within 5 s, then the subscription is deleted; so
  what is stored but not understood is answered 200.
- Known limits: numbers above 2^53 are exact here, but the gid is what counts, since whoever passed
  the body on may have rounded them. After a change of the secret the old one may sign for an hour.
- How sure: captured deliveries, the vendor's libraries and their published vector.
"""

import json
import re
from datetime import datetime
from typing import Any, Final

from ..domain.contacts import Person, Trust, read_person, read_tags
from ..domain.events import Event, Order, Refund
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from ..domain.money import Money
from . import kit, signatures, whose
from .reading import block, blocks, missing, moment, money, text
from .shop import Sums, is_just_made, read_lines

_FAMILIES: Final = ("shopify-", "x-shopify-")  # the newer first, as their own libraries have it
_GID: Final = re.compile(r"gid://shopify/(Order|Refund|Customer)/[\w-]{1,100}", re.ASCII)
_WAS_PAID: Final = ("paid", "partially_refunded", "refunded")
SHOP: Final = "shop"
_GONE: Final = ("customers/delete", "customers/redact", "orders/delete")
_OURS: Final = {"orders/paid": "order", "refunds/create": "refund"}
_TAGS: Final = {"customer.tags_added": "contact.tag_added", "customer.tags_removed": "contact.tag_removed"}


def verify(request: Request, source: Source) -> None:
    """Pass if the body's MAC fits one of the secrets, else SignatureRefused."""
    names = [f"{family}hmac-sha256" for family in _FAMILIES]
    header = next((name for name in names if name in request.headers), names[-1])
    signatures.require_mac(request, kit.keys_of(source), header)


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """What the body says of itself, then the unsigned ids; of a body without a kind its digest, weak."""
    body, request = kit.known_fields(verified), verified.request
    topic, (kind, gid) = _told(request, "topic"), _what(body)
    found = kit.named_keys(verified, body)
    if gid:
        changed = body.get("updated_at") or body.get("created_at") or "-"
        state = [str(body.get(name) or "-") for name in ("financial_status", "cancelled_at")]
        if kind == "Customer":  # changed twice within one second, each change is another body
            state.append(kit.body_key(request))
        found += (kit.key(kind, gid, str(changed), *state, _contact_type(body, topic)),)
        event_id = _told(request, "event-id") or _told(request, "webhook-id")
        if event_id:
            found += (kit.key("event-id", event_id, topic, gid),)
    elif _tags_of(body) and body.get("occurredAt"):  # without it the same tag set again is the same text
        told = (str(body.get(name) or "-") for name in ("customerId", "occurredAt"))
        found += (kit.key("tags", *told, *sorted(_tags_of(body))),)
    return found or (kit.Key(kit.body_key(request, topic), weak=True),)


def is_foreign(verified: kit.Verified) -> bool:
    return not whose.is_ours(verified.source, SHOP, _told(verified.request, "shop-domain"))


def is_test(verified: kit.Verified) -> bool:
    body = kit.known_fields(verified)
    payments = blocks(body.get("transactions"))
    return body.get("test") is True or any(one.get("test") is True for one in payments)


def check_source(source: Source) -> list[str]:
    return kit.common_faults(source) + whose.faults(source, SHOP)


def read(verified: kit.Verified) -> list[Event]:
    """One event, or none where the body tells of nothing that is ours."""
    body, topic = kit.payload(verified), _told(verified.request, "topic")
    kind, gid = _what(body)
    if _told(verified.request, "test").lower() == "true" or topic in _GONE:
        return []
    if kind == "Order":
        return _order(verified, body, gid, topic)
    if kind == "Refund":
        return [_refund(verified, body, gid)]
    if kind == "Customer":
        return [_customer(verified, body, gid, topic)]
    if topic in _TAGS:
        return _tagged(verified, body, _TAGS[topic])
    if topic in _OURS:
        raise missing(f"No {_OURS[topic]}", ["admin_graphql_api_id", "id"], body)
    return []


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:  # noqa: ARG001 not signed here
    return {"X-Shopify-Hmac-Sha256": signatures.mac(secret.encode(), body)}


def _told(request: Request, name: str) -> str:
    """What a header says, of the newer family where both are there."""
    found = [
        request.headers[f"{family}{name}"] for family in _FAMILIES if f"{family}{name}" in request.headers
    ]
    return found[0].strip() if found else ""


def _what(body: dict[str, Any]) -> tuple[str, str]:
    """Kind and gid of the resource, by what is signed; empty texts where it is none of ours."""
    written = body.get("admin_graphql_api_id")
    found = _GID.fullmatch(written) if isinstance(written, str) else None
    if found:
        return found[1], found[0]
    number = body.get("id")
    if written is None and isinstance(number, int) and not isinstance(number, bool):
        shapes = (
            ("Refund", "refund_line_items"),
            ("Order", "financial_status"),
            ("Customer", "verified_email"),
        )
        for kind, field in shapes:
            if field in body:
                return kind, f"gid://shopify/{kind}/{number}"
    return "", ""


def _order(verified: kit.Verified, body: dict[str, Any], gid: str, topic: str) -> list[Event]:
    if not _is_paid(body, topic):
        return []
    currency = verified.source.currency
    code = text(body.get("currency"), "currency")
    subtotal = money(body.get("subtotal_price"), code, "subtotal_price", currency)
    sums = Sums(code or currency, currency, subtotal=subtotal)
    order = Order(
        id=gid,
        total=money(body.get("total_price"), code, "total_price", currency),
        lines=read_lines(body.get("line_items"), "line_items", sums),
    )
    return [
        Event(
            type="order.paid",
            occurred_at=_at(verified, body, "processed_at", "updated_at", "created_at"),
            data=body,
            contact=_buyer(verified.source, body),
            order=order,
            key=f"order.paid {gid}",
        )
    ]


def _is_paid(body: dict[str, Any], topic: str) -> bool:
    """By the order's own state. A topic alone is believed for test orders only, whose state is made up."""
    status = body.get("financial_status")
    if topic == "orders/paid":
        return status in _WAS_PAID or body.get("test") is True
    return status == "paid" and not body.get("cancelled_at")


def _buyer(source: Source, body: dict[str, Any]) -> Person | None:
    customer = block(body.get("customer"))
    named = customer if customer.get("first_name") or customer.get("last_name") else None
    names = named or block(body.get("billing_address"))
    person = read_person(
        country=source.country,
        external_id=_gid_of("Customer", customer),
        email=body.get("email") or body.get("contact_email") or customer.get("email"),
        phone=body.get("phone") or customer.get("phone"),
        first_name=names.get("first_name"),
        last_name=names.get("last_name"),
        tags=customer.get("tags"),
    )
    return person if person.is_known else None


def _refund(verified: kit.Verified, body: dict[str, Any], gid: str) -> Event:
    order_id = text(body.get("order_id"), "order_id")
    refund = Refund(
        id=gid,
        amount=_given_back(body, verified.source.currency),
        of=None if order_id is None else f"gid://shopify/Order/{order_id}",
    )
    at = _at(verified, body, "created_at", "processed_at")
    return Event("order.refunded", at, body, refund=refund, key=f"order.refunded {gid}")


def _given_back(body: dict[str, Any], standard: str) -> Money | None:
    total: Money | None = None
    for one in blocks(body.get("transactions")):
        if one.get("kind", "refund") == "refund" and one.get("status", "success") == "success":
            amount = money(one.get("amount"), one.get("currency"), "transactions.amount", standard)
            same = total is None or amount is None or total.currency == amount.currency
            if not same:  # two tills, two currencies: no one sum was given back
                return None
            total = amount if total is None else total if amount is None else total + amount
    return total


def _customer(verified: kit.Verified, body: dict[str, Any], gid: str, topic: str) -> Event:
    person = read_person(
        country=verified.source.country,
        external_id=gid,
        email=body.get("email"),
        phone=body.get("phone"),
        first_name=body.get("first_name"),
        last_name=body.get("last_name"),
        tags=body.get("tags"),
    )
    name = _contact_type(body, topic)
    return Event(
        type=name,
        occurred_at=_at(verified, body, "updated_at", "created_at"),
        data=body,
        contact=person,
        key=f"{name} {gid}" if name == "contact.created" else None,
        tells_tags=bool(person.tags),
    )


def _tagged(verified: kit.Verified, body: dict[str, Any], name: str) -> list[Event]:
    """An event for each tag; the body says whose and when."""
    whose, tags = text(body.get("customerId"), "customerId"), _tags_of(body)
    if whose is None or not tags:
        raise missing("No tags of a customer", ["customerId", "tags"], body)
    person = Person(external_id=whose if _GID.fullmatch(whose) else f"gid://shopify/Customer/{whose}")
    at = _at(verified, body, "occurredAt")
    return [Event(name, at, body, contact=person, tag=tag) for tag in tags]


def _tags_of(body: dict[str, Any]) -> tuple[str, ...]:
    return (read_tags(body.get("tags")) or ()) if "customerId" in body else ()


def _contact_type(body: dict[str, Any], topic: str) -> str:
    """Created, where topic and body agree on it: an old customer is not made new by a header."""
    says_so = topic in ("customers/create", "")
    return (
        "contact.created" if says_so and is_just_made(body, "created_at", "updated_at") else "contact.updated"
    )


def _at(verified: kit.Verified, body: dict[str, Any], *names: str) -> datetime:
    for name in names:
        found = moment(body.get(name), name, verified.source.timezone)
        if found is not None:
            return found
    return verified.request.received_at


def _gid_of(kind: str, thing: dict[str, Any]) -> str | None:
    written = thing.get("admin_graphql_api_id")
    if isinstance(written, str) and _GID.fullmatch(written):
        return written
    number = text(thing.get("id"), "customer.id")
    return None if number is None else f"gid://shopify/{kind}/{number}"


_CUSTOMER: Final = {
    "id": 115310627314723954,
    "admin_graphql_api_id": f"gid://shopify/Customer/{kit.MARKER}",
    "email": f"ada.{kit.MARKER}@example.com",
    "first_name": "Ada",
    "last_name": "Bell",
    "phone": None,
    "tags": "VIP",
    "verified_email": True,
    "created_at": "2026-11-20T10:00:00-05:00",
    "updated_at": "2026-11-20T10:00:00-05:00",
}
_ORDER_ID: Final = int(f"{kit.NUMBER}5")
_ORDER: Final = {
    "id": _ORDER_ID,
    "admin_graphql_api_id": f"gid://shopify/Order/{_ORDER_ID}",
    "name": "#1001",
    "email": f"ada.{kit.MARKER}@example.com",
    "financial_status": "paid",
    "cancelled_at": None,
    "test": False,
    "currency": "USD",
    "total_price": "120.00",
    "tags": "",
    "processed_at": "2026-11-20T10:00:00-05:00",
    "updated_at": "2026-11-20T10:00:01-05:00",
    "customer": _CUSTOMER,
    "line_items": [
        {
            "id": int(f"{kit.NUMBER}1"),
            "admin_graphql_api_id": f"gid://shopify/LineItem/{kit.NUMBER}1",
            "title": "Gift card",
            "quantity": 2,
            "price": "50.00",
            "gift_card": True,
        },
        {
            "id": int(f"{kit.NUMBER}2"),
            "admin_graphql_api_id": f"gid://shopify/LineItem/{kit.NUMBER}2",
            "title": "Candle",
            "quantity": 1,
            "price": "20.00",
            "gift_card": False,
        },
    ],
}
_REFUND: Final = {
    "id": int(f"{kit.NUMBER}31"),
    "admin_graphql_api_id": f"gid://shopify/Refund/{kit.NUMBER}31",
    "order_id": _ORDER_ID,
    "created_at": "2026-11-20T11:00:00-05:00",
    "transactions": [{"kind": "refund", "status": "success", "amount": "20.00", "currency": "USD"}],
    "refund_line_items": [],
}


_TAGGED: Final = {
    "customerId": f"gid://shopify/Customer/{kit.MARKER}",
    "tags": ["VIP"],
    "occurredAt": "2026-11-20T15:00:00.000Z",
}


def _sample(topic: str, event_type: str, body: dict[str, Any]) -> kit.Sample:
    return kit.Sample(topic, event_type, json.dumps(body).encode(), headers={"X-Shopify-Topic": topic})


SAMPLES: Final = {
    sample.event_type: sample
    for sample in (
        _sample("orders/paid", "order.paid", _ORDER),
        _sample("refunds/create", "order.refunded", _REFUND),
        _sample("customers/create", "contact.created", _CUSTOMER),
        _sample(
            "customers/update",
            "contact.updated",
            {**_CUSTOMER, "updated_at": "2026-11-20T12:00:00-05:00"},
        ),
        _sample("customer.tags_added", "contact.tag_added", _TAGGED),
        _sample(
            "customer.tags_removed",
            "contact.tag_removed",
            {**_TAGGED, "occurredAt": "2026-11-21T15:00:00.000Z"},
        ),
    )
}

ADAPTER = kit.Adapter(
    name="shopify",
    title="Shopify",
    setup="In Settings, Notifications, Webhooks: make a webhook for Order payment, Refund create and "
    "Customer creation, JSON, to the source's URL, and put the secret shown there into the source.",
    guide=kit.Guide(
        start="order.paid",
        gives_secret=True,
        steps=(
            (
                "In the shop's admin open Settings, Notifications, Webhooks, and create one each for Order "
                "payment, Refund create, Customer creation and Customer update: format JSON, URL <url>."
            ),
            "Below the list stands with what they will be signed: put it into the source as its secret.",
            (
                "An app's own webhooks are signed with the app's client secret instead; list both where both "
                "are used. Only an app is told of tags, by the topics `customer.tags_added` and "
                "`customer.tags_removed`: since version 2025-01 no customer brings them along. On an older "
                "version take these topics or Customer update, not both: each would tell of the tag."
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
    answers=kit.Answers(rejected=200),
    options=(SHOP,),
    check_source=check_source,
    is_foreign=is_foreign,
    is_test=is_test,
)
