"""What an event amounts to, by what is known of its contact here: none, itself, or several.

A whole list of tags becomes the tags that it puts on and takes off; a booking's update
is a rescheduling only where its time is another. The one rule: the same telling again
amounts to nothing more, and facts are noted whatever it amounts to.
"""

from dataclasses import replace

from ..domain.accounts import InboundSource
from ..domain.contacts import Trust
from ..domain.events import Event
from ..store import contacts, facts
from ..store.contacts import Contact
from ..store.writer import Writing
from .totals import facts_of

_OF_TAGS = ("contact.tag_added", "contact.tag_removed")


def settle(
    tx: Writing, found: InboundSource, event: Event, trust: Trust
) -> tuple[Contact | None, list[Event]]:
    """Whom the event concerns, with its facts and tags noted, and the events that are to be told of.

    `trust`: how far it is believed what addresses somebody has who is there already.
    """
    # A wrong clock's moment in the future would make all that truly comes later look old.
    at = min(event.occurred_at, tx.now)
    person = event.contact
    contact = None
    if person is not None:
        contact = contacts.resolve(tx, found.account.id, person, found.namespace, at, trust=trust)
    if contact is None:
        return None, [event]
    is_moved = _is_moved(tx, found, contact, event)
    for fact in facts_of(replace(event, occurred_at=at), counts_spend=found.counts_spend):
        facts.tell(tx, contact.id, found.id, fact)
    if event.tag and event.type in _OF_TAGS:
        is_on = event.type == "contact.tag_added"
        contact = contacts.set_tag(tx, contact, event.tag, is_on=is_on, at=at)
    told = [event] if is_moved else []
    return contact, _with_tags(event, contact) if event.tells_tags else told


def _is_moved(tx: Writing, found: InboundSource, contact: Contact, event: Event) -> bool:
    """False for an update of a booking that is known, at the time that is known."""
    if not event.only_if_moved or event.booking is None:
        return True
    told = event.booking.ends_at or event.booking.starts_at
    known = facts.known(tx, contact.id, found.id, "booking", event.booking.id)
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
