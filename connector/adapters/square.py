"""Square: webhook subscriptions of an application.

https://developer.squareup.com/docs/webhooks/step3validate

- Signature: `x-square-hmacsha256-signature`, HMAC-SHA256 over the notification URL exactly as it was
  registered and the body, base64; the key is the subscription's signature key as text. The URL is our
  public one with the source's path, or the source's option `signed_url`, never the Host header. The old
  SHA-1 header counts for nothing.
- Replay: nothing signed has an age, so what a delivery is known by is kept for ever.
- Account: `merchant_id` says whose; with the option `merchant_id` all others are passed over.
- Tests: where `square-environment` is Sandbox; option `tests`. The header is not
  signed, but a sandbox signs with keys of its own.
- Delivery id: `event_id`, which is signed; a retry has the same.
- Event types: booking.created, booking.updated (by its status booking.cancelled or booking.no_show, else
  booking.rescheduled where its time is another than the one known here), payment.created and
  payment.updated (payment.succeeded, once, when COMPLETED), invoice.payment_made (invoice.paid, once, when
  PAID), refund.created and refund.updated (payment.refunded, once, when COMPLETED), customer.created,
  customer.updated. Others, gift cards among them, are valid and ignored.
- Confirmation: a booking that is PENDING is asked for and none yet; it is booking.created once ACCEPTED.
- Order: `created_at` has whole seconds; of one second the booking's `version` says what was told last.
- Person: `customer_id`, for a payment and an invoice with what they say of the buyer. A booking has nothing
  but the id; with a `credential`, an access token, `GET /v2/customers/{customer_id}` says the rest.
- Money: whole numbers of the smallest unit, with currency. An invoice and its payments name one order: of
  `spent` they are one sale.
- Time zone: UTC with Z, fractions of up to nine digits.
- Retries: for 24 hours (an older page says 72) after anything but 2xx within 10 s.
- Known limits: there is no "completed" event, it is derived from `ends_at`, which is the start and the
  segments' minutes. The numbers of Square's own gift cards (`gan`) are kept by their last four digits.
- How sure: vendor documentation and API specification, and the vectors that their SDK publishes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from ..domain.contacts import Person, Trust, read_person
from ..domain.events import Booking, Event, Invoice, Payment, Refund, end_key
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from ..domain.money import Money
from . import kit, lookups, signatures, square_samples, whose
from .reading import block, blocks, missing, moment, money, text, wrong

HEADER: Final = "x-square-hmacsha256-signature"
MERCHANT: Final = "merchant_id"
API: Final = "https://connect.squareup.com"
API_VERSION: Final = "2024-10-17"
CARD_FIELDS: Final = frozenset({"gan", "gift_card_gan"})

_OFF: Final = {"DECLINED": "cancelled", "NO_SHOW": "no_show"}
_CANCELLED: Final = "CANCELLED_BY_"
_MAX_MINUTES: Final = 60 * 24 * 31  # of one appointment
_MAX_VERSION: Final = 10**8  # far beyond what anybody changes a booking; what is beyond it counts as this one


def verify(request: Request, source: Source) -> None:
    """Pass if the MAC of URL and body fits one of the secrets, else SignatureRefused."""
    url = kit.signed_url(source, request.url)
    signatures.require_mac(request, kit.keys_of(source), HEADER, before=url.encode("utf-8", "surrogatepass"))


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """`event_id`, which is signed; without one the body's digest, weak."""
    body = kit.known_fields(verified)
    own = body.get("event_id")
    key = kit.key(own) if isinstance(own, str) and own.strip() else None
    return (*kit.named_keys(verified, body), key or kit.Key(kit.body_key(verified.request), weak=True))


def is_foreign(verified: kit.Verified) -> bool:
    return not whose.is_ours(verified.source, MERCHANT, kit.known_fields(verified).get("merchant_id"))


def is_test(verified: kit.Verified) -> bool:
    return verified.request.headers.get("square-environment", "").strip().lower() == "sandbox"


def check_source(source: Source) -> list[str]:
    return kit.url_faults(source) + whose.faults(source, MERCHANT)


