"""Lists and details of gift cards for the doors: filters, order, cursors.

The one rule: what is asked holds all at once, and what is not known is refused by name.
A cursor belongs to one list, its order and its filters.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from ..domain import ids
from ..domain.accounts import Account
from ..domain.cards import BALANCE_STATUSES, SOURCES, STATES, Card, card_json, card_tag
from ..domain.codes import normal
from ..domain.errors import NotFound, UnknownCode
from ..domain.jsontext import dumps
from ..domain.money import EXPONENT
from ..store import accounts, card_lists, cards, contacts, transfer_lists, words
from ..store.card_filters import Filters
from ..store.card_lists import SORTS, Sort
from .paging import Page, bad, close_cursor, limit_of, open_cursor
from .parts import Parts
from .perform import Answered
from .transactions import line_json

CARDS: Final = "cards"
NEWEST_FIRST: Final = "-created_at"
EXPANDED: Final = 25
"""How many of a card's transactions stand in the card itself; the rest have a list of their own."""

MAX_WORDS: Final = 10  # of one search
MAX_DAYS: Final = 36_500
_CHOICES: Final = {
    "state": STATES,
    "balance_status": BALANCE_STATUSES,
    "source": SOURCES,
    "currency": tuple(EXPONENT),
}
_AS_THEY_ARE: Final = (
    *_CHOICES,
    *("balance_min", "balance_max", "initial_min", "initial_max", "program", "recipe", "include_removed"),
    *("created_after", "created_before", "expires_after", "expires_before"),
)
_SHOWING: Final = ("limit", "cursor", "sort", "expand", "fields")
FILTERS: Final = (*_AS_THEY_ARE, "contact_id", "last4", "expiring_within", "q")
FIELDS: Final = (
    *("id", "state", "currency", "initial_amount", "balance", "held", "available", "last4", "contact_id"),
    *("program", "kind", "sender", "recipient", "message", "note", "url", "usable_at", "expires_at"),
    *("disabled_at", "removed_at", "created_at", "updated_at", "source", "origin", "sandbox", "metadata"),
)
ORDERS: Final = tuple(f"{sign}{column}" for column in SORTS for sign in ("", "-"))


def card(
    parts: Parts,
    account: Account,
    public_id: str,
    *,
    expand: str | None = None,
    fields: Sequence[str] | None = None,
) -> Answered:
    """One card by its id, with its tag, or NotFound. `expand` and `fields` as in the list."""
    shape = _shape({"expand": expand, "fields": fields})
    with parts.engines.reading() as connection:
        found = cards.find(connection, account.id, public_id)
        if found is None:
            raise NotFound("There is no such card in this account.")
        return _one(parts, account, connection, found, shape)


def card_by_code(parts: Parts, account: Account, code: str) -> Answered:
    """One card by its code, with its tag; NotFound alike for a code of nobody's and of another account's."""
    with parts.engines.reading() as connection:
        found = cards.find_by_code(connection, parts.ring, account.id, normal(code))
        if found is None:
            raise UnknownCode("There is no card with this code in this account.")
        return _one(parts, account, connection, found, (False, None))


def currency_of(parts: Parts, account: Account, card: str) -> str:
    """The currency of the card with this id or code; of one that is not there the account's."""
    with parts.engines.reading() as connection:
        if card.startswith(f"{ids.CARD}_"):
            found = cards.find(connection, account.id, card)
        else:
            found = cards.find_by_code(connection, parts.ring, account.id, normal(card))
    return account.currency if found is None else found.currency


def list_cards(parts: Parts, account: Account, asked: Mapping[str, Any]) -> Page:
    """Cards that fit everything in `asked`, a page at a time.

    `asked` holds FILTERS by name, and `limit`, `cursor`, `sort` (SORTS, with a `-` for
    the other way round; newest first if left out), `expand` (`transactions`) and
    `fields`. Removed cards are left out unless they are asked for. BadRequest.
    """
    limit, shape, order = limit_of(asked.get("limit")), _shape(asked), asked.get("sort") or NEWEST_FIRST
    sort = _sort(order)
    which = f"{CARDS} {order} {_digest(asked)}"
    after = open_cursor(parts, account, which, asked.get("cursor"))
    now = parts.clock.now() + account.clock_offset
    with parts.engines.reading() as connection:
        found = card_lists.page(
            connection,
            account.id,
            _filters(connection, account, asked),
            sort,
            now=now,
            after=None if after is None else (after[0], after[1]),
            limit=limit + 1,
        )
        shown = _shown(account, connection, found[:limit], shape, now)
    if len(found) <= limit:
        return Page(shown, None)
    last = found[limit - 1]
    return Page(shown, close_cursor(parts, account, which, [card_lists.sort_value(last, sort), last.id]))


