"""Contacts: who somebody is, and how two mentions are the same person.

By external id within its namespace first, then e-mail, then phone. Values are
brought to one form here; what cannot be is no identity.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import phonenumbers

from .card_numbers import mask

_EMAIL: Final = re.compile(r"[^\s@<>\"(),:;\\\[\]]{1,64}@[^\s@<>\"(),:;\\\[\]]{1,255}")
_SPACE: Final = re.compile(r"[\s\x00-\x1f\x7f]+")  # no text of a person needs a control character
_NOTHING: Final = frozenset({"", "null", "none", "undefined", "n/a"})
MAX_NAME: Final = 200
MAX_TAGS: Final = 200
MAX_TAG: Final = 100
MAX_EXTERNAL_ID: Final = 255
MAX_EMAIL: Final = 320
MAX_PHONE: Final = 40
_MAX_ID_BITS: Final = 256  # a UUID has 128


Whom = str | Mapping[str, Any]
"""How a door names somebody: our id, e-mail, phone or external id; or a mapping of several by name."""


class Trust(Enum):
    """How far an address is believed that is told of somebody who is there already.

    `VOUCHED`: who tells it knows whose it is, as a shop or a booking tool does of its customers.
    `BY_ID`: only of those whom it tells by an id of its own: a tool that passes on what others said.
    `TYPED`: never, for anybody can type another's address beside their own into a form.
    """

    VOUCHED = "vouched"
    BY_ID = "by id"
    TYPED = "typed"


@dataclass(frozen=True, slots=True)
class Person:
    """A person as one payload describes them; None where it says nothing.

    `tags`: the full list where the payload has one, None where it has none.
    """

    external_id: str | None = None
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    tags: tuple[str, ...] | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is anything to find them by."""
        return bool(self.external_id or self.email or self.phone)


def read_person(
    *,
    country: str,
    external_id: object = None,
    email: object = None,
    phone: object = None,
    first_name: object = None,
    last_name: object = None,
    name: object = None,
    tags: object = None,
) -> Person:
    """A Person from raw fields. What is empty, `null` as text or unreadable counts as absent.

    `name` is a whole name, used where there is no first name; `tags` a list or
    a comma-separated text; `country` (ISO 3166) reads phone numbers that have no
    country code.
    """
    first, last = _text(first_name, MAX_NAME), _text(last_name, MAX_NAME)
    whole = _text(name, MAX_NAME)
    if whole and not first and not last:
        first, _, rest = whole.partition(" ")
        last = rest or None
    return Person(
        external_id=_identity(external_id, MAX_EXTERNAL_ID),
        email=normal_email(email),
        phone=normal_phone(phone, country),
        first_name=first,
        last_name=last,
        tags=read_tags(tags),
    )


def normal_email(value: object) -> str | None:
    """In small letters and trimmed, or None where it is no address.

    Letter by letter, and only into another letter of the same kind: `str.casefold` makes `ss` of
    `ß`, and `str.lower` a plain `k` of the Kelvin sign, and either is somebody else's address.
    """
    text = _identity(value, MAX_EMAIL)
    if text is None or not _EMAIL.fullmatch(text):
        return None
    return "".join([_small(letter) for letter in text]) if not text.isascii() else text.lower()


def normal_phone(value: object, country: str) -> str | None:
    """E.164 (`+14155550113`), or None where no possible number can be read.

    A number without its area is none: two people may have it. One with an extension is none
    either: a whole company may have it.
    """
    text = _identity(value, MAX_PHONE)
    if text is None:
        return None
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return None
    if number.extension:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_country(code: str) -> bool:
    """Whether `code` is a country whose phone numbers can be read: two capital letters of ISO 3166."""
    return code in phonenumbers.SUPPORTED_REGIONS


def says_nothing(value: object) -> bool:
    """Whether `value` is none, or a text that stands for none: then there is nothing in it to be wrong."""
    return value is None or (isinstance(value, str) and _SPACE.sub(" ", value).strip().casefold() in _NOTHING)


def read_tags(value: object) -> tuple[str, ...] | None:
    """A list of texts or one comma-separated text; order kept, doubles dropped; None where absent.

    Only an empty list says that there are no tags: a text without any, or a list
    of which nothing can be read, says nothing, and must not take tags away.
    """
    if isinstance(value, str):
        items: list[object] = list(value.split(","))
    elif isinstance(value, list | tuple):
        items = list(value)
    else:
        return None
    found: dict[str, None] = {}
    for item in items[:MAX_TAGS]:
        text = _text(item, MAX_TAG)
        if text:
            found.setdefault(text)
    return tuple(found) if found or value == [] or value == () else None


def _text(value: object, most: int) -> str | None:
    """For what is shown: without payment cards' numbers, cut to `most`."""
    text = _clean(value)
    return None if text is None else mask(text)[:most].rstrip()


def _small(letter: str) -> str:
    small = letter.lower()
    return letter if small.isascii() and not letter.isascii() else small


def _identity(value: object, most: int) -> str | None:
    """For what people are found by: never cut nor masked, since two would become one."""
    text = _clean(value)
    return None if text is None or len(text) > most else text


def _clean(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= _MAX_ID_BITS:
        value = str(value)
    if not isinstance(value, str):
        return None
    text = _SPACE.sub(" ", value).strip()
    if text.casefold() in _NOTHING:
        return None
    try:
        text.encode()  # half a surrogate pair cannot be stored
    except UnicodeEncodeError:
        return None
    return text
