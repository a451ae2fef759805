"""Vagaro: webhooks of a business.

https://docs.vagaro.com/public/reference/webhook-events

- Signature: none that covers the body: `X-Vagaro-Signature` is a fixed token, the one shown beside the
  webhook. Beside it the sender's address must be one of those that Vagaro publishes, else the delivery is
  refused with 403; `options.addresses` names others. A proxy must stand in `server.trusted_proxies`, since
  its own address is none of them. This machine itself may send, as `connector send` does.
- Replay: whoever has the token can send anything; a repeated delivery is known by its id.
- Delivery id: the body's `id`. How a booking ended, a transaction and a new customer are told once each,
  whatever the delivery is called.
- Event types: appointment (of the action deleted, or by `bookingStatus` Cancel, Deleted and Denied cancelled,
  No Show no_show, Service Complete completed, else created, or rescheduled where the time is another than the
  one known here; PersonalOff is an employee's own time and nobody's booking),
  customer (contact.created, contact.updated), transaction (payment.succeeded, or payment.refunded where its
  type or its sum says so, or nothing where it was deleted). Others are valid and ignored.
- Confirmation: Need Acceptance is asked for and none yet; it is booking.created once it is accepted.
  Awaiting Confirmation is accepted: the customer was only asked to say again that they come.
- Person: `customerId`; of a customer, e-mail, phone and names too. With a `credential`, `<client id>:<client
  secret key>`, `merchants/generate-access-token` and then `customers` say who an appointment or a
  transaction is of. The API is of the region us; `options.api_url` names another.
- Money: major units, as JSON numbers, in the source's currency, since none is sent. A transaction is the
  sum of what was truly paid in, not of what cards and packages covered. Of a sale of several items each is a
  payment of its own, by its `userPaymentId`: they share the `transactionId`, which is there for cards alone.
- Time zone: UTC with Z; without, the source's `timezone`.
- Retries: five within 15 minutes after anything but 2xx, 20 s time-out; then it may be switched off.
- Known limits: without a credential an appointment names its customer by id alone.
- How sure: the vendor's documentation of fields and statuses, and a public client of its API; there is no
  capture.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ..domain.contacts import Person, Trust, read_person
from ..domain.errors import AddressNotAllowed
from ..domain.events import Booking, Event, Payment, Refund, end_key
from ..domain.ids import new_token
from ..domain.inbound import Request, Source
from ..domain.money import shown
from ..domain.signing import require_secret
from . import kit, lookups, vagaro_samples
from .reading import block, missing, moment, money, text, wrong

HEADER: Final = "x-vagaro-signature"
PUBLISHED: Final = (
    "20.220.12.83",
    "13.67.143.68",
    "13.70.105.4",
    "20.62.123.184",
    "51.140.65.108",
    "51.143.95.2",
)
API: Final = "https://api.vagaro.com/us"
ADDRESSES: Final = "addresses"
DELETED: Final = "deleted"
_RELAYED: Final = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
_MAX_ADDRESSES: Final = 100
_STATUSES: Final = {
    "cancel": "cancelled",
    "cancelled": "cancelled",
    "deleted": "cancelled",
    "denied": "cancelled",
    "no show": "no_show",
    "service complete": "completed",
}
_REQUESTED: Final = "need acceptance"
_NO_BOOKING: Final = "personaloff"
_PAID: Final = (
    "ccAmount",
    "cashAmount",
    "checkAmount",
    "achAmount",
    "bankAccountAmount",
    "vagaroPayLaterAmount",
    "otherAmount",
)


def verify(request: Request, source: Source) -> None:
    """Pass if the token is right, and comes from where Vagaro sends or from this machine itself."""
    require_secret(request.headers.get(HEADER, "").strip(), kit.keys_of(source))
    if not _may_send(request, source):
        raise AddressNotAllowed(
            "This is none of the addresses that Vagaro sends from. Where a proxy stands before the gateway, "
            "name it in server.trusted_proxies."
        )


def delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """The event's id; without it the body's digest, weak."""
    body = kit.known_fields(verified)
    own = body.get("id")
    is_named = isinstance(own, str) and bool(own.strip())
    key = kit.key("event", str(own)) if is_named else kit.Key(kit.body_key(verified.request), weak=True)
    return (*kit.named_keys(verified, body), key)


def read(verified: kit.Verified) -> list[Event]:
    """One event, or none where the body tells of nothing that is ours."""
    body = kit.payload(verified)
    name = text(body.get("type"), "type")
    if name is None:
        raise missing("No Vagaro event", ["type", "action", "payload"], body)
    reader = _READERS.get(name.lower())
    if reader is None:
        return []
    told = body.get("payload")
    if not isinstance(told, dict):
        raise missing(f"No payload for {name}", ["payload"], body)
    created_at = moment(body.get("createdDate"), "createdDate", verified.source.timezone)
    action = (text(body.get("action"), "action") or "").lower()
    if action == DELETED and reader is not _appointment:
        return []
    return reader(_Told(verified.source, body, told, action, created_at or verified.request.received_at))


def look_up(event: Event, source: Source, credential: str) -> lookups.Walk:
    """Who is behind a customer's id."""
    business = block(event.data.get("payload")).get("businessId")
    if not lookups.is_nameless(event) or event.contact is None or not isinstance(business, str):
        return event
    client, secret = lookups.parts_of(credential, ("client id", "client secret key"))
    base, who = f"{lookups.api_url(source, API)}/api/v2", event.contact.external_id
    login = {"clientId": client, "clientSecretKey": secret, "scope": "customers"}
    told = _inside((yield lookups.as_json(f"{base}/merchants/generate-access-token", {}, login)))
    token = told.get("access_token") or told.get("accessToken")
    if not isinstance(token, str):
        raise missing("No token of Vagaro", ["data.access_token"], told)
    asked = {"businessId": business, "customerId": who}
    said = _inside((yield lookups.as_json(f"{base}/customers", {"accesstoken": token}, asked)))
    person = _read_person({**said, "customerId": who}, source)
    return replace(event, contact=person)


