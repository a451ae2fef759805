"""Lists of cards as seed 002 asks for them: terms and orders of its own, a page at a time.

The one rule: a page is keyset on the order's value and one number that no two cards share.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Text,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
)

from ..domain.card_searches import MOMENTS, SOURCES, SUMS, Bound, Order, Search
from ..domain.cards import Card
from ..domain.codes import normal
from ..domain.money import EXPONENT
from .card_filters import number
from .card_lists import with_word
from .cards import card_of, with_contacts
from .columns import microseconds
from .tables import aliases, cards, dialect_cards

EXPIRING: Final = timedelta(days=30)
FEW: Final = 500  # rows that are looked up one by one sooner than any list is walked
PLACES: Final = 4  # decimals of the finest currency: sums of all are compared in these

_SIGNS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "=": operator.eq,
}
_STOPPED_AT: Final = func.coalesce(cards.c.disabled_at, cards.c.removed_at)
_IS_STOPPED: Final = or_(cards.c.disabled_at.is_not(None), cards.c.removed_at.is_not(None))
_IS_SPENT: Final = cards.c.initial_amount > cards.c.balance
_AMOUNTS: Final[dict[str, Any]] = {
    "balance": cards.c.balance,
    "initial_value": cards.c.initial_amount,
    "amount_spent": case((_IS_SPENT, cards.c.initial_amount - cards.c.balance), else_=0),
}
_BALANCES: Final[dict[str, Any]] = {
    "full": and_(cards.c.balance > 0, cards.c.balance >= cards.c.initial_amount),
    "partial": and_(cards.c.balance > 0, cards.c.balance < cards.c.initial_amount),
    "empty": cards.c.balance == 0,
    "full_or_partial": cards.c.balance > 0,
}


@dataclass(frozen=True, slots=True)
class Found:
    """A card, and where it stands in its list: the cursor's two values."""

    card: Card
    place: tuple[int | str, int]


def page(
    connection: Connection,
    account_id: int,
    search: Search,
    order: Order,
    *,
    words: Sequence[bytes],
    now: datetime,
    after: tuple[int | str, int] | None,
    limit: int,
) -> list[Found]:
    """At most `limit` cards behind `after`, in their order; what is asked by number has only who has one."""
    key, is_numbered = _key(order.name), needs_numbers(search, order)
    wanted = with_contacts().add_columns(key.label("place")).where(cards.c.account_id == account_id)
    if is_numbered:
        wanted = wanted.join(aliases, aliases.c.subject == cards.c.public_id).where(
            aliases.c.account_id == account_id, aliases.c.kind == "card"
        )
    wanted = wanted.where(*(_bound(one) for one in search.bounds))
    wanted = wanted.where(*(_choice(name, value, now) for name, value in search.choices))
    wanted = wanted.where(*(cards.c.id.in_(with_word(account_id, word)) for word in words))
    few = _few(connection, account_id, search, words)
    if few is not None:
        if not few:
            return []
        wanted = wanted.where(cards.c.id.in_(few))
    if after is not None:
        here = tuple_(key, cards.c.id)
        there = tuple_(_value(after[0]), number(after[1]))
        wanted = wanted.where(here < there if order.is_descending else here > there)
    sorts = [one.desc() if order.is_descending else one.asc() for one in (key, cards.c.id)]
    rows = connection.execute(wanted.order_by(*sorts).limit(limit)).mappings()
    return [Found(card_of(row), (row["place"], row["id"])) for row in rows]


def _few(
    connection: Connection, account_id: int, search: Search, words: Sequence[bytes]
) -> Sequence[int] | None:
    """The rows that have a code's end or a word, where they are few: else the whole account is walked."""
    narrow = [with_word(account_id, word) for word in words]
    for one in search.bounds:
        if one.name == "last_characters" and one.sign == "=" and "-" not in str(one.value):
            ends = cards.c.last4 == str(one.value).upper()
            narrow.append(select(cards.c.id).where(cards.c.account_id == account_id, ends))
    for choice in narrow:
        found = connection.execute(choice.limit(FEW + 1)).scalars().all()
        if len(found) <= FEW:
            return list(dict.fromkeys(found))
    return None


def needs_numbers(search: Search, order: Order) -> bool:
    """Whether it asks for cards by their numbers, so that all must have one."""
    return order.name == "id" or any(one.name == "id" for one in search.bounds)


def _key(name: str) -> Any:
    if name == "id":
        return aliases.c.number
    if name in MOMENTS:
        column = _STOPPED_AT if name == "disabled_at" else cards.c[name]
        return func.coalesce(type_coerce(column, BigInteger), number(0))
    return _scaled(name) if name in SUMS else cards.c.last4


def _value(value: int | str) -> Any:
    return literal(value, Text) if isinstance(value, str) else number(value)


def _scaled(name: str) -> Any:
    """A sum in ten-thousandths of a whole unit, whatever its currency; far below 2^63."""
    groups: dict[int, list[str]] = {}
    for currency, places in EXPONENT.items():
        groups.setdefault(PLACES - places, []).append(currency)
    usual = max(groups, key=lambda missing: len(groups[missing]))
    others = [(cards.c.currency.in_(groups[one]), number(10**one)) for one in groups if one != usual]
    return _AMOUNTS[name] * case(*others, else_=number(10**usual))


def _bound(bound: Bound) -> Any:
    compare = _SIGNS[bound.sign]
    if bound.name == "last_characters":
        return _ending(str(bound.value), bound.sign)
    if isinstance(bound.value, Decimal):
        return compare(_scaled(bound.name), number(int(bound.value.scaleb(PLACES))))
    if isinstance(bound.value, datetime):
        column = _STOPPED_AT if bound.name == "disabled_at" else cards.c[bound.name]
        return compare(type_coerce(column, BigInteger), number(microseconds(bound.value)))
    return compare(aliases.c.number, bound.value)


def _ending(text: str, sign: str) -> Any:
    """By a code's last symbols; those that were told with their dash are found by it as well."""
    if sign != "=":
        return _SIGNS[sign](cards.c.last4, text.upper())
    if "-" not in text:
        return cards.c.last4 == text.upper()
    said = select(dialect_cards.c.card_id).where(dialect_cards.c.last_characters == text)
    return and_(cards.c.last4.endswith(normal(text).upper(), autoescape=True), cards.c.id.in_(said))


def _choice(name: str, value: str, now: datetime) -> Any:
    if name == "balance_status":
        return _BALANCES[value]
    if name == "source":
        return cards.c.source.in_(SOURCES[value])
    if value == "disabled":
        return _IS_STOPPED
    ends, moment = type_coerce(cards.c.expires_at, BigInteger), number(microseconds(now))
    lives = {
        "enabled": or_(cards.c.expires_at.is_(None), ends > moment),
        "expired": ends <= moment,
        "expiring": and_(ends > moment, ends <= number(microseconds(now + EXPIRING))),
    }
    return and_(~_IS_STOPPED, lives[value])
