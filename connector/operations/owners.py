"""Whose a card is to be: found or made, and there. Who was erased is given nothing any more.

The one rule: whoever is named here is held until the commit, and is asked for before any
card is locked: contacts come before cards, everywhere.
"""

from collections.abc import Mapping
from typing import Any

from ..domain.contacts import Person, Trust, Whom, read_person
from ..domain.errors import ContactErased, NotFound
from ..store import contacts
from ..store.contacts import Contact
from .kit import API_NAMESPACE, Desk, wrong
from .whom import read_described


def require_owner(desk: Desk, contact_id: str | None, person: Mapping[str, Any] | None) -> Contact | None:
    """Who was named, or was described and is made if new; None for neither. NotFound, ContactErased."""
    if contact_id is not None and person is not None:
        raise wrong("contact", "give contact_id or contact, not both")
    if contact_id is not None:
        return _named(desk, contact_id)
    if person is None:
        return None
    described = read_described(desk.account, person)
    found = contacts.resolve(
        desk.tx,
        desk.account.id,
        described,
        API_NAMESPACE,
        desk.now,
        # Who may not even look at people tells nothing of those that are there: they are used as they are.
        may_change=desk.actor.may("contacts"),
        trust=trust_in(desk),
    )
    if found is None:
        raise wrong("contact", "needs external_id, email or phone")
    return found


def trust_in(desk: Desk) -> Trust:
    """How far whoever calls is believed of people's addresses.

    A program behind REST knows its people, as a shop does. An action's fields are mapped by hand out of
    what some other tool had, a form say: believed as that tool's events are.
    """
    return Trust.BY_ID if desk.actor.source == "action" else Trust.VOUCHED


def require_locked(desk: Desk, whom: Whom) -> Contact:
    """Who it is, made if new as of `require_owner`; locked, so that others who would give them wait."""
    # Not pinned before: two who hold a row for sharing and both want more wait for each other.
    found = desk.find_contact(whom, pinned=False)
    if found is None:
        found = _named(desk, whom) if isinstance(whom, str) else require_owner(desk, None, whom)
        assert found is not None
    return require_there(contacts.lock(desk.tx, found))


def require_known(desk: Desk, name: str) -> Contact:
    """The account's contact of this name, erased or not; NotFound."""
    found = desk.find_contact(name)
    if found is None:
        raise NotFound(f"There is no contact {name[:80]} in this account.")
    return found


def require_there(contact: Contact) -> Contact:
    """The contact itself, or ContactErased."""
    if contact.erased_at is not None:
        raise ContactErased(f"Contact {contact.public_id} was erased.")
    return contact


def _named(desk: Desk, name: str) -> Contact:
    """A recipe's `to:` may name somebody new, as a referrer often is; through other doors that is a slip."""
    found = desk.find_contact(name)
    if found is None and desk.actor.source == "recipe" and ("@" in name or name.startswith("+")):
        person: Person = read_person(
            country=desk.account.country, **{"email" if "@" in name else "phone": name}
        )
        found = contacts.resolve(desk.tx, desk.account.id, person, API_NAMESPACE, desk.now)
    if found is None:
        raise NotFound(f"There is no contact {name[:80]} in this account.")
    return require_there(found)
