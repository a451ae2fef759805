"""What HighLevel's bodies mean: the marketplace's by type, a workflow's by shape. Not an adapter itself.

The one rule: a list of tags is told with `tells_tags`, so that what it changes becomes events.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from ..domain.accounts import timezones
from ..domain.contacts import Person, read_person, read_tags
from ..domain.events import Booking, Deal, Event, Invoice, Order, end_key, rfc3339
from ..domain.inbound import Source
from . import flat, kit, lookups
from .reading import at, missing, moment, money, text

API: Final = "https://services.leadconnectorhq.com"
API_VERSION: Final = "2021-07-28"
_STATUSES: Final = {
    "showed": "completed",
    "completed": "completed",
    "noshow": "no_show",
    "no_show": "no_show",
    "no-show": "no_show",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "invalid": "",  # a booking that never was one
}
_UNCONFIRMED: Final = "new"
_PAID: Final = "payment.succeeded"
_SUCCEEDED: Final = frozenset({"succeeded", "success", "successful", "paid", "completed", "captured"})
_UNSAID: Final = frozenset({None, "", "null", "none", "undefined"})
_WORKFLOW_MARKS: Final = ("contact_id", "workflow", "customData")


@dataclass(frozen=True, slots=True)
class _Told:
    """One body of the marketplace: when it says it happened, and whose."""

    source: Source
    body: Mapping[str, Any]
    at: datetime

    def text(self, path: str) -> str | None:
        return text(at(self.body, path), path)

    def event(self, event_type: str, person: Person | None, **parts: Any) -> Event:
        known = person if person is not None and person.is_known else None
        return Event(type=event_type, occurred_at=self.at, data=self.body, contact=known, **parts)


def is_of_marketplace(body: Mapping[str, Any]) -> bool:
    """Whether the marketplace wrote it: it names a type and a location, where a workflow names neither."""
    if any(mark in body for mark in _WORKFLOW_MARKS):
        return False
    name = body.get("type")
    is_known = isinstance(name, str) and name in _READERS
    return is_known or "locationId" in body or _is_invoice(body)


def keys_of(body: Mapping[str, Any], verified: kit.Verified) -> tuple[kit.Key, ...]:
    """The delivery's keys out of its body; () where nothing in it tells it from another."""
    if is_of_marketplace(body):
        return _marketplace_keys(body)
    fields = _flat_fields(body, verified.source, strict=False)
    event_type = _workflow_type(body, verified.request.query)
    if fields.get("booking_id") and "calendar" in body:
        start = at(body, "calendar.startTime")
        parts = (event_type, fields["booking_id"], _appointment_status(body), start)
        return (kit.key("appointment", *map(str, parts)),)
    if event_type == _PAID and not _has_succeeded(body):  # the same transaction may succeed yet
        return ()
    return flat.type_and_id(fields, event_type)


def read(verified: kit.Verified) -> list[Event]:
    """The body's events: one, or none where it tells of nothing that is ours."""
    body = kit.payload(verified)
    if not is_of_marketplace(body):
        return _read_workflow(body, verified)
    name = text(body.get("type"), "type") or "InvoicePaid"  # of an invoice, the documents omit it
    reader = _READERS.get(name)
    if reader is None:
        return []
    zone, told_at = verified.source.timezone, None
    for path in ("timestamp", "appointment.dateUpdated", "updatedAt"):
        told_at = told_at or moment(at(body, path), path, zone)
    return reader(_Told(verified.source, body, told_at or verified.request.received_at))


def ask(event: Event, source: Source, credential: str) -> lookups.Ask | None:
    """The contact of an event that names nobody but by id."""
    who = event.contact
    if who is None or who.external_id is None or who.email or who.phone:
        return None
    url = f"{lookups.api_url(source, API)}/contacts/{lookups.path_part(who.external_id, 'contactId')}"
    return lookups.Ask(url, {"authorization": f"Bearer {credential}", "version": API_VERSION})


def complete(event: Event, told: Mapping[str, Any], source: Source) -> Event:
    """The event with the person's e-mail, phone and names; their tags come by webhook."""
    if event.contact is None:
        return event
    person = read_person(
        country=source.country,
        external_id=event.contact.external_id,
        email=at(told, "contact.email"),
        phone=at(told, "contact.phone"),
        first_name=at(told, "contact.firstName"),
        last_name=at(told, "contact.lastName"),
    )
    return replace(event, contact=person)


def _marketplace_keys(body: Mapping[str, Any]) -> tuple[kit.Key, ...]:
    own = _words(body, "webhookId")
    if own:
        return (kit.key("webhook", *own),)
    record = _words(body, "appointment.id") or _words(body, "_id") or _words(body, "id")
    changed = (
        _words(body, "appointment.dateUpdated") or _words(body, "updatedAt") or _words(body, "timestamp")
    )
    if not (record and changed):
        return ()
    status = _words(body, "appointment.appointmentStatus") or _words(body, "status")
    return (kit.key(*(_words(body, "type") or ("InvoicePaid",)), *record, *status, *changed),)


