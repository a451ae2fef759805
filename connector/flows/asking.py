"""Bookings that are asked for and not agreed to: none yet, or one that stands and is to be moved.

The one rule: what was asked for is made once, by the first telling that it stands, whichever of the two
comes first. One that stands and is to be moved is completed at neither time until the move is agreed to.
"""

from dataclasses import replace
from typing import Final

from ..domain.accounts import InboundSource
from ..domain.events import Event, rfc3339
from ..store import contacts, deliveries, facts
from ..store.contacts import Contact
from ..store.facts import Fact
from ..store.writer import Writing
from . import awaiting, moments
from .news import WEAK_FOR
from .totals import rank_of

NOT_AGREED: Final = "asked for, and not agreed to yet: it counts once it is"

_REQUESTED: Final = "requested:"
_AGREED: Final = "agreed:"
_ASKED: Final = "asked_for"


def settle(
    tx: Writing, found: InboundSource, delivery: str, event: Event
) -> tuple[Contact | None, list[Event]]:
    """Note what was asked for, and tell of the booking where it turns out to stand already.

    Nobody is made a contact by asking, and what stands stays as it is known.
    """
    contact = None
    if event.contact is not None:
        contact = contacts.who(tx, found.account.id, event.contact, found.namespace)
    is_first = _claim(tx, found, delivery, _REQUESTED, event)
    known = None if contact is None else facts.known(tx, contact.id, found.id, "booking", event.own_booking)
    if contact is None or known is None or not awaiting.is_open(known):
        return None, []
    if _is_newer(tx, event, known):
        facts.tell(tx, contact.id, found.id, _asked_again(tx, event, known))
        return None, []
    if is_first and _was_overtaken(tx, event, known) and _claim(tx, found, delivery, _AGREED, event):
        return contact, [replace(_made(event), occurred_at=known.first_at or event.occurred_at)]
    return None, []


def as_made(tx: Writing, found: InboundSource, delivery: str, event: Event, contact: Contact | None) -> Event:
    """The event; where it is the first telling that a booking stands which was only asked for: as made."""
    if event.booking is None or event.type != "booking.rescheduled":
        return event
    if not deliveries.is_taken(tx, found.id, _REQUESTED + event.own_booking):
        return event
    if contact is not None and facts.known(tx, contact.id, found.id, "booking", event.own_booking):
        return event  # it stood before, and was asked for again at another time
    return _made(event) if _claim(tx, found, delivery, _AGREED, event) else event


def is_to_be_moved(known: Fact) -> bool:
    """Whether the newest word on a booking that stands is that it is asked for at another time."""
    return bool(known.detail and _ASKED in known.detail)


def _is_newer(tx: Writing, event: Event, known: Fact) -> bool:
    told = (moments.noted_at(tx, event), rank_of(known.state, event.version))
    return told > (known.occurred_at, known.rank)


def _asked_again(tx: Writing, event: Event, known: Fact) -> Fact:
    at = moments.noted_at(tx, event)
    return replace(
        known, occurred_at=at, rank=rank_of(known.state, event.version), detail={_ASKED: rfc3339(at)}
    )


def _was_overtaken(tx: Writing, event: Event, known: Fact) -> bool:
    """Whether all that is known of the booking was told after this, and only as what became of it."""
    is_oldest = known.first_at is not None and moments.noted_at(tx, event) <= known.first_at
    return is_oldest and known.state == "rescheduled"


def _made(event: Event) -> Event:
    assert event.booking is not None
    booking = replace(event.booking, status="created")
    return replace(event, type="booking.created", booking=booking, only_if_moved=False, is_request=False)


def _claim(tx: Writing, found: InboundSource, delivery: str, what: str, event: Event) -> bool:
    """Whether no delivery before this one said so of the event's booking."""
    if event.booking is None:
        return False
    return deliveries.take_keys(tx, found.id, delivery, [(what + event.own_booking, False)], WEAK_FOR) is None
