"""Lists of cards: what is asked as SQL, and which index answers it, at a million cards as at ten.

The one rule: no page reads more than it must. Each thing that is asked is counted by its
index, up to a bound: where few cards have it, those alone are read, else the list is read
in its own order until the page is full. In the order of making that is one wide index, which
knows all that can be asked of a card: a million entries of it are looked at in the time of
some thousand rows. Neither database is left to guess which.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, or_, select, tuple_, type_coerce

from ..domain.cards import Card
from . import words
from .card_filters import PLAIN, SHIELDED, Asked, Columns, Filters, Term, as_asked, number
from .cards import card_of, with_contacts
from .columns import microseconds
from .steering import among, count, steer
from .tables import cards, search_words


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many rows, or entries of a wide index, are worth what.

    `few` are read one by one, and sorted, in a millisecond or two. `block` in order fill nearly
    every page; where they do not, it is worth counting up to `many` of something, which are
    better read one by one than a million in order. Entries of a wide index are read in a
    fraction of the time of rows: `entries` in that of `some` rows.
    """

    few: int = 1_000
    block: int = 4_000
    many: int = 40_000
    some: int = 4_000
    entries: int = 60_000


BOUNDS: Final = Bounds()
SORTS: Final = ("created_at", "updated_at", "balance", "initial_amount", "expires_at")
_IN_ORDER: Final = ("recipe", "program", "source", "currency")
"""Columns with an index in order of making, for what is asked alone: the last card may be years old."""
_WIDE: Final = ("balance", "expires_at", "usable_at", "disabled_at", "removed_at")
"""Columns whose index knows all that can be asked of a card, as the one in order of making does."""


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
    for asked in as_asked(filters, microseconds(now)):
        if not asked.is_impossible:
            reader = _Reader(connection, account_id, asked, filters.words, sort, after, limit, bounds)
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
    asked_words: Sequence[bytes]
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
        bounds, is_wide = self.bounds, self.sort.column == "created_at"
        few = self._few(bounds.few, bounds.few)
        if few is not None:
            return self._read(few)[0]
        found, is_whole = self._read(None, block=bounds.block)
        if is_wide and not is_whole and len(found) * bounds.entries >= self.limit * bounds.block:
            found, is_whole = self._read(None, block=bounds.entries)  # as many more should do
        if len(found) == self.limit or is_whole:
            return found
        return self._read(self._few(bounds.some if is_wide else bounds.many, bounds.entries))[0]

    def _read(self, few: "_Few | None", block: int | None = None) -> tuple[list[int], bool]:
        """The page out of `few`; None: out of the list in its order, all of it or its first `block` rows.

        Beside it, whether everything there is was looked at, or enough of it.
        """
        found: list[int] = []
        for part in _parts(self.sort, self.after):
            rows, is_whole = (
                (self._out_of(few, part), True) if few is not None else self._in_order_to(block, part)
            )
            rows = rows.limit(self.limit - len(found))
            found += self.connection.execute(rows).scalars()
            if len(found) == self.limit or not is_whole:
                return found, is_whole
        return found, True

    def _out_of(self, few: "_Few", part: "_Part") -> Any:
        rows = select(cards.c.id)
        if few.wide is None:
            rows = rows.where(
                among(self.connection, cards.c.id, few.numbers), SHIELDED["account_id"] == self.account_id
            )
        else:
            rows = rows.where(cards.c.account_id == self.account_id, *self.asked.of(few.wide, PLAIN))
        rest = self.asked.every(SHIELDED, but=() if few.wide is None else (few.wide,))
        return rows.where(*part.where(SHIELDED), *rest, *self._words()).order_by(
            *part.order(SHIELDED, self.sort)
        )

    def _in_order_to(self, block: int | None, part: "_Part") -> tuple[Any, bool]:
        """The list in its order, streamed: it ends with the page, or with the last of `block` rows.

        Beside it, whether it has no more rows than these.
        """
        last: Any = None
        in_order = self._in_order()
        here = [cards.c.account_id == self.account_id, *part.where(PLAIN)]
        inside = [one for name in in_order for one in self.asked.of(name, PLAIN)]
        order = part.order(PLAIN, self.sort)
        if block is not None:
            columns = [
                cards.c.id if name == "id" else type_coerce(PLAIN[name], BigInteger) for name in part.columns
            ]
            edge = select(*columns).where(*here, *inside).order_by(*order).offset(block).limit(1)
            last = self.connection.execute(edge).first()
            if last is not None:
                inside = [part.until(last, self.sort), *self._but_the_end(in_order)]
        rest = self.asked.every(SHIELDED, but=in_order)
        rows = select(cards.c.id).where(*here, *inside, *rest, *self._words()).order_by(*order)
        if self._alone is not None:  # SQLite would go through the wide index for it
            rows = rows.with_hint(
                cards, f"INDEXED BY ix_cards_account_id_{self._alone}_created_at_id", "sqlite"
            )
        return rows, last is None

    def _but_the_end(self, in_order: Sequence[str]) -> list[Any]:
        """Without the bound that lies behind the last row of a block: SQLite would read on to that."""
        down, found = self.sort.is_descending, []
        for name in in_order:
            is_order = name == self.sort.column
            found += self.asked.of(name, PLAIN, but_least=is_order and down, but_most=is_order and not down)
        return found

    def _words(self) -> list[Any]:
        return [_has_word(self.account_id, word) for word in self.asked_words]

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
            )
            for name in self.asked.narrow
        ]
        choices += [_Few(with_word(self.account_id, word)) for word in self.asked_words]
        best, least = None, most
        for choice in choices:
            weight = 1 if choice.wide is None else max(1, entries // most)
            counted = count(self.connection, choice.numbers, weight * (least + 1))
            if counted == 0:
                raise _Nothing
            if counted <= weight * least:
                best, least = choice, counted // weight
        return best if best is None or best.wide else _Few(best.numbers.limit(most))


@dataclass(frozen=True, slots=True)
class _Few:
    """The numbers of some cards, and the column whose wide index has them."""

    numbers: Any
    wide: str | None = None


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
        ordered = [cards.c.id if name == "id" else columns[name] for name in self.columns]
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


def with_word(account_id: int, word: bytes) -> Any:
    """Numbers of cards that have a word themselves, or by their contact, or at the end of their code."""
    own = search_words.c
    here = select(own.row_id).where(own.account_id == account_id, own.word == word)
    people = here.where(own.kind == words.CONTACT)
    found = [
        here.where(own.kind == words.CARD),
        select(cards.c.id).where(cards.c.account_id == account_id, cards.c.contact_id.in_(people)),
    ]
    ending = _ending(word)
    if ending is not None:
        found.append(select(cards.c.id).where(cards.c.account_id == account_id, cards.c.last4 == ending))
    union = found[0].union_all(*found[1:]).subquery()
    return select(union.c.row_id)


def _has_word(account_id: int, word: bytes) -> Any:
    """Whether one card has a word, asked of that card."""
    own = search_words.c
    here = select(1).where(own.account_id == account_id, own.word == word)
    found = [
        here.where(own.kind == words.CARD, own.row_id == cards.c.id).exists(),
        here.where(own.kind == words.CONTACT, own.row_id == cards.c.contact_id).exists(),
    ]
    ending = _ending(word)
    return or_(*found, *([] if ending is None else [SHIELDED["last4"] == ending]))


def _ending(word: bytes) -> str | None:
    text = word.decode("utf-8", "replace").upper()
    return text if len(text) == 4 and text.isascii() else None
