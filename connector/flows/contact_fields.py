"""What doors tell of a contact, read: identities in their one form, tags and attributes within bounds.

The one rule: nothing is guessed and nothing is cut. What cannot be read is refused by
its field's name, and so is what a list could not find again.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..domain.accounts import Account
from ..domain.card_numbers import mask
from ..domain.contacts import MAX_NAME, MAX_TAG, MAX_TAGS, Person, normal_email, normal_phone, read_person
from ..domain.errors import FieldError, ValidationFailed
from ..domain.jsontext import dumps
from ..operations.kit import API_NAMESPACE
from ..store import words
from ..store.contact_lists import Filters
from ..store.identities import Identity
from .paging import bad

LEFT_OUT: Final[Any] = object()
"""What a field has that was not told; None empties it."""

MAX_NAMESPACES: Final = 20
MAX_IDS: Final = 10  # of one person in one namespace: after merges they have a few
MAX_KEYS: Final = 50
MAX_BYTES: Final = 8_192
MAX_WORDS: Final = 10  # of one search
_NAMESPACE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Told:
    """What a door says of a contact. A field that is None was not told; an empty one empties.

    `external_ids`: the ids of one person by namespace.
    """

    names: Mapping[str, str | None] = field(default_factory=dict)
    email: tuple[str, ...] | None = None
    phone: tuple[str, ...] | None = None
    external_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: tuple[str, ...] | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    clears_attributes: bool = False
    referred_by: Any = LEFT_OUT

    @property
    def identities(self) -> list[Identity]:
        """All that the contact is to be found by: ids first, ours before the platforms'."""
        spaces = sorted(self.external_ids, key=lambda one: (one != API_NAMESPACE, one))
        found = [("external_id", space, value) for space in spaces for value in self.external_ids[space]]
        found += [("email", "", value) for value in self.email or ()]
        return found + [("phone", "", value) for value in self.phone or ()]

    def first(self) -> tuple[Person, str]:
        """Whom to make, and the namespace of their id; the rest is written to them after."""
        _, namespace, value = (*self.identities, ("", API_NAMESPACE, ""))[0]
        is_id = bool(self.external_ids) and any(self.external_ids.values())
        person = Person(
            external_id=value if is_id else None,
            email=(self.email or (None,))[0],
            phone=(self.phone or (None,))[0],
        )
        return person, namespace if is_id else API_NAMESPACE


def read(account: Account, told: Mapping[str, Any]) -> Told:
    """`told` holds fields by name as they came, a null for one that is to be emptied. ValidationFailed."""
    names = {}
    for name in ("first_name", "last_name"):
        if name in told:
            names[name] = _shown(name, told[name], MAX_NAME)
    if told.get("tags") is not None and (told.get("add_tags") or told.get("remove_tags")):
        raise wrong("tags", "is the whole list; give it, or add_tags and remove_tags")
    return Told(
        names=names,
        email=_identity(told, "email", normal_email),
        phone=_identity(told, "phone", lambda text: normal_phone(text, account.country)),
        external_ids=_external_ids(told),
        tags=_tags("tags", told.get("tags")),
        add_tags=_tags("add_tags", told.get("add_tags")) or (),
        remove_tags=_tags("remove_tags", told.get("remove_tags")) or (),
        attributes=mask(told.get("attributes") or {}),
        clears_attributes="attributes" in told and told["attributes"] is None,
        referred_by=told.get("referred_by", LEFT_OUT),
    )