def _words(body: Mapping[str, Any], path: str) -> tuple[str, ...]:
    found = at(body, path)
    return (found,) if isinstance(found, str) and found.strip() else ()


def _appointment(status: str, told: _Told) -> list[Event]:
    booking_id = told.text("appointment.id")
    if booking_id is None:
        raise missing("No id of the appointment", ["appointment.id"], told.body)
    zone = told.source.timezone
    booking = Booking(
        id=booking_id,
        status=status,
        service=told.text("appointment.title"),
        starts_at=moment(at(told.body, "appointment.startTime"), "appointment.startTime", zone),
        ends_at=moment(at(told.body, "appointment.endTime"), "appointment.endTime", zone),
    )
    person = Person(external_id=told.text("appointment.contactId"))
    is_maybe = status == "rescheduled"
    is_request = status in ("created", "rescheduled") and _written(told) == _UNCONFIRMED
    event = told.event(f"booking.{status}", person, booking=booking, only_if_moved=is_maybe)
    return [replace(event, is_request=is_request, key=end_key(booking))]


def _written(told: _Told) -> str:
    return (told.text("appointment.appointmentStatus") or "").lower()


def _appointment_told(told: _Told, otherwise: str) -> list[Event]:
    status = _STATUSES.get(_written(told), otherwise)
    return _appointment(status, told) if status else []


def _created(told: _Told) -> list[Event]:
    return _appointment_told(told, "created")


def _updated(told: _Told) -> list[Event]:
    return _appointment_told(told, "rescheduled")


def _deleted(told: _Told) -> list[Event]:
    return _appointment("cancelled", told)


def _contact_created(told: _Told) -> list[Event]:
    return [_contact(told, "contact.created")]


def _contact_updated(told: _Told) -> list[Event]:
    return [_contact(told, "contact.updated")]


def _contact_tagged(told: _Told) -> list[Event]:
    """Stands for what its list changes: of an empty one, all that is known was taken away."""
    if read_tags(told.body.get("tags")) is None:
        raise missing("No list of tags", ["tags"], told.body)
    return [_contact(told, "contact.tag_added" if told.body.get("tags") else "contact.tag_removed")]


def _contact(told: _Told, event_type: str) -> Event:
    body = told.body
    person = read_person(
        country=told.source.country,
        external_id=body.get("id"),
        email=body.get("email"),
        phone=body.get("phone"),
        first_name=body.get("firstName"),
        last_name=body.get("lastName"),
        name=body.get("name"),
        tags=body.get("tags"),
    )
    if not person.is_known:
        raise missing("No contact", ["id", "email", "phone"], body)
    return told.event(event_type, person, tells_tags=True)


def _invoice(told: _Told) -> list[Event]:
    if told.text("status") != "paid":
        return []
    invoice_id = told.text("_id")
    if invoice_id is None:
        raise missing("No id of the invoice", ["_id"], told.body)
    person = read_person(
        country=told.source.country,
        external_id=at(told.body, "contactDetails.id"),
        email=at(told.body, "contactDetails.email"),
        phone=at(told.body, "contactDetails.phoneNo"),
        name=at(told.body, "contactDetails.name"),
    )
    field = "amountPaid" if told.body.get("amountPaid") is not None else "total"
    total = money(told.body.get(field), told.body.get("currency"), field, told.source.currency)
    key = f"invoice.paid {invoice_id}"
    return [told.event("invoice.paid", person, invoice=Invoice(invoice_id, total), key=key)]


def _order(told: _Told) -> list[Event]:
    if told.text("status") != "completed":
        return []
    order_id = told.text("_id")
    if order_id is None:
        raise missing("No id of the order", ["_id"], told.body)
    person = read_person(
        country=told.source.country,
        external_id=told.body.get("contactId"),
        email=at(told.body, "contactSnapshot.email"),
        phone=at(told.body, "contactSnapshot.phone"),
        first_name=at(told.body, "contactSnapshot.firstName"),
        last_name=at(told.body, "contactSnapshot.lastName"),
    )
    total = money(told.body.get("amount"), told.body.get("currency"), "amount", told.source.currency)
    return [told.event("order.paid", person, order=Order(order_id, total), key=f"order.paid {order_id}")]


def _opportunity(told: _Told) -> list[Event]:
    if told.text("status") != "won":
        return []
    deal_id = told.text("id")
    if deal_id is None:
        raise missing("No id of the opportunity", ["id"], told.body)
    value = money(told.body.get("monetaryValue"), None, "monetaryValue", told.source.currency)
    person = Person(external_id=told.text("contactId"))
    return [told.event("deal.won", person, deal=Deal(deal_id, value), key=f"deal.won {deal_id}")]


