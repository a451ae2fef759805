"""Lists of cards: what is asked as SQL, and which index answers it, at a million cards as at ten.

The one rule: no page reads more than it must. Each thing that is asked is counted by its
index, up to a bound: where few cards have it, those alone are read, else the list is read
in its own order until the page is full. In the order of making that is one wide index, which
knows all that can be asked of a card: a million entries of it are looked at in the time of
some thousand rows. Neither database is left to guess which.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, select, tuple_, type_coerce

from ..domain.cards import Card
from .card_filters import PLAIN, SHIELDED, Asked, Columns, Filters, Term, as_asked, number
from .card_kinds import Span, made_between
from .card_words import Word, looked_up
from .cards import card_of, with_contacts
from .columns import microseconds
from .steering import among, count, count_each, steer
from .tables import cards


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many rows, or entries of a wide index, are worth what.

    `few` are read one by one, and sorted, in a millisecond or two. `block` in order fill nearly
    every page; where they do not, it is worth counting up to `many` of something, which are
    better read one by one than a million in order. Entries of a wide index are read in a
    fraction of the time of rows: `entries` in that of `some` rows. `near` entries in order fill
    nearly every page once it is known by which weeks cards like these can have been made.
    """

    few: int = 1_000
    block: int = 4_000
    near: int = 20_000
    many: int = 40_000
    some: int = 4_000
    entries: int = 60_000


BOUNDS: Final = Bounds()
SORTS: Final = ("created_at", "updated_at", "balance", "initial_amount", "expires_at")
_IN_ORDER: Final = ("recipe", "program", "source", "currency")
"""Columns with an index in order of making, for what is asked alone: the last card may be years old."""
_WIDE: Final = ("balance", "expires_at", "usable_at", "disabled_at", "removed_at")
"""Columns whose index knows all that can be asked of a card, as the one in order of making does."""
_ASKED_OF: Final = [
    cards.c[name]
    for name in (
        *("id", "created_at", "updated_at", "balance", "initial_amount", "contact_id", "last4"),
        *("expires_at", "expired_at", "usable_at", "disabled_at", "removed_at"),
        *_IN_ORDER,
    )
]
"""Whatever may be asked of a card, and what sorts a list."""
_ALL: Final = 2**62


@dataclass(frozen=True, slots=True)
class Sort:
    """A column of SORTS; those without a value come last either way."""

    column: str = "created_at"
    is_descending: bool = True


def page(
    connection: Connection,
    account_id: int,
    filters: Filters,
    sort: Sort,
    *,
    now: datetime,
    after: tuple[int | None, int] | None,
    limit: int,
    bounds: Bounds = BOUNDS,
) -> list[Card]:
    """At most `limit` cards behind `after` (`sort_value` and row number of the last one seen), in order.

    States are those of the moment `now`.
    """
    steer(connection)
    found: list[Card] = []
    asked_words = looked_up(connection, account_id, filters.words)
    if any(word.is_nowhere for word in asked_words):
        return []
    for asked in as_asked(filters, account_id, microseconds(now)):
        if not asked.is_impossible:
            reader = _Reader(connection, account_id, asked, asked_words, sort, after, limit, bounds)
            with suppress(_Nothing):
                found += reader.page()
    return sorted(found, key=lambda card: _place(card, sort), reverse=sort.is_descending)[:limit]


def sort_value(card: Card, sort: Sort) -> int | None:
    """Where a card stands in the order, for the cursor: moments are microseconds."""
    value: int | datetime | None = getattr(card, sort.column)
    return microseconds(value) if isinstance(value, datetime) else value


def _place(card: Card, sort: Sort) -> tuple[bool, int, int]:
    """Those without a value come last either way."""
    value = sort_value(card, sort)
    return (value is None) != sort.is_descending, value or 0, card.id


