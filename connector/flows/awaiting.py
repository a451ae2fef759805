"""A booking that was made waits for its end, where its platform never says that it took place.

The one rule: what is known of the booking decides, not what came last. News in any order
leaves the one wait that the newest telling asks for, or none.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from ..adapters.kit import Adapter
from ..domain.accounts import InboundSource
from ..domain.events import Event
from ..recipes.values import EvaluationFailed, later, read_duration
from ..store import completions, deliveries, facts
from ..store.completions import Awaited
from ..store.contacts import Contact
from ..store.facts import Fact
from ..store.writer import Writing
from .news import WEAK_FOR
from .performing import Happening

OPEN: Final = ("created", "rescheduled")
_TAKEN_BACK: Final = "taken back:"


def foresee(
    tx: Writing, found: InboundSource, adapter: Adapter, delivery: str, events: Sequence[Event]
) -> None:
    """End the waits that a delivery takes back which is stored to be run later, or perhaps never.

    What its platform's API is asked for is who it was, not whether: until it has run, nothing that was
    told of the booking before begins the wait anew. In one order, so that two batches never deadlock.
    """
    if not adapter.never_completes:
        return
    gone = {event.replaces for event in events if event.replaces is not None}
    gone |= {one.own_booking for one in events if one.booking is not None and one.booking.status not in OPEN}
    for booking in sorted(gone):
        completions.drop(tx, found.id, booking)
        deliveries.take_keys(tx, found.id, delivery, [(_TAKEN_BACK + booking, False)], WEAK_FOR)


def note(tx: Writing, found: InboundSource, adapter: Adapter, event: Event, happening: Happening) -> None:
    """Begin, move or end the wait for what this event tells of. It must be kept, and its facts told."""
    if not adapter.never_completes or event.booking is None:
        return
    if event.replaces is not None:
        completions.drop(tx, found.id, event.replaces)
    contact, booking, own = happening.contact, event.booking, event.own_booking
    if contact is None:  # a look-up found nobody: rather no completion than one of what was cancelled
        if booking.status not in OPEN:
            completions.drop(tx, found.id, own)
            deliveries.take_keys(tx, found.id, happening.public_id, [(_TAKEN_BACK + own, False)], WEAK_FOR)
        return
    if booking.status not in OPEN:  # it is a fact now
        deliveries.forget_key(tx, found.id, _TAKEN_BACK + own)
    known = facts.known(tx, contact.id, found.id, "booking", own)
    if not is_open(known):
        completions.drop(tx, found.id, own)
        return
    is_newest = known is not None and known.at == booking.ends_at
    if not is_newest or booking.ends_at is None:
        return
    if deliveries.is_taken(tx, found.id, _TAKEN_BACK + own):
        return
    due_at = _due_at(found, booking.ends_at)
    if due_at is not None:
        completions.put(tx, Awaited(found.id, own, found.account.id, happening.row_id, due_at))


def look_again(
    tx: Writing, found: InboundSource, adapter: Adapter, event: Event, contact: Contact | None
) -> None:
    """End the wait that a telling of old news leaves without ground; it begins none.

    Where nobody knows whose booking it is, any end of it does: rather no completion.
    """
    if not adapter.never_completes or event.booking is None:
        return
    known = None if contact is None else facts.known(tx, contact.id, found.id, "booking", event.own_booking)
    if not is_open(known):
        completions.drop(tx, found.id, event.own_booking)


def is_open(known: Fact | None) -> bool:
    """Whether the booking is still to take place: neither kept nor missed nor taken back."""
    return known is not None and known.state in OPEN


def _due_at(found: InboundSource, ends_at: datetime) -> datetime | None:
    """When it counts as completed; None: never."""
    if found.complete_after == "never":
        return None
    by = None if found.complete_after == "end" else read_duration(found.complete_after)
    try:
        return ends_at if by is None else later(ends_at, by, ZoneInfo(found.source.timezone))
    except EvaluationFailed:  # in a year that no calendar has
        return None
