"""Stripe: webhook endpoints, made in the dashboard or by API.

https://docs.stripe.com/webhooks

- Signature: `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=…][,v0=…]`, HMAC-SHA256 over `t.body`; the key
  is the endpoint's whole secret, `whsec_…` as text, though it looks encoded. `v0` counts for nothing. A
  header sent twice is refused.
- Replay: `t` is signed, five minutes either way, as their own libraries have it; a retry is signed anew.
- Account: of Connect, `account` (acct_…) says whose; with the option `account` all others are passed over.
- Tests: `livemode: false` is one; option `tests`.
- Delivery id: `id` (evt_…), which is signed.
- Event types: checkout.session.completed and .async_payment_succeeded (payment.succeeded, once for each
  session, and only when it has been paid for; never where a card was only set up), invoice.paid
  (invoice.paid), refund.created, refund.updated and charge.refund.updated (payment.refunded, once for each
  refund that succeeded), customer.created and customer.updated. Others are valid and ignored.
- Person: `customer` with e-mail, phone and name; a refund names nobody.
- Money: whole numbers of the smallest unit, as Stripe counts it: yen have none, and for ISK and UGX it
  counts hundredths that ISO 4217 does not have, for MGA it counts none.
- A trial's invoice is paid with 0.00, a free checkout likewise: a recipe asks for `total > 0.00 USD`.
- Time zone: epoch seconds.
- Retries: three days, exponentially, in live mode; then a mail, and the endpoint is switched off.
- Known limits: events come in any order. A payment's id is its payment intent, else the session's, so
  that a refund's `of` finds it; a subscription's invoice tells of the same money, and counts once.
- How sure: captured deliveries and the code of the SDKs; the vector of an SDK is reproduced. The exceptions
  among the currencies are vendor documentation.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from ..domain.contacts import Person, Trust, read_person
from ..domain.events import Event, Invoice, Payment, Refund
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from ..domain.money import Money
from . import kit, signatures, whose
from .reading import block, missing, moment, money, text, wrong

HEADER: Final = "stripe-signature"
ACCOUNT: Final = "account"
TOLERANCE: Final = timedelta(minutes=5)
PAID: Final = ("paid", "no_payment_required")
DECIMALS: Final = {"ISK": 2, "UGX": 2, "MGA": 0}
"""Where Stripe's smallest unit is not that of ISO 4217."""


def verify(request: Request, source: Source) -> None:
    """Pass if a `v1` fits one of the secrets and `t` is fresh, else SignatureRefused."""
    signatures.require_timed(request, kit.keys_of(source), HEADER, TOLERANCE)


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """The event's own id, which is signed; without one the body's digest, weak."""
    body = kit.known_fields(verified)
    own = body.get("id")
    key = kit.key(own) if isinstance(own, str) and own.strip() else None
    return (*kit.named_keys(verified, body), key or kit.Key(kit.body_key(verified.request), weak=True))


def is_foreign(verified: kit.Verified) -> bool:
    return not whose.is_ours(verified.source, ACCOUNT, kit.known_fields(verified).get("account"))


def is_test(verified: kit.Verified) -> bool:
    return kit.known_fields(verified).get("livemode") is False


def check_source(source: Source) -> list[str]:
    return kit.common_faults(source) + whose.faults(source, ACCOUNT)


def read(verified: kit.Verified) -> list[Event]:
    """One event, or none where the body tells of nothing that is ours."""
    body = kit.payload(verified)
    name = text(body.get("type"), "type")
    if name is None:
        raise missing("No Stripe event", ["type", "data.object"], body)
    reader = _READERS.get(name)
    if reader is None:
        return []
    thing = block(body.get("data")).get("object")
    if not isinstance(thing, dict):
        raise missing(f"No object for {name}", ["data.object"], body)
    occurred_at = moment(body.get("created"), "created", "UTC") or verified.request.received_at
    found = reader(_Told(verified.source, body, thing, occurred_at))
    return [] if found is None else [found]


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:  # noqa: ARG001 not signed here
    return {"Stripe-Signature": signatures.timed(body, secret, now)}


@dataclass(frozen=True, slots=True)
class _Told:
    """What one event tells: the whole body, and its `data.object`, which all names below start from."""

    source: Source
    body: dict[str, Any]
    thing: dict[str, Any]
    at: datetime

    def id(self) -> str:
        found = text(self.thing.get("id"), "data.object.id")
        if found is None:
            raise missing("No id of the object", ["data.object.id"], self.thing)
        return found

    def text(self, name: str) -> str | None:
        """The id at `name`, also where Stripe was asked to write out the object there."""
        value = self.thing.get(name)
        return text(value.get("id") if isinstance(value, dict) else value, f"data.object.{name}")

    def money(self, name: str) -> Money | None:
        return sum_of(self.thing.get(name), self.thing.get("currency"), f"data.object.{name}", self.source)

    def person(self, email: Any, phone: Any, name: Any, customer: Any) -> Person | None:
        address = block(block(self.thing.get("customer_details")).get("address"))
        country = text(address.get("country"), "data.object.customer_details.address.country")
        found = read_person(
            country=country or self.source.country, external_id=customer, email=email, phone=phone, name=name
        )
        return found if found.is_known else None


def sum_of(value: Any, currency: Any, field: str, source: Source) -> Money | None:
    """A sum in Stripe's smallest unit; None where there is none."""
    code = (text(currency, "currency") or source.currency).upper()
    decimals = DECIMALS.get(code)
    if decimals is None or value is None:
        return money(value, code, field, source.currency, minor=True)
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong(field, "is not a whole number of the smallest unit")
    if abs(value) >= 10**12:
        raise wrong(field, "is out of range")
    return money(Decimal(value).scaleb(-decimals), code, field, source.currency)


