"""Lists of cards as seed 002 asks for them: terms and orders of its own, a page at a time.

The one rule: a page is keyset on the order's value and one number that no two cards share, and is read
in the order of an index wherever one has it: `amount_spent`, and sums where an account's currencies
have different decimals, are sorted.
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

from ..domain.card_searches import MOMENTS, SOURCES, SUMS, Bound, Order, Search, bad
from ..domain.cards import Card
from ..domain.codes import normal
from ..domain.money import EXPONENT
from .card_filters import number
from .card_words import with_word
from .cards import card_of, with_contacts
from .columns import microseconds
from .steering import count
from .tables import aliases, cards, dialect_cards

EXPIRING: Final = timedelta(days=30)
FEW: Final = 500  # rows that are looked up one by one sooner than any list is walked
MOST_SORTED: Final = 100_000  # some 0.2 s; what an index has the order of has no such bound
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
    most_sorted: int = MOST_SORTED,
) -> list[Found]:
    """At most `limit` cards behind `after`, in their order; what is asked by number has only who has one.

    BadRequest where more than `most_sorted` cards would have to be sorted.
    """
    wanted = with_contacts().where(cards.c.account_id == account_id)
    if needs_numbers(search, order):
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
    found: list[Found] = []
    stretches = _stretches(connection, account_id, order)
    if few is None and any(one.is_sorted for one in stretches):
        _require_few(connection, account_id, most_sorted)
    for stretch in stretches:
        if len(found) < limit and (after is None or stretch.reaches(after, order)):
            rest = limit - len(found)
            found += stretch.read(connection, wanted, order, after, rest)
    return found


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Cards of which one column has the order. `only`: which they are.

    `factor`: what its values are times in a place. `is_below`: cards of which the order says nothing,
    whose place is 0: they stand in the order of `key`, a column that the place does not hold.
    `is_sorted`: no index has the order.
    """

    key: Any
    only: Any = None
    factor: int = 1
    is_below: bool = False
    is_sorted: bool = False

    def reaches(self, after: tuple[int | str, int], order: Order) -> bool:
        """Whether there may be some of these behind `after`."""
        return self.is_below == (after[0] == 0) or self.only is None or self.is_below == order.is_descending

    def read(
        self,
        connection: Connection,
        wanted: Any,
        order: Order,
        after: tuple[int | str, int] | None,
        limit: int,
    ) -> list[Found]:
        """At most `limit` of them, in their order, behind `after`."""
        if self.only is not None:
            wanted = wanted.where(self.only)
        is_inside = after is not None and (self.only is None or self.is_below == (after[0] == 0))
        if after is not None and is_inside:
            here, there = (
                tuple_(self.key, cards.c.id),
                tuple_(self._from(connection, after), number(after[1])),
            )
            wanted = wanted.where(here < there if order.is_descending else here > there)
        sorts = [one.desc() if order.is_descending else one.asc() for one in (self.key, cards.c.id)]
        rows = connection.execute(
            wanted.add_columns(self.key.label("place")).order_by(*sorts).limit(limit)
        ).mappings()
        return [Found(card_of(row), (self._place(row["place"]), row["id"])) for row in rows]

    def _place(self, value: Any) -> int | str:
        return 0 if self.is_below else value if isinstance(value, str) else int(value) * self.factor

    def _from(self, connection: Connection, after: tuple[int | str, int]) -> Any:
        """The key's value of the last card that was seen."""
        if self.is_below:
            last = select(self.key).where(cards.c.id == after[1])
            return number(connection.execute(last).scalar_one())
        return literal(after[0], Text) if isinstance(after[0], str) else number(after[0] // self.factor)


def _stretches(connection: Connection, account_id: int, order: Order) -> list[_Stretch]:
    """By what the order goes, in its own order."""
    name = order.name
    if name == "disabled_at":
        stopped = _Stretch(type_coerce(_STOPPED_AT, BigInteger), _IS_STOPPED)
        others = _Stretch(type_coerce(cards.c.created_at, BigInteger), ~_IS_STOPPED, is_below=True)
        return [stopped, others] if order.is_descending else [others, stopped]
    if name == "id":
        return [_Stretch(aliases.c.number)]
    if name in MOMENTS:
        return [_Stretch(type_coerce(cards.c[name], BigInteger))]
    if name not in SUMS:
        return [_Stretch(cards.c.last4)]
    factor = None if name == "amount_spent" else _one_factor(connection, account_id)
    return [
        _Stretch(_scaled(name), is_sorted=True) if factor is None else _Stretch(_AMOUNTS[name], factor=factor)
    ]


def _require_few(connection: Connection, account_id: int, most: int) -> None:
    own = select(cards.c.id).where(cards.c.account_id == account_id)
    if count(connection, own, most + 1) > most:
        raise bad("order", f"sorts {most} cards at most so: by a sum that no index has; narrow it by words")


def _one_factor(connection: Connection, account_id: int) -> int | None:
    """What every sum of the account is times in ten-thousandths; None where its currencies differ in that."""
    own = cards.c.account_id == account_id
    currency = connection.execute(select(cards.c.currency).where(own).limit(1)).scalar()
    if currency is None:
        return 1
    others = [one for one, places in EXPONENT.items() if places != EXPONENT[currency]]
    strange = select(cards.c.id).where(own, cards.c.currency.in_(others)).limit(1)
    is_mixed = connection.execute(strange).first() is not None
    return None if is_mixed else int(10 ** (PLACES - EXPONENT[currency]))


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
    done = cards.c.expired_at
    lives = {
        "enabled": and_(done.is_(None), or_(cards.c.expires_at.is_(None), ends > moment)),
        "expired": or_(done.is_not(None), ends <= moment),
        "expiring": and_(done.is_(None), ends > moment, ends <= number(microseconds(now + EXPIRING))),
    }
    return and_(~_IS_STOPPED, lives[value])
