"""What the doors change of a contact: identities, tags, attributes; two that become one; one that is erased.

What is said by hand holds at once, whatever was told before; what is told of a later
moment by an event goes on top of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select, update

from . import contacts as rows
from . import facts, goals
from .contact_lists import identities_of
from .contacts import Contact, write
from .identities import Identity, detach, vouch
from .order_tables import orders
from .tables import (
    cards,
    contacts,
    early_undos,
    events,
    gifts,
    given_points,
    goal_members,
    identities,
    notifications,
    once_taken,
    runs,
    sightings,
    undoable_runs,
)
from .writer import Writing

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING: Final[Mapping[str, Any]] = {
    "email": None,
    "phone": None,
    "first_name": None,
    "last_name": None,
    "tag_log": {},
    "tags_at": None,
    "names_at": None,
    "attributes": {},
    "referred_by": None,
}
"""All that a contact's row says of a person."""


def tagged(
    contact: Contact,
    now: datetime,
    *,
    every: Iterable[str] | None = None,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
) -> dict[str, Any]:
    """What to write so that exactly `every` tag is on (None: those that were), with `add`, without `remove`.

    Said at the latest moment that was ever told of them: a command is not undone by
    its own second.
    """
    latest = max([_microseconds(now), *(at + 1 for at, _ in contact.tag_log.values())])
    if contact.tags_at is not None:
        latest = max(latest, _microseconds(contact.tags_at) + 1)
    if every is not None:
        log: dict[str, Any] = {tag: [latest, True] for tag in every}
        return {"tag_log": log, "tags_at": _EPOCH + timedelta(microseconds=latest)}
    log = dict(contact.tag_log)
    log |= {tag: [latest, True] for tag in add}
    log |= {tag: [latest, False] for tag in remove if tag in log}
    return {"tag_log": log}


def set_identities(
    tx: Writing,
    contact: Contact,
    kind: str,
    namespace: str,
    values: Sequence[str],
    *,
    stays: Sequence[str] = (),
) -> Identity | None:
    """Let the locked contact be found by exactly these of one kind; the first that is another's, or None.

    `values` are said to be theirs; of what `stays` beside them nothing is said.
    """
    held = {
        value
        for own_kind, own_namespace, value in identities_of(tx, [contact.id])[contact.id]
        if (own_kind, own_namespace) == (kind, namespace)
    }
    drop_identities(tx, contact, [(kind, namespace, value) for value in held.difference(values, stays)])
    for value in values:
        if value in held:
            vouch(tx, contact.account_id, contact.id, (kind, namespace, value))
        elif not rows.attach(tx, contact, (kind, namespace, value)):
            return kind, namespace, value
    return None


def drop_identities(tx: Writing, contact: Contact, gone: Iterable[Identity]) -> None:
    """Let the contact no longer be found by these."""
    for identity in gone:
        detach(tx, contact.account_id, contact.id, identity)


def lock_all(tx: Writing, contacts_in: Sequence[Contact]) -> list[Contact]:
    """The contacts as they are now, held until the commit also against whatever would name them."""
    numbers = sorted({one.id for one in contacts_in})
    if not tx.is_alone:
        held = select(contacts.c.id).where(contacts.c.id.in_(numbers)).order_by(contacts.c.id)
        tx.execute(held.with_for_update())
    found = tx.execute(select(contacts).where(contacts.c.id.in_(numbers))).mappings()
    now = {row["id"]: rows.contact_of(row) for row in found}
    return [now[one.id] for one in contacts_in]


def merge(tx: Writing, source: Contact, target: Contact) -> Contact:
    """Let `source` go on as `target`, both from `lock_all`: all that names it names the other from now on.

    Of what both have the target's stays; tags and totals are those of both.
    """
    own_events = select(events.c.id).where(events.c.contact_id == source.id)
    whose_runs = runs.c.event_id.in_(own_events) | runs.c.event_id.is_(None)  # by the index that runs have
    tx.execute(update(runs).where(runs.c.contact_id == source.id, whose_runs).values(contact_id=target.id))
    own_cards = cards.c.account_id == source.account_id, cards.c.contact_id == source.id
    tx.execute(update(cards).where(*own_cards).values(contact_id=target.id))
    for table in (identities, events, gifts, given_points, sightings, goal_members, notifications, orders):
        tx.execute(update(table).where(table.c.contact_id == source.id).values(contact_id=target.id))
    for table in (undoable_runs, early_undos):  # whose key may be the contact's id
        key = func.replace(table.c.key, source.public_id, target.public_id)
        own = table.c.contact_id == source.id
        tx.execute(update(table).where(own).values(contact_id=target.id, key=key))
    goals.settle(tx, target.id)
    facts.move(tx, source.id, target.id)
    _take_once_too(tx, source, target)
    aliases = contacts.c.merged_into == source.id
    tx.execute(update(contacts).where(aliases).values(merged_into=target.id))
    write(tx, source, {**_NOTHING, "merged_into": target.id})
    return write(tx, target, _together(source, target))


def forget(tx: Writing, contact: Contact) -> Contact:
    """Empty the locked contact's row for good: nobody is found by it, and it says nothing of a person."""
    known = identities_of(tx, [contact.id])[contact.id]
    tx.execute(delete(identities).where(identities.c.contact_id == contact.id))
    names = {value for _, _, value in known} | {one for one in (contact.email, contact.phone) if one}
    named = contacts.c.account_id == contact.account_id, contacts.c.referred_by.in_(sorted(names))
    tx.execute(update(contacts).where(*named).values(referred_by=contact.public_id))
    for table in (undoable_runs, early_undos):  # whoever comes back is another contact: a refund still counts
        tx.execute(update(table).where(table.c.contact_id == contact.id).values(contact_id=None))
    return write(tx, contact, {**_NOTHING, "erased_at": tx.now})


def _together(source: Contact, target: Contact) -> dict[str, Any]:
    told = {
        name: getattr(target, name) or getattr(source, name)
        for name in ("email", "phone", "first_name", "last_name", "referred_by")
    }
    if told["referred_by"] in (source.public_id, target.public_id):
        told["referred_by"] = None
    log = {
        tag: max(one for one in (source.tag_log.get(tag), target.tag_log.get(tag)) if one is not None)
        for tag in {*source.tag_log, *target.tag_log}
    }
    moments = {
        name: max((one for one in (getattr(source, name), getattr(target, name)) if one), default=None)
        for name in ("tags_at", "names_at")
    }
    return {
        **told,
        **moments,
        "tag_log": log,
        "attributes": {**source.attributes, **target.attributes},
        "first_seen_at": min(source.first_seen_at, target.first_seen_at),
    }


def _take_once_too(tx: Writing, source: Contact, target: Contact) -> None:
    """What a recipe did once for the one is done for the other: nobody is paid twice for being merged."""
    taken = select(once_taken).where(
        once_taken.c.account_id == source.account_id,
        func.instr(once_taken.c.value, source.public_id) > 0
        if tx.is_alone
        else func.strpos(once_taken.c.value, source.public_id) > 0,
    )
    for row in tx.execute(taken).mappings().all():
        value = row["value"].replace(source.public_id, target.public_id)
        tx.insert_new(once_taken, {**row, "value": value}, ("account_id", "recipe", "value"))


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