def read(verified: kit.Verified) -> list[Event]:
    """One event, or none where the body tells of nothing that is ours."""
    body = kit.payload(verified)
    name = text(body.get("type"), "type")
    if name is None:
        raise missing("No Square event", ["type", "data.object"], body)
    found = _READERS.get(name)
    if found is None:
        return []
    place, reader = found
    thing = block(block(body.get("data")).get("object")).get(place)
    if not isinstance(thing, dict):
        raise missing(f"No {place} for {name}", [f"data.object.{place}"], body)
    at = moment(body.get("created_at"), "created_at", "UTC") or verified.request.received_at
    event = reader(_Told(verified.source, body, thing, at, f"data.object.{place}"))
    return [] if event is None else [event]


def ask(event: Event, source: Source, credential: str) -> lookups.Ask | None:
    """The customer of an event that names nobody but by id."""
    who = event.contact
    if who is None or who.external_id is None or who.email or who.phone:
        return None
    url = f"{lookups.api_url(source, API)}/v2/customers/{lookups.path_part(who.external_id, 'customer_id')}"
    return lookups.Ask(url, {"authorization": f"Bearer {credential}", "square-version": API_VERSION})


def complete(event: Event, told: Mapping[str, Any], source: Source) -> Event:
    """The event with the person's e-mail, phone and names."""
    if event.contact is None:
        return event
    customer = block(told.get("customer"))
    person = read_person(
        country=source.country,
        external_id=event.contact.external_id,
        email=customer.get("email_address"),
        phone=customer.get("phone_number"),
        first_name=customer.get("given_name"),
        last_name=customer.get("family_name"),
    )
    return replace(event, contact=person)


