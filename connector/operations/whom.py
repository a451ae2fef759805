"""Whom a door means: somebody by our id, by words of their own, or described to be found or made.

The one rule: nobody is guessed. What cannot be read is refused by its field's name, and
words that two people have name neither.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..domain import ids
from ..domain.accounts import Account
from ..domain.contacts import Person, Whom, normal_email, normal_phone, read_person, says_nothing
from ..domain.errors import FieldError, ValidationFailed
from ..store import contacts
from ..store.contacts import Contact
from ..store.writer import Writing

API_NAMESPACE: Final = "api"
"""Whose external ids those are that come by REST, actions and recipes."""

_KNOWN: Final = ("external_id", "email", "phone", "first_name", "last_name", "name", "tags")
_WRONG: Final = {
    "external_id": "must be an id of 1 to 255 characters",
    "email": "is no e-mail address",
    "phone": "is no phone number that can be read; write it like +14155550113",
}


def find(tx: Writing, account: Account, whom: Whom, *, pinned: bool = True) -> Contact | None:
    """The account's contact by our id; else by external id, e-mail or phone, as people write it.

    Of several, in a mapping, the first that finds somebody: external id, e-mail, phone.
    ValidationFailed where one text is an id of one person and the number of another.
    """
    if not isinstance(whom, str):
        person = read_described(account, whom, "")
        return contacts.find_by(tx, account.id, person, API_NAMESPACE, pinned=pinned)
    found = contacts.find(tx, account.id, whom, pinned=pinned)
    if found is not None or whom.startswith(ids.CONTACT + "_"):
        return found
    people: dict[str, tuple[str, Contact]] = {}
    for kind in _WRONG:
        person = read_person(country=account.country, **{kind: whom})
        other = contacts.find_by(tx, account.id, person, API_NAMESPACE, pinned=pinned)
        if other is not None:
            people.setdefault(other.public_id, (kind, other))
    if len(people) > 1:
        raise _ambiguous(whom, [kind for kind, _ in people.values()])
    return next((other for _, other in people.values()), None)


def read_described(account: Account, given: Mapping[str, Any], field: str = "contact") -> Person:
    """Who is described by fields of `field`; ValidationFailed names the one that is no such thing."""
    prefix = f"{field}." if field else ""
    for name, value in given.items():
        if name not in _KNOWN:
            raise _wrong(f"{prefix}{name[:60]}", "is not a field of a contact")
        if name in ("first_name", "last_name", "name") and not isinstance(value, str | None):
            raise _wrong(prefix + name, "must be text")
        if name == "tags" and not (value is None or isinstance(value, str) or _is_texts(value)):
            raise _wrong(prefix + name, "must be a list of texts, or one text with commas")
    person = read_person(country=account.country, **dict(given))
    for name, message in _WRONG.items():
        if getattr(person, name) is None and not says_nothing(given.get(name)):
            raise _wrong(prefix + name, message)
    return person


def require_addresses(account: Account, given: Mapping[str, Any] | None, field: str) -> None:
    """Pass if `email` and `phone` are none or what they are called: nothing could be sent there otherwise."""
    readers: dict[str, Callable[[Any], str | None]] = {
        "email": normal_email,
        "phone": lambda value: normal_phone(value, account.country),
    }
    for name, reader in readers.items():
        value = (given or {}).get(name)
        if not says_nothing(value) and reader(value) is None:
            raise _wrong(f"{field}.{name}", _WRONG[name])


def _is_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def _ambiguous(whom: str, kinds: list[str]) -> ValidationFailed:
    called = " and ".join(f"the {kind.replace('_', ' ')} of one contact" for kind in kinds)
    message = f"is {called}: say which, by {' or '.join(kinds)} as a field of its own, or by the contact's id"
    return ValidationFailed(f"{whom[:80]} {message}", errors=[FieldError("contact_id", message)])


def _wrong(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(f"{field} {message}", errors=[FieldError(field, message)])