def every_account(parts: Parts) -> list[Account]:
    """All accounts, by slug."""
    with parts.engines.reading() as connection:
        return accounts.every(connection)


def _filters(connection: Any, account: Account, asked: Mapping[str, Any]) -> Filters:
    """What was asked, as values that cannot be wrong; BadRequest names what is."""
    values = {name: asked[name] for name in _AS_THEY_ARE if asked.get(name) is not None}
    for name, choices in _CHOICES.items():
        if name in values and values[name] not in choices:
            raise bad(name, "is no currency of ISO 4217" if name == "currency" else f"is one of {choices}")
    if asked.get("contact_id") is not None:
        contact = contacts.find(connection, account.id, asked["contact_id"])
        values["contact_id"] = -1 if contact is None else contact.id
    if asked.get("last4") is not None:
        values["last4"] = _last4(asked["last4"])
    if asked.get("expiring_within") is not None:
        days = asked["expiring_within"]
        if not 0 <= days <= MAX_DAYS:
            raise bad("expiring_within", f"is a number of days from 0 to {MAX_DAYS}")
        values["expiring_within"] = timedelta(days=days)
    if asked.get("q") is not None:
        values["words"] = _words(asked["q"])
    return Filters(**values)


def _sort(order: str) -> Sort:
    column = order.removeprefix("-")
    if order not in ORDERS:
        raise bad("sort", f"is one of {', '.join(ORDERS)}")
    return Sort(column, order.startswith("-"))


def _last4(last4: str) -> str:
    if len(last4) != 4 or not last4.isascii():
        raise bad("last4", "has four letters or digits")
    return last4.upper()


def _words(text: str) -> tuple[bytes, ...]:
    found = words.in_search(text)
    if not 1 <= len(found) <= MAX_WORDS:
        raise bad("q", f"has one to {MAX_WORDS} words")
    return tuple(found)


Shape = tuple[bool, frozenset[str] | None]
"""Whether a card shows its transactions, and which fields; None: all."""


def _shape(asked: Mapping[str, Any]) -> Shape:
    expand, fields = asked.get("expand"), asked.get("fields")
    if expand not in (None, "transactions"):
        raise bad("expand", "is transactions, or left out")
    if fields is None:
        return expand is not None, None
    strange = sorted(set(fields) - set(FIELDS))
    if strange or not fields:
        raise bad("fields", f"has no {strange[0][:60]!r}" if strange else "names no field")
    return expand is not None, frozenset(fields) | {"id", "transactions"}


def _one(parts: Parts, account: Account, connection: Any, found: Card, shape: Shape) -> Answered:
    now = parts.clock.now() + account.clock_offset
    tag = card_tag(found, now=now, sandbox=account.sandbox)
    return Answered(200, _shown(account, connection, [found], shape, now)[0], etag=tag)


def _shown(
    account: Account, connection: Any, found: Sequence[Card], shape: Shape, now: datetime
) -> list[dict[str, Any]]:
    """The cards as of `now`, by which they were found: what was listed as active says so."""
    shown = [card_json(one, now=now, sandbox=account.sandbox) for one in found]
    is_expanded, fields = shape
    if is_expanded:
        lines = transfer_lists.newest_of(connection, [one.id for one in found], EXPANDED)
        for one, card_shown in zip(found, shown, strict=True):
            card_shown["transactions"] = [line_json(line) for line in lines.get(one.id, [])]
    if fields is None:
        return shown
    return [{name: value for name, value in one.items() if name in fields} for one in shown]


def _digest(asked: Mapping[str, Any]) -> str:
    """The filters of a list, short: a cursor of other filters is another list's."""
    kept = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asked.items()
        if name not in _SHOWING and value is not None
    }
    return hashlib.sha256(dumps(kept).encode()).hexdigest()[:16]