def _checkout(told: _Told) -> Event | None:
    if told.thing.get("payment_status") not in PAID:  # slow methods: async_payment_succeeded comes later
        return None
    if told.thing.get("mode") == "setup":  # a card was kept for later, and nothing bought
        return None
    person = block(told.thing.get("customer_details"))
    session = told.id()
    payment = Payment(
        id=told.text("payment_intent") or session,
        amount=told.money("amount_total"),
        invoice_id=told.text("invoice"),
    )
    email = person.get("email") or told.thing.get("customer_email")
    return Event(
        type="payment.succeeded",
        occurred_at=told.at,
        data=told.body,
        contact=told.person(email, person.get("phone"), person.get("name"), told.text("customer")),
        payment=payment,
        key=f"payment.succeeded {session}",
    )


def _invoice(told: _Told) -> Event:
    thing, invoice = told.thing, Invoice(told.id(), told.money("amount_paid"))
    names = ("customer_email", "customer_phone", "customer_name")
    email, phone, name = (thing.get(one) for one in names)
    return Event(
        type="invoice.paid",
        occurred_at=told.at,
        data=told.body,
        contact=told.person(email, phone, name, told.text("customer")),
        invoice=invoice,
        key=f"invoice.paid {invoice.id}",
    )


def _refund(told: _Told) -> Event | None:
    if told.thing.get("status") != "succeeded":
        return None
    of = told.text("payment_intent") or told.text("charge")
    refund = Refund(told.id(), told.money("amount"), of=of)
    key = f"payment.refunded {refund.id}"
    return Event("payment.refunded", told.at, told.body, refund=refund, key=key)


def _customer(event_type: str) -> Callable[[_Told], Event]:
    def read_customer(told: _Told) -> Event:
        thing = told.thing
        person = told.person(thing.get("email"), thing.get("phone"), thing.get("name"), told.id())
        return Event(event_type, told.at, told.body, contact=person)

    return read_customer


_READERS: Final[Mapping[str, Callable[[_Told], Event | None]]] = {
    "checkout.session.completed": _checkout,
    "checkout.session.async_payment_succeeded": _checkout,
    "invoice.paid": _invoice,
    "refund.created": _refund,
    "refund.updated": _refund,
    "charge.refund.updated": _refund,
    "customer.created": _customer("contact.created"),
    "customer.updated": _customer("contact.updated"),
}


def _sample(name: str, event_type: str, thing: dict[str, Any]) -> kit.Sample:
    event_id = f"evt_{name.replace('.', '_')}-{kit.MARKER}"
    body = {"id": event_id, "object": "event", "created": 1795186800, "type": name, "livemode": True}
    return kit.Sample(name, event_type, json.dumps({**body, "data": {"object": thing}}).encode())


_EMAIL: Final = f"ada.{kit.MARKER}@example.com"
_PERSON: Final = {"email": _EMAIL, "name": "Ada Bell", "phone": None}
SAMPLES: Final = {
    sample.event_type: sample
    for sample in (
        _sample(
            "checkout.session.completed",
            "payment.succeeded",
            {
                "id": f"cs_test_{kit.MARKER}",
                "object": "checkout.session",
                "amount_total": 62000,
                "currency": "usd",
                "customer": f"cus_{kit.MARKER}",
                "customer_details": _PERSON,
                "invoice": None,
                "payment_intent": f"pi_{kit.MARKER}",
                "payment_status": "paid",
                "status": "complete",
            },
        ),
        _sample(
            "invoice.paid",
            "invoice.paid",
            {
                "id": f"in_{kit.MARKER}",
                "object": "invoice",
                "amount_paid": 62000,
                "currency": "usd",
                "customer": f"cus_{kit.MARKER}",
                "customer_email": _EMAIL,
                "customer_name": "Ada Bell",
                "customer_phone": None,
                "status": "paid",
            },
        ),
        _sample(
            "refund.created",
            "payment.refunded",
            {
                "id": f"re_{kit.MARKER}",
                "object": "refund",
                "amount": 2000,
                "currency": "usd",
                "charge": f"ch_{kit.MARKER}",
                "payment_intent": f"pi_{kit.MARKER}",
                "status": "succeeded",
            },
        ),
        _sample("customer.created", "contact.created", {"id": f"cus_{kit.MARKER}", **_PERSON}),
        _sample("customer.updated", "contact.updated", {"id": f"cus_{kit.MARKER}", **_PERSON}),
    )
}

ADAPTER = kit.Adapter(
    name="stripe",
    title="Stripe",
    setup="In Developers, Webhooks: add an endpoint with the source's URL and the events invoice.paid, "
    "checkout.session.completed, checkout.session.async_payment_succeeded and refund.created, "
    "and put its signing secret, whsec_…, into the source.",
    guide=kit.Guide(
        start="payment.succeeded",
        gives_secret=True,
        steps=(
            (
                "In Stripe's Workbench (or Developers) open Webhooks and create a destination for events on "
                "your account."
            ),
            (
                "Choose checkout.session.completed, checkout.session.async_payment_succeeded, invoice.paid, "
                "refund.created, customer.created and customer.updated, then Webhook endpoint, and enter "
                "<url>."
            ),
            (
                "Reveal the destination's signing secret, `whsec_…`, and put it into the source. Test mode "
                "and live mode have different ones."
            ),
        ),
    ),
    trust=Trust.VOUCHED,
    new_secret=lambda: f"whsec_{new_token()}",
    verify=verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=sign,
    samples=SAMPLES,
    options=(ACCOUNT,),
    check_source=check_source,
    is_foreign=is_foreign,
    is_test=is_test,
)
