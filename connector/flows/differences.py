"""What an event amounts to, by what is known of its contact here: none, itself, or several.

A whole list of tags becomes the tags that it puts on and takes off; a booking's update
is a rescheduling only where its time is another. The one rule: the same telling again
amounts to nothing more, and facts are noted whatever it amounts to.
"""

from dataclasses import replace
from typing import Final

from ..domain.accounts import InboundSource
from ..domain.contacts import Trust
from ..domain.events import Event
from ..store import contacts, facts
from ..store.contacts import Contact
from ..store.writer import Writing
from . import asking, moments
from .totals import facts_of, sales_of

_OF_TAGS: Final = ("contact.tag_added", "contact.tag_removed")


def settle(
    tx: Writing, found: InboundSource, delivery: str, event: Event, trust: Trust
) -> tuple[Contact | None, list[Event]]:
    """Whom the event concerns, with its facts and tags noted, and the events that are to be told of.

    `trust`: how far it is believed what addresses somebody has who is there already.
    """
    if event.is_request:
        return asking.settle(tx, found, delivery, event)
    contact = _resolved(tx, found, event, trust)
    event = asking.as_made(tx, found, delivery, event, contact)
    if contact is None:
        return None, [event]
    is_moved = _is_moved(tx, found, contact, event)
    _note_facts(tx, found, contact, event)
    if event.tag and event.type in _OF_TAGS:
        is_on, at = event.type == "contact.tag_added", moments.noted_at(tx, event)
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
        return _payer(tx, found, event)
    at = moments.noted_at(tx, event)
    return contacts.resolve(tx, found.account.id, event.contact, found.namespace, at, trust=trust)


def _payer(tx: Writing, found: InboundSource, event: Event) -> Contact | None:
    """Shopify, Stripe and Square say of a refund what it is of, and not whose: it is of who paid."""
    sales = sales_of(event)
    who = None if sales is None else facts.payer(tx, found.id, sales)
    held = None if who is None else contacts.lock_row(tx, who)
    return None if held is None or held.erased_at is not None else held


def _note_facts(tx: Writing, found: InboundSource, contact: Contact, event: Event) -> None:
    past = replace(event, occurred_at=moments.noted_at(tx, event))
    for fact in facts_of(past, counts_spend=found.counts_spend):
        facts.tell(tx, contact.id, found.id, fact)


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