def attributes_with(there: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Keys that are told replace, a null takes out, the others stay."""
    whole = {name: value for name, value in {**there, **told}.items() if value is not None}
    if len(whole) > MAX_KEYS:
        raise wrong("attributes", f"would have {len(whole)} keys; {MAX_KEYS} are the most")
    if len(dumps(whole)) > MAX_BYTES:
        raise wrong("attributes", f"would have more than {MAX_BYTES} bytes")
    return whole


def require_tags(count: int) -> None:
    """Pass if a contact may have so many tags."""
    if count > MAX_TAGS:
        raise wrong("tags", f"would be {count}; {MAX_TAGS} are the most")


def filters(account: Account, asked: Mapping[str, Any]) -> Filters:
    """What is asked of a list: `external_id` (of a `namespace`), `email`, `phone`, `tag`, `q`. BadRequest."""
    wanted: list[Identity] = []
    if asked.get("namespace") is not None and asked.get("external_id") is None:
        raise bad("namespace", "is that of an external_id, which is missing")
    if asked.get("external_id") is not None:
        external_id = _own_form(asked["external_id"])
        if external_id is None:
            raise bad("external_id", "is none")
        wanted.append(("external_id", asked.get("namespace") or API_NAMESPACE, external_id))
    if asked.get("email") is not None:
        email = normal_email(asked["email"])
        if email is None:
            raise bad("email", "is no e-mail address")
        wanted.append(("email", "", email))
    if asked.get("phone") is not None:
        text = asked["phone"]
        if text.startswith(" "):  # a + that nobody escaped: in a query it is a blank
            text = "+" + text.lstrip(" ")
        phone = normal_phone(text, account.country)
        if phone is None:
            raise bad("phone", "is no phone number; write it like +14155550113 (in a URL %2B14155550113)")
        wanted.append(("phone", "", phone))
    found = () if asked.get("q") is None else tuple(words.in_search(asked["q"]))
    if asked.get("q") is not None and not 1 <= len(found) <= MAX_WORDS:
        raise bad("q", f"has one to {MAX_WORDS} words")
    return Filters(tuple(wanted), mask(asked.get("tag")), found)  # as tags are kept


def digest(asked: Mapping[str, Any]) -> str:
    """The filters of a list, short: a cursor of other filters is another list's."""
    kept = {name: value for name, value in asked.items() if name not in ("limit", "cursor")}
    return hashlib.sha256(dumps(kept).encode()).hexdigest()[:16]


def wrong(name: str, message: str) -> ValidationFailed:
    """One field's fault."""
    return ValidationFailed(f"{name} {message}", errors=[FieldError(name, message)])


def _identity(
    told: Mapping[str, Any], name: str, normal: Callable[[str], str | None]
) -> tuple[str, ...] | None:
    if name not in told:
        return None
    if told[name] is None:
        return ()
    found = normal(told[name])
    if found is None:
        raise wrong(
            name, "is no e-mail address" if name == "email" else "is no phone number that can be read"
        )
    return (found,)


def _external_ids(told: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    given = dict(told.get("external_ids") or {})
    if "external_id" in told:
        if API_NAMESPACE in given:
            raise wrong("external_id", f"is that of the namespace {API_NAMESPACE}, which is told already")
        given[API_NAMESPACE] = told["external_id"]
    if len(given) > MAX_NAMESPACES:
        raise wrong("external_ids", f"has {len(given)} namespaces; {MAX_NAMESPACES} are the most")
    found = {}
    for space, value in given.items():
        name = (
            "external_id"
            if space == API_NAMESPACE and "external_id" in told
            else f"external_ids.{space[:60]}"
        )
        if not _NAMESPACE.fullmatch(space):
            raise wrong(name, "is no namespace: a source's slug, or the name that sources share")
        values = [] if value is None else [value] if isinstance(value, str) else value
        if not isinstance(values, list) or len(values) > MAX_IDS:
            raise wrong(name, f"is an id, a list of at most {MAX_IDS}, or null")
        read_ids = [_own_form(one) if isinstance(one, str) else None for one in values]
        if None in read_ids:
            raise wrong(name, "is an id as text of 1 to 255 characters")
        found[space] = tuple(dict.fromkeys(one for one in read_ids if one is not None))
    return found


def _own_form(external_id: str) -> str | None:
    """An external id as events write it, or None."""
    return read_person(country="", external_id=external_id).external_id


def _tags(name: str, given: Sequence[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    found = [_shown(name, tag, MAX_TAG) for tag in given]
    if None in found:
        raise wrong(name, "has an empty tag")
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _shown(name: str, given: str | None, most: int) -> str | None:
    """A text as events write it: trimmed, without control characters; empty is none."""
    if given is None:
        return None
    if len(given) > most:
        raise wrong(name, f"has {len(given)} characters; {most} are the most")
    return read_person(country="", last_name=given).last_name