def sign_for(source: Source, body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:
    """As Square signs it for this source: over the URL that is registered there."""
    return sign(body, secret, now, kit.signed_url(source, url))


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:  # noqa: ARG001 no age is signed
    return {"X-Square-HmacSha256-Signature": signatures.mac(secret.encode(), url.encode() + body)}


@dataclass(frozen=True, slots=True)
class _Told:
    """What one event tells: the whole body, and the object at `place`, from which all names start."""

    source: Source
    body: dict[str, Any]
    thing: dict[str, Any]
    at: datetime
    place: str

    def text(self, name: str) -> str | None:
        return text(self.thing.get(name), f"{self.place}.{name}")

    def id(self) -> str:
        found = self.text("id")
        if found is None:
            raise missing("No id of the object", [f"{self.place}.id"], self.thing)
        return found

    def moment(self, name: str) -> datetime | None:
        return moment(self.thing.get(name), f"{self.place}.{name}", "UTC")

    def money(self, name: str) -> Money | None:
        return _sum(self.thing.get(name), f"{self.place}.{name}", self.source)

    def person(self, thing: dict[str, Any], customer: Any) -> Person | None:
        found = read_person(
            country=self.source.country,
            external_id=customer,
            email=thing.get("email_address"),
            phone=thing.get("phone_number"),
            first_name=thing.get("given_name"),
            last_name=thing.get("family_name"),
        )
        return found if found.is_known else None


def _sum(value: Any, field: str, source: Source) -> Money | None:
    written = block(value)
    amount, currency = written.get("amount"), written.get("currency")
    return money(amount, currency, f"{field}.amount", source.currency, minor=True)


def _made(told: _Told) -> Event:
    return _booking("created", told, is_request=_is_request(told))


def _changed(told: _Told) -> Event:
    status = told.text("status") or ""
    off = "cancelled" if status.startswith(_CANCELLED) else _OFF.get(status)
    return _booking(off or "rescheduled", told, is_request=_is_request(told))


def _is_request(told: _Told) -> bool:
    """Whether the shop has still to accept it."""
    return told.text("status") == "PENDING"


def _booking(status: str, told: _Told, *, is_request: bool) -> Event:
    """An end other than its time is told once; of its time, a changed note moves nothing."""
    booking_id, starts_at = told.id(), told.moment("start_at")
    booking = Booking(booking_id, status, starts_at=starts_at, ends_at=_end(told, starts_at))
    return Event(
        type=f"booking.{status}",
        occurred_at=told.at,
        data=told.body,
        contact=told.person({}, told.thing.get("customer_id")),
        booking=booking,
        key=end_key(booking),
        only_if_moved=status == "rescheduled",
        is_request=is_request,
        version=_version(told),
    )


def _version(told: _Told) -> int:
    found = told.thing.get("version")
    if not isinstance(found, int) or isinstance(found, bool):
        return 0
    return max(0, min(found, _MAX_VERSION))


def _end(told: _Told, starts_at: datetime | None) -> datetime | None:
    minutes = 0
    for place, one in enumerate(blocks(told.thing.get("appointment_segments"))):
        for name in ("duration_minutes", "intermission_minutes"):
            length = one.get(name, 0)
            field = f"{told.place}.appointment_segments.{place}.{name}"
            if not isinstance(length, int) or isinstance(length, bool) or not 0 <= length <= _MAX_MINUTES:
                raise wrong(field, "is not a number of minutes")
            minutes += length
    return starts_at + timedelta(minutes=minutes) if starts_at and 0 < minutes <= _MAX_MINUTES else None


def _payment(told: _Told) -> Event | None:
    if told.text("status") != "COMPLETED":
        return None
    payment = Payment(told.id(), told.money("total_money"), order_id=told.text("order_id"))
    buyer = {"email_address": told.thing.get("buyer_email_address")}
    return Event(
        type="payment.succeeded",
        occurred_at=told.moment("updated_at") or told.at,
        data=told.body,
        contact=told.person(buyer, told.thing.get("customer_id")),
        payment=payment,
        key=f"payment.succeeded {payment.id}",
    )


def _invoice(told: _Told) -> Event | None:
    if told.text("status") not in ("PAID", None):  # paid in part: the rest is told of as well
        return None
    recipient = block(told.thing.get("primary_recipient"))
    invoice = Invoice(told.id(), _paid(told), told.text("order_id"))
    return Event(
        type="invoice.paid",
        occurred_at=told.at,
        data=told.body,
        contact=told.person(recipient, recipient.get("customer_id")),
        invoice=invoice,
        key=f"invoice.paid {invoice.id}",
    )


def _paid(told: _Told) -> Money | None:
    total: Money | None = None
    for one in blocks(told.thing.get("payment_requests")):
        field = f"{told.place}.payment_requests.total_completed_amount_money"
        part = _sum(one.get("total_completed_amount_money"), field, told.source)
        if part is None:
            continue
        if total is not None and total.currency != part.currency:
            raise wrong(field, "the currencies differ")
        total = part if total is None else total + part
    return total


def _refund(told: _Told) -> Event | None:
    if told.text("status") != "COMPLETED":
        return None
    refund = Refund(told.id(), told.money("amount_money"), of=told.text("payment_id"))
    key = f"payment.refunded {refund.id}"
    return Event("payment.refunded", told.at, told.body, refund=refund, key=key)


def _customer_made(told: _Told) -> Event:
    return Event("contact.created", told.at, told.body, contact=told.person(told.thing, told.id()))


def _customer_changed(told: _Told) -> Event:
    return Event("contact.updated", told.at, told.body, contact=told.person(told.thing, told.id()))


_READERS: Final[Mapping[str, tuple[str, Callable[[_Told], Event | None]]]] = {
    "booking.created": ("booking", _made),
    "booking.updated": ("booking", _changed),
    "payment.created": ("payment", _payment),
    "payment.updated": ("payment", _payment),
    "invoice.payment_made": ("invoice", _invoice),
    "refund.created": ("refund", _refund),
    "refund.updated": ("refund", _refund),
    "customer.created": ("customer", _customer_made),
    "customer.updated": ("customer", _customer_changed),
}


ADAPTER = kit.Adapter(
    name="square",
    title="Square",
    setup="In the Developer Console, Webhooks, Subscriptions: add one with the source's URL, exactly as "
    "it stands, and put its signature key into the source.",
    guide=kit.Guide(
        start="payment.succeeded",
        gives_secret=True,
        steps=(
            (
                "In the Developer Console open the application, Webhooks, Subscriptions, Add subscription, in"
                " Production."
            ),
            (
                "Notification URL <url>, to the letter: Square signs it. Choose the events of payments, "
                "refunds, bookings, invoices and customers."
            ),
            (
                "Put the subscription's signature key into the source as its secret, and an access token as "
                "its `credential`: it tells who is behind a customer's id."
            ),
        ),
    ),
    trust=Trust.VOUCHED,
    new_secret=new_token,
    verify=verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=sign,
    sign_for=sign_for,
    samples=square_samples.SAMPLES,
    options=(kit.SIGNED_URL, MERCHANT, lookups.API_URL),
    check_source=check_source,
    is_foreign=is_foreign,
    is_test=is_test,
    card_fields=CARD_FIELDS,
    lookup=lookups.one_question(ask, complete),
    never_completes=True,
)
