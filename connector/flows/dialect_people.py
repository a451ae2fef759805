"""People as the published dialects know them: by one number each, ours or one that was theirs before.

The one rule: a number never changes hands. One that nobody has yet makes the contact that has it.
"""

from typing import Any, Final

from ..domain.contacts import Person
from ..operations import owners
from ..operations.kit import Desk, wrong
from ..store import aliases, contacts
from ..store.contacts import Contact

NAMESPACE: Final = "dialect numbers"
"""Whose external ids those numbers are by which a contact was made; no source can be called so."""


def known(connection: Any, account_id: int, number: int) -> Contact | None:
    """Who has this number, or None."""
    subject = aliases.by_number(connection, account_id, "contact", number)
    return None if subject is None else contacts.find(connection, account_id, subject)


def found_or_made(desk: Desk, number: int, field: str) -> Contact:
    """Who has this number, made if nobody has it; held until the commit. ContactErased.

    `field` is what the dialect calls it, for the refusal of what can be no number.
    """
    if not 0 < number <= aliases.MAX_NUMBER:
        raise wrong(field, f"must be a whole number from 1 to {aliases.MAX_NUMBER}")
    subject = aliases.by_number(desk.tx, desk.account.id, "contact", number)
    if subject is not None:
        return owners.require_there(owners.require_known(desk, subject))
    made = contacts.resolve(desk.tx, desk.account.id, Person(external_id=str(number)), NAMESPACE, desk.now)
    assert made is not None
    if not aliases.claim(desk.tx, desk.account.id, "contact", made.public_id, number):
        return found_or_made(desk, number, field)  # somebody made them, or was given the number, meanwhile
    return made