def _inside(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Vagaro answers under `data`, one thing also as a list of one."""
    told = answer.get("data", answer)
    return block(told[0]) if isinstance(told, list) and told else block(told)


def sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:  # noqa: ARG001 a fixed token
    return {"X-Vagaro-Signature": secret}


def check_source(source: Source) -> list[str]:
    """Its currency, which Vagaro never sends, and `addresses`."""
    faults = kit.common_faults(source) + kit.needs_currency(source)
    named = source.options.get(ADDRESSES)
    if named is not None and (
        not isinstance(named, list) or not named or len(_networks(source)) != len(named)
    ):
        faults.append(f"{ADDRESSES}: write a list of addresses or networks, at most {_MAX_ADDRESSES}")
    return faults


def _may_send(request: Request, source: Source) -> bool:
    """An address that nobody knows may not; that of a proxy whom nobody trusts is not the sender's."""
    try:
        address = ipaddress.ip_address(request.address)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    if any(address in network for network in _networks(source)):
        return True
    return address.is_loopback and not any(name in request.headers for name in _RELAYED)


def _networks(source: Source) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Those that can be read; what cannot lets nobody in."""
    named = source.options.get(ADDRESSES, PUBLISHED)
    found = []
    for one in named[:_MAX_ADDRESSES] if isinstance(named, list | tuple) else []:
        try:
            found.append(ipaddress.ip_network(str(one)))
        except ValueError:
            continue
    return found


@dataclass(frozen=True, slots=True)
class _Told:
    """One delivery: what its payload says, what was done to it, and when."""

    source: Source
    body: dict[str, Any]
    payload: dict[str, Any]
    action: str
    at: datetime

    def text(self, *names: str) -> str | None:
        """The first of these fields that holds something."""
        for name in names:
            found = text(self.payload.get(name), f"payload.{name}")
            if found is not None:
                return found
        return None

    def moment(self, name: str) -> datetime | None:
        return moment(self.payload.get(name), f"payload.{name}", self.source.timezone)

    def event(self, event_type: str, **parts: Any) -> list[Event]:
        return [Event(type=event_type, occurred_at=self.at, data=self.body, contact=_person(self), **parts)]


def _appointment(told: _Told) -> list[Event]:
    written = (told.text("bookingStatus") or "").lower()
    if written == _NO_BOOKING:
        return []
    booking_id = told.text("appointmentId")
    if booking_id is None:
        raise missing("No id of the appointment", ["payload.appointmentId"], told.payload)
    otherwise = "created" if told.action == "created" else "rescheduled"
    status = "cancelled" if told.action == DELETED else _STATUSES.get(written, otherwise)
    booking = Booking(
        id=booking_id,
        status=status,
        service=told.text("serviceTitle"),
        starts_at=told.moment("startTime"),
        ends_at=told.moment("endTime"),
        price=money(told.payload.get("amount"), None, "payload.amount", told.source.currency),
    )
    return told.event(
        f"booking.{status}",
        booking=booking,
        only_if_moved=status == "rescheduled",
        is_request=status == otherwise and written == _REQUESTED,
        key=end_key(booking),
    )


def _customer(told: _Told) -> list[Event]:
    name = {"created": "contact.created", "updated": "contact.updated"}.get(told.action)
    if name is None:
        return []
    who = _person(told)
    if who is None:
        raise missing("No customer", ["payload.customerId", "payload.email"], told.payload)
    is_once = name == "contact.created" and who.external_id is not None
    return told.event(name, key=f"{name} {who.external_id}" if is_once else None)


def _transaction(told: _Told) -> list[Event]:
    """What was paid in is a payment, what was paid out a refund; nothing of either is neither."""
    payment_id = told.text("userPaymentId", "transactionId") or text(told.body.get("id"), "id")
    if payment_id is None:
        fields = ["payload.userPaymentId", "payload.transactionId", "id"]
        raise missing("No id of the transaction", fields, told.payload)
    told_at = told.moment("transactionDate") or told.at
    paid = _paid(told)
    is_refund = paid < 0 or "refund" in (told.text("purchaseType") or "").lower()
    amount = money(abs(paid), None, "payload.ccAmount", told.source.currency)
    if amount is None or amount.minor == 0:
        return []
    dated = _Told(told.source, told.body, told.payload, told.action, told_at)
    if is_refund:
        refund = Refund(payment_id, amount, told.text("appointmentId"))
        return dated.event("payment.refunded", refund=refund, key=f"payment.refunded {payment_id}")
    payment = Payment(payment_id, amount)
    return dated.event("payment.succeeded", payment=payment, key=f"payment.succeeded {payment_id}")


def _paid(told: _Told) -> Decimal:
    return sum((_number(told.payload.get(name), f"payload.{name}") for name in _PAID), Decimal(0))


def _number(value: Any, field: str) -> Decimal:
    written = text(value, field) if isinstance(value, str) else value
    if written is None:
        return Decimal(0)
    try:
        number = Decimal(written) if isinstance(written, str | int | Decimal) else None
    except InvalidOperation:
        number = None
    if number is None or isinstance(written, bool) or not number.is_finite() or abs(number) >= 10**12:
        raise wrong(field, f"{shown(value)} is not an amount: write it like 25.00")
    return number


def _person(told: _Told) -> Person | None:
    person = _read_person(told.payload, told.source)
    return person if person.is_known else None


def _read_person(said: Mapping[str, Any], source: Source) -> Person:
    return read_person(
        country=text(said.get("countryCode"), "payload.countryCode") or source.country,
        external_id=said.get("customerId"),
        email=said.get("email"),
        phone=said.get("mobilePhone"),
        first_name=said.get("customerFirstName") or said.get("firstName"),
        last_name=said.get("customerLastName") or said.get("lastName"),
    )


_READERS: Final[Mapping[str, Callable[[_Told], list[Event]]]] = {
    "appointment": _appointment,
    "customer": _customer,
    "transaction": _transaction,
}


ADAPTER = kit.Adapter(
    name="vagaro",
    title="Vagaro",
    setup="In Settings, Developers, APIs & Webhooks, add a webhook with the source's URL and the types "
    "appointment, customer and transaction; the source's secret is the verification token shown there.",
    guide=kit.Guide(
        start="booking.completed",
        gives_secret=True,
        steps=(
            (
                "In Vagaro open Settings, Developers, APIs & Webhooks, and add a webhook: URL <url>, types "
                "appointment, customer and transaction."
            ),
            "Put the verification token that is shown there into the source as its secret.",
            (
                "Put `<client id>:<client secret key>` of Vagaro's API into the source as its `credential`: "
                "it tells who is behind a customer's id."
            ),
            (
                "The gateway takes these deliveries from Vagaro's own addresses only: behind a proxy, name it"
                " in `[server] trusted_proxies`."
            ),
        ),
    ),
    trust=Trust.VOUCHED,
    new_secret=new_token,
    verify=verify,
    delivery_ids=delivery_ids,
    read=read,
    sign=sign,
    samples=vagaro_samples.SAMPLES,
    options=(ADDRESSES, lookups.API_URL),
    check_source=check_source,
    lookup=look_up,
)