@dataclass(frozen=True)
class _Reader:
    """Reads one page of the cards that fit one `Asked`."""

    connection: Connection
    account_id: int
    asked: Asked
    asked_words: Sequence[Word]
    sort: Sort
    after: tuple[int | None, int] | None
    limit: int
    bounds: Bounds

    def page(self) -> list[Card]:
        """The cards of the page, in no order."""
        numbers = self._numbers()
        if not numbers:
            return []
        rows = with_contacts().where(cards.c.id.in_(numbers), SHIELDED["account_id"] == self.account_id)
        return [card_of(row) for row in self.connection.execute(rows).mappings()]

    def _numbers(self) -> list[int]:
        """Few cards at once, else the first of the list; where that is no page, by what is known of them."""
        bounds = self.bounds
        few = self._few(bounds.few, bounds.few)
        if few is not None:
            return self._read(few)[0]
        found, is_whole = self._read(None, block=bounds.block)
        if len(found) == self.limit or is_whole:
            return found
        made = made_between(self.connection, self.account_id, self.asked)
        if made is None:
            raise _Nothing
        if self.sort.column != "created_at":
            return self._read(self._few(bounds.many, bounds.entries))[0]
        enough = bounds.block * self.limit // max(1, len(found))
        if not found and self._is_behind(bounds.block, made):
            enough = bounds.near
        return replace(self, asked=self.asked.within("created_at", *made))._further(enough)

    def _is_behind(self, block: int, made: Span) -> bool:
        """Whether the first block of the list is all of another time than such cards were made in."""
        (part,) = _parts(self.sort, self.after)
        last = None if made == (None, None) else self._last_of(block, part)
        if last is None:
            return False
        return (
            made[1] is not None and made[1] < last[0] if self.sort.is_descending else (made[0] or 0) > last[0]
        )

    def _further(self, enough: int) -> list[int]:
        """In the order of making, where `enough` entries should do: what few have is read instead, sorted."""
        bounds = self.bounds
        if enough <= bounds.entries:
            few = self._few(max(1, enough * bounds.some // bounds.entries), enough // 2)
            if few is not None:
                return self._read(few)[0]
            found, is_whole = self._read(None, block=min(2 * enough, bounds.entries))
            if len(found) == self.limit or is_whole:
                return found
        return self._read(self._few(bounds.some, bounds.entries))[0]

    def _read(self, few: "_Few | None", block: int | None = None) -> tuple[list[int], bool]:
        """The page out of `few`; None: out of the list in its order, all of it or its first `block` rows.

        Beside it, whether everything there is is known to have been looked at.
        """
        found: list[int] = []
        for part in _parts(self.sort, self.after):
            is_whole = True
            if few is not None:
                rows = self._out_of(few, part)
            elif block is None:
                rows = self._in_order_to(None, part)
            elif self._is_sqlite:  # which would copy each row of the block
                last = self._last_of(block, part)
                rows, is_whole = self._in_order_to(last, part), last is None
            else:
                rows, is_whole = self._first_of(block, part), False
            found += self.connection.execute(rows.limit(self.limit - len(found))).scalars()
            if len(found) == self.limit or not is_whole:
                return found, is_whole
        return found, True

    def _out_of(self, few: "_Few", part: "_Part") -> Any:
        if few.in_order is not None:
            return self._first_of(_ALL, part, few.in_order)
        rows = select(cards.c.id)
        if few.wide is None:
            rows = rows.where(
                among(self.connection, cards.c.id, few.numbers), SHIELDED["account_id"] == self.account_id
            )
        else:
            rows = rows.where(cards.c.account_id == self.account_id, *self.asked.of(few.wide, PLAIN))
        rest = self.asked.every(SHIELDED, but=() if few.wide is None else (few.wide,))
        rows = rows.where(*part.where(SHIELDED), *rest).order_by(*part.order(SHIELDED, self.sort))
        return self._sorted_first(rows) if self.asked_words else rows

    def _sorted_first(self, rows: Any) -> Any:
        """The words are looked up in the order of the page, until it is full: it is they that take time."""
        ends = [cards.c.last4] if any(word.ending is not None for word in self.asked_words) else []
        found = rows.add_columns(cards.c.contact_id, *ends).limit(_ALL).subquery()
        return select(found.c.id).where(*self._words(dict(found.c)))

    def _last_of(self, block: int, part: "_Part") -> Any:
        """The place of the last of `block` rows of the list; None: it has no more rows than these."""
        columns = [
            cards.c.id if name == "id" else type_coerce(PLAIN[name], BigInteger) for name in part.columns
        ]
        edge = select(*columns).where(*self._here(part)).order_by(*part.order(PLAIN, self.sort))
        return self.connection.execute(edge.offset(block).limit(1)).first()

    def _here(self, part: "_Part") -> list[Any]:
        inside = [one for name in self._in_order() for one in self.asked.of(name, PLAIN)]
        return [cards.c.account_id == self.account_id, *part.where(PLAIN), *inside]

    def _first_of(self, block: int, part: "_Part", alone: str | None = None) -> Any:
        """Out of the first `block` rows of the list, or of those with what is asked of one column alone.

        They are looked at one by one until the page is full.
        """
        in_order = self._in_order() if alone is None else ["created_at", alone]
        inside = [one for name in in_order for one in self.asked.of(name, PLAIN)]
        some = select(*_ASKED_OF).where(cards.c.account_id == self.account_id, *part.where(PLAIN), *inside)
        if alone is not None:
            some = in_order_of(some, alone)
        found = some.order_by(*part.order(PLAIN, self.sort)).limit(block).subquery()
        columns: Columns = dict(found.c)
        rest = self.asked.every(columns, but=in_order)
        rows = select(found.c.id).where(*rest, *self._words(columns))
        return self._as_sorted(rows, part.order(columns, self.sort))

    def _as_sorted(self, rows: Any, order: Sequence[Any]) -> Any:
        """What is sorted already: PostgreSQL sees that, SQLite would sort again, and gives it as it is."""
        return rows if self._is_sqlite else rows.order_by(*order)

    @property
    def _is_sqlite(self) -> bool:
        return self.connection.dialect.name == "sqlite"

    def _in_order_to(self, last: Any, part: "_Part") -> Any:
        """The list in its order, streamed: it ends with the page, or with the row at `last`."""
        in_order = self._in_order()
        here = self._here(part)
        if last is not None:
            here = [cards.c.account_id == self.account_id, *part.where(PLAIN)]
            here += [part.until(last, self.sort), *self._but_the_end(in_order)]
        rest = self.asked.every(SHIELDED, but=in_order)
        rows = select(cards.c.id).where(*here, *rest, *self._words())
        if self._alone is not None:
            rows = in_order_of(rows, self._alone)
        return rows.order_by(*part.order(PLAIN, self.sort))

    def _but_the_end(self, in_order: Sequence[str]) -> list[Any]:
        """Without the bound that lies behind the last row of a block: SQLite would read on to that."""
        down, found = self.sort.is_descending, []
        for name in in_order:
            is_order = name == self.sort.column
            found += self.asked.of(name, PLAIN, but_least=is_order and down, but_most=is_order and not down)
        return found

    def _words(self, columns: Columns = SHIELDED) -> list[Any]:
        return [word.is_of(columns) for word in self.asked_words]

    def _in_order(self) -> list[str]:
        """The sort's own column, and one more where an index has both in order and all that is asked."""
        if self.sort.column != "created_at":
            return [self.sort.column]
        if "expired_at" in self.asked.terms:
            return ["created_at", "expired_at"]
        alone = self._alone
        return ["created_at"] if alone is None else ["created_at", alone]

    @property
    def _alone(self) -> str | None:
        """The one column that is asked, where it has an index in the list's order; few cards are removed."""
        if self.sort.column != "created_at" or self.asked_words or len(self.asked.narrow) != 1:
            return None
        name = self.asked.narrow[0]
        return name if name in _IN_ORDER and self.asked.terms.keys() <= {name, "removed_at"} else None

    def _few(self, most: int, entries: int) -> "_Few | None":
        """Those that have the rarest of what is asked: at most `most`, or `entries` of a wide index."""
        choices = [
            _Few(
                select(cards.c.id)
                .where(cards.c.account_id == self.account_id, *self.asked.of(name, PLAIN))
                .order_by(*(PLAIN[one] for one in self.asked.orders.get(name, ()))),
                name if name in _WIDE and name not in self.asked.orders else None,
                name if name in _IN_ORDER and self.sort.column == "created_at" else None,
            )
            for name in self.asked.narrow
        ]
        choices += [_Few(word.numbers()) for word in self.asked_words]
        counts: Iterator[int] | None = None
        if entries == most:
            counts = iter(count_each(self.connection, [choice.numbers for choice in choices], most + 1))
        best, least = None, most
        for choice in choices:
            weight = 1 if choice.wide is None else max(1, entries // most)
            counted = next(counts) if counts else count(self.connection, choice.numbers, weight * (least + 1))
            if counted == 0:
                raise _Nothing
            if counted <= weight * least:
                best, least = choice, counted // weight
        return best if best is None or best.wide or best.in_order else _Few(best.numbers.limit(most))


@dataclass(frozen=True, slots=True)
class _Few:
    """The numbers of some cards, and which column's index has them: a wide one, or in the list's order."""

    numbers: Any
    wide: str | None = None
    in_order: str | None = None


def in_order_of(rows: Any, alone: str) -> Any:
    """Cards by the index that has one column in the order of making: SQLite would go through a wide one."""
    return rows.with_hint(cards, f"INDEXED BY ix_cards_account_id_{alone}_created_at_id", "sqlite")


class _Nothing(Exception):
    """No card has one of the things that were asked."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One stretch of a list: its terms, and whether it is ordered by the sort's column or by number alone."""

    terms: tuple[Term, ...]
    columns: tuple[str, ...]

    def where(self, columns: Columns) -> list[Any]:
        return [term(columns) for term in self.terms]

    def until(self, last: Sequence[int], sort: Sort) -> Any:
        """Not behind the row with these values."""
        here = tuple_(*(PLAIN[name] for name in self.columns))
        there = tuple_(*(number(value) for value in last))
        return here >= there if sort.is_descending else here <= there

    def order(self, columns: Columns, sort: Sort) -> list[Any]:
        ordered = [
            cards.c.id if columns is SHIELDED and name == "id" else columns[name] for name in self.columns
        ]
        return [one.desc() if sort.is_descending else one.asc() for one in ordered]


def _parts(sort: Sort, after: tuple[int | None, int] | None) -> Iterator[_Part]:
    """A list whose sort column may be empty has two stretches: first what has a value, then the rest."""
    name, is_nullable = sort.column, bool(cards.c[sort.column].nullable)

    def behind(columns: Columns) -> Any:
        assert after is not None
        here = tuple_(columns[name], cards.c.id)
        there = tuple_(number(after[0]), number(after[1]))
        return here < there if sort.is_descending else here > there

    def behind_by_number(_: Columns) -> Any:
        assert after is not None
        return cards.c.id < after[1] if sort.is_descending else cards.c.id > after[1]

    if after is None or after[0] is not None:
        some: list[Term] = [lambda columns: columns[name].is_not(None)] if is_nullable else []
        yield _Part((*some, *([] if after is None else [behind])), (name, "id"))
    if is_nullable:
        is_inside = after is not None and after[0] is None
        yield _Part(
            (lambda columns: columns[name].is_(None), *([behind_by_number] if is_inside else [])), ("id",)
        )