_READERS: Final[Mapping[str, Callable[[_Told], list[Event]]]] = {
    "AppointmentCreate": _created,
    "AppointmentUpdate": _updated,
    "AppointmentDelete": _deleted,
    "ContactCreate": _contact_created,
    "ContactUpdate": _contact_updated,
    "ContactTagUpdate": _contact_tagged,
    "InvoicePaid": _invoice,
    "InvoicePartiallyPaid": _invoice,
    "OrderCreate": _order,
    "OrderStatusUpdate": _order,
    "OpportunityStatusUpdate": _opportunity,
}


def _is_invoice(body: Mapping[str, Any]) -> bool:
    return "invoiceNumber" in body and "contactDetails" in body


def _read_workflow(body: dict[str, Any], verified: kit.Verified) -> list[Event]:
    event_type = _workflow_type(body, verified.request.query)
    if event_type == "" or (event_type == _PAID and not _has_succeeded(body)):
        return []
    fields = _flat_fields(body, verified.source, strict=True)
    event = flat.read(event_type, fields, body, verified)
    is_listed = event.contact is not None and event.contact.tags is not None
    is_request = (
        _named_type(body, verified.request.query) is None and _appointment_status(body) == _UNCONFIRMED
    )
    return [
        replace(
            event,
            tells_tags=is_listed and event.tag is None,
            is_request=is_request and event.type == "booking.created",
            key=_key(event, body),
        )
    ]


def _key(event: Event, body: Mapping[str, Any]) -> str | None:
    """A workflow may run again for one appointment or payment, and says so nowhere."""
    if event.booking is not None:
        return end_key(event.booking)
    transaction = at(body, "payment.transaction_id")
    is_paid = event.type == _PAID and isinstance(transaction, str) and transaction.strip()
    return f"{event.type} {transaction.strip()}" if is_paid else event.key


def _workflow_type(body: Mapping[str, Any], query: str) -> str | None:
    """What people wrote, else what the shape says; "" for an appointment that is none."""
    named = _named_type(body, query)
    if named is not None:
        return named
    if isinstance(body.get("payment"), Mapping):
        return _PAID
    if at(body, "calendar.appointmentId"):
        status = _STATUSES.get(_appointment_status(body), "created")
        return f"booking.{status}" if status else ""
    return "contact.updated" if body.get("contact_id") else None


def _named_type(body: Mapping[str, Any], query: str) -> str | None:
    custom = at(body, "customData")
    for written, asked in ((custom, ""), (body, query)):
        named = flat.type_of(written, asked) if isinstance(written, Mapping) else None
        if named is not None:
            return named
    return None


def _has_succeeded(body: Mapping[str, Any]) -> bool:
    """The trigger Payment Received runs for failed payments too, where nobody filters them."""
    for name in ("payment_status", "status"):
        written = at(body, f"payment.{name}")
        said = written.strip().lower() if isinstance(written, str) else str(written) if written else None
        if said not in _UNSAID:
            return said in _SUCCEEDED
    return True


def _appointment_status(body: Mapping[str, Any]) -> str:
    for name in ("appoinmentStatus", "appointmentStatus", "status"):  # the first is the sender's own spelling
        written = at(body, f"calendar.{name}")
        if isinstance(written, str) and written.strip():
            return written.strip().lower()
    return ""


def _flat_fields(body: Mapping[str, Any], source: Source, *, strict: bool) -> dict[str, Any]:
    """A workflow's body in the flat names; what people added themselves stays where it does not clash.

    Not `strict`: for a key, which a wrong moment must not stop.
    """
    custom = body.get("customData")
    told = {
        "external_id": body.get("contact_id"),
        "email": body.get("email"),
        "phone": body.get("phone"),
        "first_name": body.get("first_name"),
        "last_name": body.get("last_name"),
        "name": body.get("full_name"),
        "tags": body.get("tags"),
        "booking_id": at(body, "calendar.appointmentId"),
        "service": at(body, "calendar.calendarName") or at(body, "calendar.title"),
        "id": at(body, "payment.transaction_id"),
        "amount": at(body, "payment.total_amount"),
        "currency": at(body, "payment.currency_code"),
        "occurred_at": at(body, "payment.created_at"),
    }
    if strict:
        told["starts_at"] = _local(body, "calendar.startTime", source)
        told["ends_at"] = _local(body, "calendar.endTime", source)
    found = {**body, **(custom if isinstance(custom, Mapping) else {})}
    return {**found, **{name: value for name, value in told.items() if value not in (None, "")}}


def _local(body: Mapping[str, Any], path: str, source: Source) -> str | None:
    """The zone in which the calendar was looked at counts, where it is one."""
    named = at(body, "calendar.selectedTimezone")
    zone = named if isinstance(named, str) and named in timezones() else source.timezone
    found = moment(at(body, path), path, zone)
    return None if found is None else rfc3339(found)
