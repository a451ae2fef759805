"""Events: what happened, in our words, whatever platform told of it (docs/receiving.md)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from .contacts import Person
from .money import Money

EVENT_TYPES: Final = (
    "booking.created",
    "booking.rescheduled",
    "booking.cancelled",
    "booking.completed",
    "booking.no_show",
    "contact.created",
    "contact.updated",
    "contact.tag_added",
    "contact.tag_removed",
    "invoice.paid",
    "payment.succeeded",
    "payment.refunded",
    "order.paid",
    "order.refunded",
    "form.submitted",
    "survey.completed",
    "referral.completed",
    "employee.milestone",
    "deal.won",
    "points.earned",
    "schedule.due",
)
CUSTOM_PREFIX: Final = "custom."
MAX_CUSTOM: Final = 80
_CUSTOM: Final = re.compile(r"custom\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", re.ASCII)

BOOKING_STATES: Final = ("created", "rescheduled", "cancelled", "completed", "no_show")


def is_event_type(text: str) -> bool:
    """Whether `text` is one of ours: listed above, or `custom.<name>`.

    A name has letters and digits of ASCII, `_` and `-`, in parts set off by dots.
    """
    return text in EVENT_TYPES or (
        len(text) <= len(CUSTOM_PREFIX) + MAX_CUSTOM and _CUSTOM.fullmatch(text) is not None
    )


@dataclass(frozen=True, slots=True)
class Booking:
    id: str
    status: str
    service: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    price: Money | None = None


OVER: Final = ("cancelled", "completed", "no_show")


def end_key(booking: Booking) -> str | None:
    """What the end of a booking is known again by, which comes once; None while it is still to take place."""
    return f"booking {booking.id} {booking.status}" if booking.status in OVER else None


@dataclass(frozen=True, slots=True)
class Invoice:
    """`order_id`: what its payments name as well, where they do not name the invoice."""

    id: str
    total: Money | None = None
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment that names an invoice, or an order that an invoice names too, is a part of that sale."""

    id: str
    amount: Money | None = None
    invoice_id: str | None = None
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order: `price` is that of one piece. `gift_card`: each piece is a card of that worth.

    `paid` is what all of its pieces came to after every discount, None where that is not known exactly.
    """

    id: str
    quantity: int = 1
    price: Money | None = None
    title: str | None = None
    gift_card: bool = False
    paid: Money | None = None

    @property
    def pieces(self) -> list["Line"]:
        """Each piece as a line of its own, which together were paid what the line was."""
        if self.paid is None:
            return [replace(self, quantity=1)] * self.quantity
        each, more = divmod(self.paid.minor, self.quantity or 1)
        sums = [Money(each + (place < more), self.paid.currency) for place in range(self.quantity)]
        return [replace(self, quantity=1, paid=one) for one in sums]


@dataclass(frozen=True, slots=True)
class Order:
    """`lines`: what was bought, () where the sender does not say."""

    id: str
    total: Money | None = None
    lines: tuple[Line, ...] = ()

    @property
    def gift_cards(self) -> list[Line]:
        """The gift cards bought, one item for each card: what a recipe's `for_each` goes over."""
        return [piece for line in self.lines if line.gift_card for piece in line.pieces]


