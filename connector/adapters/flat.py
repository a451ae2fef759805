"""The flat names: one event as plain fields, from senders whose bodies people put together by hand.

`type` says what happened, the other names who and what. Not an adapter itself;
`zapier`, `make`, `standard` and `generic` read through it.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from ..domain.card_numbers import mask
from ..domain.contacts import MAX_TAG, Person, read_person
from ..domain.errors import BadJson, NotUnderstood
from ..domain.events import (
    CUSTOM_PREFIX,
    EVENT_TYPES,
    Booking,
    Deal,
    Event,
    Form,
    Invoice,
    Order,
    Payment,
    Refund,
    is_event_type,
)
from ..domain.inbound import Request, Source
from ..domain.money import Money, shown
from . import kit
from .reading import missing, moment, money, text, whole, wrong

NAMES: Final = (
    "type",
    "id",
    "email",
    "phone",
    "external_id",
    "first_name",
    "last_name",
    "name",
    "tags",
    "amount",
    "currency",
    "invoice_id",
    "order_id",
    "booking_id",
    "service",
    "starts_at",
    "ends_at",
    "occurred_at",
    "points",
    "tag",
    "referrer_email",
    "referrer_id",
)
OURS: Final = frozenset(EVENT_TYPES) - {"schedule.due"}  # that one only our own scheduler makes

_MAX_QUERY: Final = 4_096
_MAX_NAME: Final = 200  # none that is longer could become one of ours
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9_.-]+")
_ACCENTS: Final = re.compile(r"[\u0300-\u036f]+")
_FORM_HINT: Final = "; a form body (application/x-www-form-urlencoded) needs no quoting and is taken as well"


@dataclass(frozen=True, slots=True)
class Flat:
    """One event's fields, with what fills the gaps. `minor`: amounts are in the currency's smallest unit.

    `delivery`: the delivery's own id, where its sender gave it one and proved it.
    """

    type: str
    fields: Mapping[str, Any]
    request: Request
    source: Source
    minor: bool = False
    delivery: str | None = None

    def text(self, *names: str) -> str | None:
        """The first of these fields that holds something."""
        for name in names:
            found = text(self.fields.get(name), name)
            if found is not None:
                return found
        return None

    def id(self, *names: str) -> str:
        """The id of a booking, invoice or order; where the sender names none, the delivery speaks for it.

        By its body and the moment of receipt, since the same body is another
        delivery, and so another sale, once its weak key has run out.
        """
        moment_of_receipt = self.request.received_at.isoformat()
        return self.text(*names) or f"{kit.body_key(self.request, self.request.query)}@{moment_of_receipt}"

    def money(self) -> Money | None:
        fields, standard = self.fields, self.source.currency
        return money(fields.get("amount"), fields.get("currency"), "amount", standard, minor=self.minor)


def payload(verified: kit.Verified) -> dict[str, Any]:
    """As `kit.payload`; where hand-made JSON is broken, the error names the way that cannot break."""
    try:
        return kit.payload(verified)
    except BadJson as fault:
        if verified.request.content_type == kit.FORM:
            raise
        raise BadJson(fault.detail + _FORM_HINT) from fault


def known_fields(verified: kit.Verified) -> dict[str, Any]:
    """As `kit.known_fields`, with that error: whoever asks for a delivery's keys meets it first."""
    try:
        return payload(verified)
    except NotUnderstood:
        return {}


def type_of(fields: Mapping[str, Any], query: str = "") -> str | None:
    """Our name for the event that `type`, else `event`, else `event=` in the query names; None without one.

    What is none of ours becomes `custom.<name>`: `Purchase complete` is
    `custom.purchase_complete`, without accents.
    """
    for written in (fields.get("type"), fields.get("event"), _of_query(query)):
        if isinstance(written, str) and written.strip():
            return our_type(written)
    return None


def is_ours(name: str) -> bool:
    """Whether a sender may say this: one of our event types, or `custom.<name>`."""
    return name in OURS or (name.startswith(CUSTOM_PREFIX) and is_event_type(name))


def our_type(written: str) -> str | None:
    """One of ours in any case, or `custom.<name>`; None where no legal name is left."""
    name = written.strip()
    if name.casefold() in OURS:
        return name.casefold()
    if is_ours(name):
        return name
    if len(name) > _MAX_NAME:
        return None
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", name.casefold()))
    parts = _NOT_IN_NAMES.sub("_", plain.removeprefix(CUSTOM_PREFIX)).split(".")
    cleaned = [part.strip("_") for part in parts]
    custom = CUSTOM_PREFIX + ".".join(part for part in cleaned if part)
    return custom if is_ours(custom) else None


def shared_keys(verified: kit.Verified) -> tuple[kit.Key, ...]:
    """For senders with a shared secret, who thereby vouch for their headers and their URL too.

    The source's own choice, the Idempotency-Key, `type` with `id`; with none of
    these the body's digest, weak. BadJson where the body cannot be read.
    """
    fields, request = known_fields(verified), verified.request
    found = kit.named_keys(verified, fields) + idempotency_keys(request)
    found += type_and_id(fields, type_of(fields, request.query))
    return found or (kit.Key(kit.body_key(request, request.query), weak=True),)


def idempotency_keys(request: Request) -> tuple[kit.Key, ...]:
    """The Idempotency-Key header, for senders who prove their headers with a secret."""
    given = own_id(request)
    return (kit.key("idempotency-key", given),) if given else ()


def own_id(request: Request) -> str | None:
    """The delivery's own id, of senders who prove their headers with a secret."""
    return request.headers.get("idempotency-key", "").strip() or None


