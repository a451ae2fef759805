"""Lists and details for the doors: filters, cursors."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..domain.accounts import Account
from ..domain.cards import Card, card_json
from ..domain.codes import normal
from ..domain.errors import NotFound, UnknownCode
from ..store import accounts, cards, contacts
from .paging import Page, bad, close_cursor, limit_of, open_cursor
from .parts import Parts

CARDS: Final = "cards"


def card(parts: Parts, account: Account, public_id: str) -> dict[str, Any]:
    """One card by its id, or NotFound."""
    with parts.engines.reading() as connection:
        found = cards.find(connection, account.id, public_id)
    if found is None:
        raise NotFound("There is no such card in this account.")
    return _shown(parts, account, found)


def card_by_code(parts: Parts, account: Account, code: str) -> dict[str, Any]:
    """One card by its code, or NotFound: the same for a code of nobody's and of another account's."""
    with parts.engines.reading() as connection:
        found = cards.find_by_code(connection, parts.ring, account.id, normal(code))
    if found is None:
        raise UnknownCode("There is no card with this code in this account.")
    return _shown(parts, account, found)


def list_cards(parts: Parts, account: Account, asked: Mapping[str, Any]) -> Page:
    """Cards, newest first. `asked`: limit, cursor, contact_id, currency, last4, balance_status."""
    limit = limit_of(asked.get("limit"))
    after = open_cursor(parts, account, CARDS, asked.get("cursor"))
    with parts.engines.reading() as connection:
        conditions = []
        for name, value in sorted(asked.items()):
            if name == "contact_id":
                contact = contacts.find(connection, account.id, value)
                conditions.append(cards.of_contact(-1 if contact is None else contact.id))
            elif name not in ("limit", "cursor"):
                conditions.append(_CONDITIONS[name](value))
        found = cards.page(
            connection,
            account.id,
            conditions=conditions,
            before=None if after is None else int(after[0]),
            limit=limit + 1,
        )
    shown = [_shown(parts, account, one) for one in found[:limit]]
    following = found[limit - 1].id if len(found) > limit else None
    return Page(shown, None if following is None else close_cursor(parts, account, CARDS, [following]))


def _ends_with(last4: str) -> Any:
    if len(last4) != 4 or not last4.isascii():
        raise bad("last4", "has four letters or digits")
    return cards.ends_with(last4.upper())


_CONDITIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "currency": cards.in_currency,
    "last4": _ends_with,
    "balance_status": cards.has_balance_status,
}


def _shown(parts: Parts, account: Account, found: Card) -> dict[str, Any]:
    now = parts.clock.now() + account.clock_offset
    return card_json(found, now=now, sandbox=account.sandbox)


def every_account(parts: Parts) -> list[Account]:
    """All accounts, by slug."""
    with parts.engines.reading() as connection:
        return accounts.every(connection)
