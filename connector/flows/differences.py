"""What an event amounts to, by what is known of its contact here: none, itself, or several.

A whole list of tags becomes the tags that it puts on and takes off; a booking's update
is a rescheduling only where its time is another, and what was only asked for is made once
it is agreed to. The one rule: the same telling again amounts to nothing more, and facts are
noted whatever it amounts to.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from ..domain.accounts import InboundSource
from ..domain.contacts import Trust
from ..domain.events import Event
from ..store import contacts, deliveries, facts
from ..store.contacts import Contact
from ..store.writer import Writing
from .news import WEAK_FOR
from .totals import facts_of

NOT_AGREED: Final = "asked for, and not agreed to yet: it counts once it is"

_OF_TAGS: Final = ("contact.tag_added", "contact.tag_removed")
_REQUESTED: Final = "requested:"
_AGREED: Final = "agreed:"


def settle(
    tx: Writing, found: InboundSource, delivery: str, event: Event, trust: Trust
) -> tuple[Contact | None, list[Event]]:
    """Whom the event concerns, with its facts and tags noted, and the events that are to be told of.

    `trust`: how far it is believed what addresses somebody has who is there already.
    """
    if event.is_request:
        _claim(tx, found, delivery, _REQUESTED, event)
        return None, []
    contact = _resolved(tx, found, event, trust)
    event = _as_made(tx, found, delivery, event, contact)
    if contact is None:
        return None, [event]
    is_moved = _is_moved(tx, found, contact, event)
    _note_facts(tx, found, contact, event)
    if event.tag and event.type in _OF_TAGS:
        is_on, at = event.type == "contact.tag_added", _when(tx, event)
        contact = contacts.set_tag(tx, contact, event.tag, is_on=is_on, at=at)
    told = [event] if is_moved else []
    return contact, _with_tags(event, contact) if event.tells_tags else told


def note(tx: Writing, found: InboundSource, event: Event, trust: Trust) -> Contact | None:
    """What an event says of its contact, and nothing more: it was told before under another name."""
    contact = _resolved(tx, found, event, trust)
    if contact is not None:
        _note_facts(tx, found, contact, event)
    return contact


def _resolved(tx: Writing, found: InboundSource, event: Event, trust: Trust) -> Contact | None:
    if event.contact is None:
        return None
    at = _when(tx, event)
    return contacts.resolve(tx, found.account.id, event.contact, found.namespace, at, trust=trust)


def _note_facts(tx: Writing, found: InboundSource, contact: Contact, event: Event) -> None:
    past = replace(event, occurred_at=_when(tx, event))
    for fact in facts_of(past, counts_spend=found.counts_spend):
        facts.tell(tx, contact.id, found.id, fact)


def _when(tx: Writing, event: Event) -> datetime:
    """A wrong clock's moment in the future would make all that truly comes later look old."""
    return min(event.occurred_at, tx.now)


def _as_made(
    tx: Writing, found: InboundSource, delivery: str, event: Event, contact: Contact | None
) -> Event:
    """The event; where it is the first telling that a booking stands which was only asked for: as made."""
    booking = event.booking
    if booking is None or event.type != "booking.rescheduled":
        return event
    if not deliveries.is_taken(tx, found.id, _REQUESTED + event.own_booking):
        return event
    if contact is not None and facts.known(tx, contact.id, found.id, "booking", event.own_booking):
        return event  # it stood before, and was asked for again at another time
    if not _claim(tx, found, delivery, _AGREED, event):
        return event
    return replace(
        event, type="booking.created", booking=replace(booking, status="created"), only_if_moved=False
    )


def _claim(tx: Writing, found: InboundSource, delivery: str, what: str, event: Event) -> bool:
    """Whether no delivery before this one said so of the event's booking."""
    if event.booking is None:
        return False
    return deliveries.take_keys(tx, found.id, delivery, [(what + event.own_booking, False)], WEAK_FOR) is None


def _is_moved(tx: Writing, found: InboundSource, contact: Contact, event: Event) -> bool:
    """False for an update of a booking that is known, at the time that is known."""
    if not event.only_if_moved or event.booking is None:
        return True
    told = event.booking.ends_at or event.booking.starts_at
    known = facts.known(tx, contact.id, found.id, "booking", event.own_booking)
    return told is None or known is None or known.at != told


def _with_tags(event: Event, contact: Contact) -> list[Event]:
    """The event and, in the order of the alphabet, what its list took off and put on."""
    before, after = set(contact.tags_before), set(contact.tags)
    changes = [("contact.tag_removed", tag) for tag in sorted(before - after)]
    changes += [("contact.tag_added", tag) for tag in sorted(after - before)]
    itself = [] if event.type in _OF_TAGS else [event]
    return itself + [
        Event(type=name, occurred_at=event.occurred_at, data=event.data, contact=event.contact, tag=tag)
        for name, tag in changes
    ]