@dataclass(frozen=True, slots=True)
class Refund:
    """`of` is the id of what was paid: an order, an invoice or a payment."""

    id: str
    amount: Money | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Form:
    id: str
    title: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deal:
    id: str
    value: Money | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `data` is the platform's whole payload.

    `key` says what happens once: the items of a batch, an order's payment, a booking's end. An
    event whose key is known from its source is dropped. None: the delivery's own id speaks for it.
    `tells_tags`: its contact's tags are the whole list, and what that changes here is told as
    contact.tag_added and contact.tag_removed; one of these without a `tag` is nothing
    but its list. `only_if_moved`: a rescheduling only where the booking's time here is another.
    `place`: what of a booking is this person's alone, where the people of a group share its id.
    `replaces`: the booking (its place, where it has one) that this one stands for now; `former_id` the id of
    that booking, where `replaces` is its place.
    `is_request`: a booking that is asked for and not agreed to: nothing happened yet, and what is told
    of it once it stands is `booking.created`.
    `version`: the platform's own count of a booking's changes: of one moment it says what is newer.
    `award`: what tells its points from others of one moment
    and number, as its sender says or its delivery; None: nothing does.
    """

    type: str
    occurred_at: datetime
    data: Mapping[str, Any]
    contact: Person | None = None
    booking: Booking | None = None
    invoice: Invoice | None = None
    payment: Payment | None = None
    order: Order | None = None
    refund: Refund | None = None
    form: Form | None = None
    deal: Deal | None = None
    points: int | None = None
    tag: str | None = None
    referrer: Person | None = None
    key: str | None = None
    derived: bool = False
    replaces: str | None = None
    former_id: str | None = None
    tells_tags: bool = False
    only_if_moved: bool = False
    is_request: bool = False
    place: str | None = None
    version: int = 0
    award: str | None = None

    @property
    def own_booking(self) -> str:
        """What its booking is known again by: of a group each place is kept, missed, cancelled by itself."""
        return self.place or ("" if self.booking is None else self.booking.id)

    @property
    def new_names(self) -> dict[str, str]:
        """By what the booking was called before: what it is called now."""
        if self.booking is None or self.replaces is None:
            return {}
        former = {} if self.former_id is None else {self.former_id: self.booking.id}
        return {**former, self.replaces: self.own_booking}

    @property
    def parts(self) -> dict[str, Any]:
        """Beside the envelope: what an event of this type speaks of, as JSON."""
        found: dict[str, Any] = {}
        for name in PARTS:
            value = getattr(self, name)
            if value is not None:
                found[name] = value if isinstance(value, int | str) else _as_json(value)
        return found


PARTS: Final = (
    "booking",
    "invoice",
    "payment",
    "order",
    "refund",
    "form",
    "deal",
    "points",
    "tag",
    "referrer",
)


def person_json(person: Person) -> dict[str, Any]:
    """A person as the envelope shows them: every field there, null where nothing is known."""
    return {
        "external_id": person.external_id,
        "email": person.email,
        "phone": person.phone,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "tags": list(person.tags or ()),
    }


def envelope(event: Event, *, event_id: str, source: str, adapter: str, account: str) -> dict[str, Any]:
    """The event as recipes and people see it, JSON-ready (docs/receiving.md)."""
    shown: dict[str, Any] = {
        "id": event_id,
        "type": event.type,
        "occurred_at": rfc3339(event.occurred_at),
        "source": source,
        "adapter": adapter,
        "account": account,
        "contact": None if event.contact is None else person_json(event.contact),
        **event.parts,
        "data": event.data,
    }
    if event.derived:
        shown["derived"] = True
    return shown


def rfc3339(at: datetime) -> str:
    """`2026-11-20T15:00:00Z`, with a fraction only where there is one; ValueError without a time zone."""
    if at.tzinfo is None:  # astimezone would take it for the machine's own
        raise ValueError("a moment without a time zone")
    text = at.astimezone(UTC).isoformat()
    return text.removesuffix("+00:00") + "Z"


def _as_json(value: Any) -> dict[str, Any]:
    if isinstance(value, Person):
        return person_json(value)
    shown = {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Order):
        if value.lines:
            shown["gift_cards"] = _plain(value.gift_cards)
        else:
            del shown["lines"]
    if isinstance(value, Invoice | Payment) and value.order_id is None:
        del shown["order_id"]
    return shown


def _plain(part: Any) -> Any:
    if isinstance(part, Money):
        return part.as_json()
    if isinstance(part, datetime):
        return rfc3339(part)
    if isinstance(part, Line):
        return _as_json(part)
    if isinstance(part, list | tuple):
        return [_plain(one) for one in part]
    return part
