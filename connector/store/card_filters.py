"""What is asked of cards, as values and as SQL.

The one rule: everything holds at once. Bounds on one column become one span, so that what
contradicts itself is known before any row is read.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, and_, literal, or_, select

from .columns import microseconds
from .steering import shielded
from .tables import cards

BALANCE_STATUSES: Final = ("full", "partial", "empty", "full_or_partial")
KIND: Final = ("recipe", "program", "source", "currency")
"""What tells the kinds of cards apart of which it is known when they were made."""
_EQUAL: Final = (*KIND, "last4", "contact_id")

Columns = Mapping[str, Any]
Term = Callable[[Columns], Any]
PLAIN: Final[Columns] = {column.name: column for column in cards.c}
SHIELDED: Final[Columns] = shielded(cards)


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked of cards, all of it at once; None: nothing. `contact_id` is the row's number."""

    state: str | None = None
    balance_status: str | None = None
    balance_min: int | None = None
    balance_max: int | None = None
    initial_min: int | None = None
    initial_max: int | None = None
    currency: str | None = None
    contact_id: int | None = None
    program: str | None = None
    source: str | None = None
    recipe: str | None = None
    last4: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    expires_after: datetime | None = None
    expires_before: datetime | None = None
    expiring_within: timedelta | None = None
    include_removed: bool = False
    words: tuple[bytes, ...] = ()


@dataclass(slots=True)
class Asked:
    """What is asked, by column: a value, the least and the most (moments in microseconds), or a term.

    `narrow`: the columns that have an index which can count; `orders`: the order in which one
    such index has them, where another looks as good to a planner; `kind`: the values asked of KIND.
    """

    spans: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)
    terms: dict[str, Term] = field(default_factory=dict)
    narrow: list[str] = field(default_factory=list)
    orders: dict[str, tuple[str, ...]] = field(default_factory=dict)
    kind: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, term: Term, *, is_narrow: bool = False) -> None:
        self.terms[name] = term
        if is_narrow:
            self.narrow.append(name)

    def bound(self, name: str, least: int | None = None, most: int | None = None) -> None:
        """Within what was asked of the column already."""
        low, high = self.spans.get(name, (None, None))
        lows, highs = [x for x in (low, least) if x is not None], [x for x in (high, most) if x is not None]
        self.spans[name] = max(lows, default=None), min(highs, default=None)
        if name not in self.narrow:
            self.narrow.append(name)

    def within(self, name: str, least: int | None, most: int | None) -> "Asked":
        """The same, and within what is known of the column: nothing that would be worth counting."""
        asked = replace(self, spans=dict(self.spans), narrow=list(self.narrow))
        asked.bound(name, least, most)
        return replace(asked, narrow=self.narrow)

    @property
    def is_impossible(self) -> bool:
        return any(low is not None and high is not None and low > high for low, high in self.spans.values())

    def of(
        self, name: str, columns: Columns, *, but_least: bool = False, but_most: bool = False
    ) -> list[Any]:
        """Everything that is asked of one column, but for its least or its most."""
        low, high = self.spans.get(name, (None, None))
        low, high = None if but_least else low, None if but_most else high
        column, found = columns.get(name), []
        if low is not None and low == high:
            found.append(column == number(low))
        else:
            found += [] if low is None else [column >= number(low)]
            found += [] if high is None else [column <= number(high)]
        return [*found, *([self.terms[name](columns)] if name in self.terms else [])]

    def every(self, columns: Columns, *, but: Sequence[str] = ()) -> list[Any]:
        """All of it, but what is asked of the columns in `but`."""
        names = [*self.spans, *(name for name in self.terms if name not in self.spans)]
        return [one for name in names if name not in but for one in self.of(name, columns)]