def type_and_id(fields: Mapping[str, Any], event_type: str | None) -> tuple[kit.Key, ...]:
    """`type` and `id` together, where both are there."""
    own = fields.get("id")
    if not event_type or isinstance(own, bool) or not isinstance(own, str | int) or not str(own).strip():
        return ()
    return (kit.key(event_type, str(own)),)


def read_shared(verified: kit.Verified) -> list[Event]:
    """The one event of a flat body whose sender presents a shared secret."""
    fields = payload(verified)
    request = verified.request
    return [read(type_of(fields, request.query), fields, fields, verified, delivery=own_id(request))]


def read(
    event_type: str | None,
    fields: Mapping[str, Any],
    data: Mapping[str, Any],
    verified: kit.Verified,
    *,
    minor: bool = False,
    delivery: str | None = None,
) -> Event:
    """The event that `fields` tell of; NotUnderstood names what is missing or unreadable."""
    if event_type is None:
        raise _no_type(fields, data)
    request, source = verified.request, verified.source
    flat = Flat(event_type, fields, request, source, minor, delivery)
    occurred_at = moment(fields.get("occurred_at"), "occurred_at", source.timezone)
    kind = event_type.partition(".")[0]
    parts = _PARTS[kind](flat) if kind in _PARTS else {}
    return Event(
        type=event_type,
        occurred_at=occurred_at or request.received_at,
        data=data,
        contact=_contact(flat),
        **parts,
    )


def _no_type(fields: Mapping[str, Any], data: Mapping[str, Any]) -> NotUnderstood:
    for name in ("type", "event"):
        if fields.get(name):
            return wrong(name, f"{shown(fields[name])} is no name for an event")
    return missing("No event type", ["type", "event"], data)


def _contact(flat: Flat) -> Person | None:
    names = ("external_id", "email", "phone", "first_name", "last_name", "name", "tags")
    said = {name: flat.fields.get(name) for name in names}
    person = read_person(
        country=flat.source.country, **{**said, "external_id": _person_id(flat, "external_id")}
    )
    return person if person.is_known else None


def _person_id(flat: Flat, name: str) -> object:
    """Whom a shop calls 0 has no account there: a tool that passes it on speaks of every guest."""
    said = flat.fields.get(name)
    return None if str(said).strip() == "0" else said


def _booking(flat: Flat) -> dict[str, Any]:
    zone, fields = flat.source.timezone, flat.fields
    booking = Booking(
        id=flat.id("booking_id", "id"),
        status=flat.type.partition(".")[2],
        service=flat.text("service"),
        starts_at=moment(fields.get("starts_at"), "starts_at", zone),
        ends_at=moment(fields.get("ends_at"), "ends_at", zone),
        price=flat.money(),
    )
    return {"booking": booking}


def _invoice(flat: Flat) -> dict[str, Any]:
    return {"invoice": Invoice(flat.id("invoice_id", "id"), flat.money())}


def _payment(flat: Flat) -> dict[str, Any]:
    if flat.type == "payment.refunded":
        return {"refund": Refund(flat.id("id"), flat.money(), of=flat.text("invoice_id", "order_id"))}
    return {"payment": Payment(flat.id("id"), flat.money(), invoice_id=flat.text("invoice_id"))}


def _order(flat: Flat) -> dict[str, Any]:
    if flat.type == "order.refunded":
        return {"refund": Refund(flat.id("id"), flat.money(), of=flat.text("order_id", "invoice_id"))}
    return {"order": Order(flat.id("order_id", "id"), flat.money())}


def _form(flat: Flat) -> dict[str, Any]:
    answers = {name: value for name, value in flat.fields.items() if name not in (*NAMES, "event", "title")}
    return {"form": Form(flat.id("id"), title=flat.text("title"), answers=answers)}


def _deal(flat: Flat) -> dict[str, Any]:
    return {"deal": Deal(flat.id("id"), flat.money())}


def _points(flat: Flat) -> dict[str, Any]:
    points = whole(flat.fields.get("points"), "points")
    if points is None:
        raise missing("No points", ["points"], flat.fields)
    return {"points": points, "award": _award(flat)}


def _award(flat: Flat) -> str:
    """By its id; else by its delivery, else by its body: sent again later, that says the same moment."""
    return flat.text("id") or flat.delivery or kit.body_key(flat.request, flat.request.query)


def _tag(flat: Flat) -> dict[str, Any]:
    if not flat.type.startswith("contact.tag_"):
        return {}
    tag = text(flat.fields.get("tag"), "tag", MAX_TAG)
    if tag is None:
        raise missing("No tag", ["tag"], flat.fields)
    return {"tag": mask(tag)}


def _referral(flat: Flat) -> dict[str, Any]:
    country, fields = flat.source.country, flat.fields
    referrer = read_person(
        country=country, external_id=_person_id(flat, "referrer_id"), email=fields.get("referrer_email")
    )
    if not referrer.is_known:
        raise missing("No referrer", ["referrer_email", "referrer_id"], fields)
    return {"referrer": referrer}


_PARTS: Final = {
    "booking": _booking,
    "contact": _tag,
    "deal": _deal,
    "form": _form,
    "invoice": _invoice,
    "order": _order,
    "payment": _payment,
    "points": _points,
    "referral": _referral,
    "survey": _form,
}


def _of_query(query: str) -> str | None:
    if not query or len(query) > _MAX_QUERY:
        return None
    try:
        found = parse_qs(query, errors="strict", max_num_fields=50).get("event", [])
    except ValueError:  # too many fields, or not UTF-8
        return None
    return found[0] if len(found) == 1 else None
