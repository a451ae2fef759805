"""What a letter can say: a business, a person and a card as people read them; and the card's own page.

The one rule: everything here is text for people, made when it is asked for, and never kept in clear.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..domain.accounts import Account
from ..domain.cards import Card, state_of
from ..domain.notifications import GIFT_CARD, one_line
from ..domain.spoken import ENGLISH, language_of, last_day, locale_named, spoken_sum
from ..store import cards, contacts
from ..store.contacts import Contact
from ..store.notifications import Notification
from .parts import Parts

COLOR: Final = "#2b5d50"
MAX_NAME: Final = 120
VALIDITY: Final[Mapping[str, tuple[str, str]]] = {
    "en": ("It does not expire.", "Valid until {}."),
    "de": ("Er ist unbegrenzt gültig.", "Gültig bis {}."),
    "es": ("No caduca.", "Válida hasta el {}."),
    "fr": ("Elle n’expire pas.", "Valable jusqu’au {}."),
}
"""Of a card without an end, and of one that has one, in the languages of shipped letters and of pages."""


@dataclass(frozen=True, slots=True)
class About:
    """Whom and what a notification is about, now. `contact`: who is written to, else whose card it is."""

    account: Account
    card: Card | None
    contact: Contact | None
    now: datetime


def about(parts: Parts, connection: Any, account: Account, one: Notification) -> About:
    """What stands behind a notification."""
    card = None if one.card is None else cards.find(connection, account.id, one.card)
    name = one.contact or (None if card is None else card.contact)
    contact = None if name is None else contacts.find(connection, account.id, name)
    return About(account, card, contact, parts.clock.now() + account.clock_offset)


def values_of(
    parts: Parts, connection: Any, found: About, one: Notification, locale: str = ENGLISH
) -> dict[str, Any]:
    """The values of a letter, by the names of templates/language.py."""
    return {
        "account": account_values(parts, found.account),
        "recipient": _recipient(connection, found, one, locale),
        "card": None if found.card is None else _card(parts, connection, found, found.card, locale),
    }


def account_values(parts: Parts, account: Account) -> dict[str, str]:
    brand = account.brand
    return {
        "name": account.name,
        "color": brand.get("color") or COLOR,
        "logo_url": brand.get("logo_url") or "",
        "balance_page": f"{parts.public_url.rstrip('/')}/balance/{account.slug}",
    }


def locale_of(parts: Parts, found: About, one: Notification) -> str:
    """Of the card's recipient, else of the contact; ENGLISH where the letter is not in that language."""
    written_to = found.card.recipient if found.card is not None and one.template == GIFT_CARD else None
    told = [(written_to or {}).get("locale")]
    told += [] if found.contact is None else [found.contact.attributes.get("locale")]
    known = [name for text in told if isinstance(text, str) and (name := locale_named(text)) is not None]
    is_spoken = known and parts.shelf.speaks(one.template, one.via, language_of(known[0]))
    return known[0] if is_spoken else ENGLISH


def page_locale(*told: object) -> str:
    """The first of these that a page can be in, as it is read; ENGLISH where there is none."""
    named = (locale_named(text) for text in told if isinstance(text, str))
    return next((name for name in named if name is not None and language_of(name) in VALIDITY), ENGLISH)


def validity(card: Card, account: Account, locale: str = ENGLISH) -> str:
    """Until when a card is good, as a sentence."""
    never, until = VALIDITY.get(language_of(locale), VALIDITY["en"])
    if card.expires_at is None:
        return never
    return until.format(last_day(card.expires_at, account.timezone, locale))


def _recipient(connection: Any, found: About, one: Notification, locale: str) -> dict[str, str]:
    contact = found.contact if one.contact is not None else None
    first = (
        contact.first_name if contact is not None and contact.first_name else one.to_name.partition(" ")[0]
    )
    return {
        "name": one_line(one.to_name, MAX_NAME),
        "first_name": one_line(first, MAX_NAME),
        "balance": "" if contact is None else _credit(connection, found, contact, locale),
    }


def _credit(connection: Any, found: About, contact: Contact, locale: str) -> str:
    """What a contact can spend: in the account's currency first, the others behind it."""
    own = found.account.currency
    sums = cards.purse(connection, contact.account_id, contact.id, found.now).balances
    named = sorted(sums.items(), key=lambda pair: (pair[0] != own, pair[0]))
    spoken = [spoken_sum(minor, currency, locale) for currency, minor in named if minor]
    return ", ".join(spoken) or spoken_sum(0, own, locale)


def _card(parts: Parts, connection: Any, found: About, card: Card, locale: str) -> Mapping[str, Any]:
    sender: Mapping[str, Any] = card.sender or {}
    zone = found.account.timezone
    return {
        "amount": spoken_sum(card.initial_amount, card.currency, locale),
        "balance": spoken_sum(card.available, card.currency, locale),
        "currency": card.currency,
        "code": cards.open_code(connection, parts.ring, card),
        "last4": card.last4,
        "expires": "" if card.expires_at is None else last_day(card.expires_at, zone, locale),
        "validity": validity(card, found.account, locale),
        "link": parts.links.url(card.public_id, found.now, card.link_number),
        "message": card.message or "",
        "sender": one_line(str(sender.get("name") or ""), MAX_NAME),
    }


def state_now(found: About) -> str | None:
    """The card's state, None where there is none."""
    return None if found.card is None else state_of(found.card.life, found.now)