def as_asked(filters: Filters, account_id: int, now: int) -> Iterator[Asked]:
    """The filters as they are asked of the account's rows; none where no card can have it all.

    Expired cards are asked for in three parts. Those whose expiry was done have an index in the
    order of their making; those that wait for it are few, since it is done within minutes. So are those
    for which a clock that is ahead of ours has done it: they have an index by when it was.
    """
    if filters.recipe is not None and filters.source not in (None, "recipe"):
        return  # a recipe's own cards alone name it, and there may be many of both
    for part in ("done", "waits", "ahead") if filters.state == "expired" else (None,):
        asked = Asked()
        for name in _EQUAL:
            value = getattr(filters, name)
            if value is not None:
                asked.add(name, _is(name, value), is_narrow=True)
        asked.kind.update(
            {name: getattr(filters, name) for name in KIND if getattr(filters, name) is not None}
        )
        _ask_ranges(asked, filters, now)
        if filters.balance_status is not None:
            _ask_balance_status(asked, filters.balance_status)
        if filters.state is not None:
            _ask_state(asked, filters.state, account_id, now)
        elif not filters.include_removed:
            asked.add("removed_at", _is_empty("removed_at"))
        if part == "done":
            asked.bound("expires_at", most=now)
            asked.add("expired_at", _is_there("expired_at"))
        elif part == "waits":
            asked.bound("expires_at", most=now)
            asked.add("expires_at", _is_not_done)
            asked.orders["expires_at"] = ("expired_at", "expires_at")
        elif part == "ahead":
            asked = asked.within("expires_at", now + 1, None)
            asked.add("expired_at", _is_above("expired_at", now), is_narrow=True)
        yield asked


def _ask_ranges(asked: Asked, filters: Filters, now: int) -> None:
    """Sums have their bounds within, as people say them; moments are strictly after and before."""
    for name, least, most in (
        ("balance", filters.balance_min, filters.balance_max),
        ("initial_amount", filters.initial_min, filters.initial_max),
    ):
        if least is not None or most is not None:
            asked.bound(name, least, most)
    for name, after, before in (
        ("created_at", filters.created_after, filters.created_before),
        ("expires_at", filters.expires_after, filters.expires_before),
    ):
        if after is not None:
            asked.bound(name, least=microseconds(after) + 1)
        if before is not None:
            asked.bound(name, most=microseconds(before) - 1)
    if filters.expiring_within is not None:
        asked.bound("expires_at", now + 1, now + filters.expiring_within // timedelta(microseconds=1))


def _ask_balance_status(asked: Asked, status: str) -> None:
    """Loaded above its initial amount counts as full."""
    if status == "empty":
        asked.bound("balance", 0, 0)
        return
    asked.bound("balance", least=1)
    if status == "full":
        asked.add("", lambda columns: columns["balance"] >= columns["initial_amount"])
    if status == "partial":
        asked.add("", lambda columns: columns["balance"] < columns["initial_amount"])


def _ask_state(asked: Asked, state: str, account_id: int, now: int) -> None:
    """As domain/cards.state_of: removed, disabled, expired, pending, depleted, else active."""
    if state == "removed":
        asked.add("removed_at", _is_there("removed_at"), is_narrow=True)
        return
    asked.add("removed_at", _is_empty("removed_at"))
    if state == "disabled":
        asked.add("disabled_at", _is_there("disabled_at"), is_narrow=True)
        return
    asked.add("disabled_at", _is_empty("disabled_at"))
    if state == "expired":
        return
    asked.add("ahead", _is_not_ahead(account_id, now))
    if "expires_at" in asked.spans:  # then it has an end, and one range is left, which may be empty
        asked.bound("expires_at", least=now + 1)
    else:
        asked.add("expires_at", lambda columns: _is_empty_or(columns["expires_at"], above=now))
    if state == "pending":
        asked.bound("usable_at", least=now + 1)
        return
    asked.add("usable_at", lambda columns: _is_empty_or(columns["usable_at"], most=now))
    asked.bound("balance", *((0, 0) if state == "depleted" else (1, None)))


def number(value: int | None) -> Any:
    """A number as it stands in the row: moments are microseconds there."""
    return literal(value, BigInteger)


def _is_not_done(columns: Columns) -> Any:
    """In the words of the timetable's index."""
    return and_(columns["expired_at"].is_(None), columns["removed_at"].is_(None))


def _is_not_ahead(account_id: int, now: int) -> Term:
    """Whether a card that ends later than `now` has not ended all the same, by another machine's clock.

    No wide index knows when that was, and nearly always there is no such card: its number is looked up.
    """
    ahead = cards.alias("ahead").c
    there = select(ahead.id).where(ahead.account_id == account_id, ahead.expired_at > number(now))
    return lambda columns: columns["id"].not_in(there)


def _is_above(name: str, value: int) -> Term:
    return lambda columns: columns[name] > number(value)


def _is(name: str, value: Any) -> Term:
    return lambda columns: columns[name] == value


def _is_there(name: str) -> Term:
    return lambda columns: columns[name].is_not(None)


def _is_empty(name: str) -> Term:
    return lambda columns: columns[name].is_(None)


def _is_empty_or(column: Any, *, above: int | None = None, most: int | None = None) -> Any:
    return or_(column.is_(None), column > number(above) if most is None else column <= number(most))
