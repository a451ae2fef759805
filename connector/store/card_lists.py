"""Lists of cards: what is asked as SQL, and which index answers it, at a million cards as at ten.

The one rule: no page reads more than it must. Each thing that is asked is counted by its
index, up to a bound: where few cards have it, those alone are read, else the list is read
in its own order until the page is full. Neither database is left to guess which.
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
    """How many rows are worth what.

    `few` are read one by one, and sorted, in a millisecond or two. `block` rows in order fill
    nearly every page; where they do not, it is worth counting up to `many`, which are
    better read one by one than a million in order.
    """

    few: int = 1_000
    block: int = 4_000
    many: int = 40_000


BOUNDS: Final = Bounds()
SORTS: Final = ("created_at", "updated_at", "balance", "initial_amount", "expires_at")
_IN_ORDER: Final = ("expired_at", "recipe", "program", "source", "currency")
"""Columns with an index in order of making. New cards are seldom expired, so that comes first."""


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
        few = self._few(self.bounds.few)
        if few is not None:
            return self._read(few)[0]
        found, is_whole = self._read(None, block=self.bounds.block)
        if len(found) == self.limit or is_whole:
            return found
        return self._read(self._few(self.bounds.many))[0]

    def _read(self, few: Any, block: int | None = None) -> tuple[list[Card], bool]:
        """The page out of `few`; None: out of the list in its order, all of it or its first `block` rows.

        Beside it, whether everything there is was looked at, or enough of it.
        """
        found: list[Card] = []
        for part in _parts(self.sort, self.after):
            rows, is_whole = (
                (self._out_of(few, part), True) if few is not None else self._in_order_to(block, part)
            )
            rows = rows.limit(self.limit - len(found))
            found += [card_of(row) for row in self.connection.execute(rows).mappings()]
            if len(found) == self.limit or not is_whole:
                return found, is_whole
        return found, True

    def _out_of(self, few: Any, part: "_Part") -> Any:
        return (
            with_contacts()
            .where(
                among(self.connection, cards.c.id, few),
                SHIELDED["account_id"] == self.account_id,
                *part.where(SHIELDED),
            )
            .where(*self.asked.every(SHIELDED), *self._words())
            .order_by(*part.order(SHIELDED, self.sort))
        )

    def _in_order_to(self, block: int | None, part: "_Part") -> tuple[Any, bool]:
        """The list in its order, streamed: it ends with the page, or with the last of `block` rows.

        Beside it, whether it has no more rows than these.
        """
        last: Any = None
        in_order = self._in_order()
        here = [cards.c.account_id == self.account_id, *part.where(PLAIN)]
        here += [one for name in in_order for one in self.asked.of(name, PLAIN)]
        order = part.order(PLAIN, self.sort)
        if block is not None:
            columns = [
                cards.c.id if name == "id" else type_coerce(PLAIN[name], BigInteger) for name in part.columns
            ]
            edge = select(*columns).where(*here).order_by(*order).offset(block).limit(1)
            last = self.connection.execute(edge).first()
            if last is not None:
                here.append(part.until(last, self.sort))
        rest = self.asked.every(SHIELDED, but=in_order)
        return with_contacts().where(*here, *rest, *self._words()).order_by(*order), last is None

    def _words(self) -> list[Any]:
        return [_has_word(self.account_id, word) for word in self.asked_words]

    def _in_order(self) -> list[str]:
        """The sort's own column, and one more where an index has both in order."""
        if self.sort.column != "created_at":
            return [self.sort.column]
        return ["created_at", *[name for name in _IN_ORDER if name in self.asked.terms][:1]]

    def _few(self, most: int) -> Any:
        """The numbers of the cards that have the rarest of what is asked, if at most `most`; else None."""
        choices = [
            select(cards.c.id)
            .where(cards.c.account_id == self.account_id, *self.asked.of(name, PLAIN))
            .order_by(*(PLAIN[one] for one in self.asked.orders.get(name, ())))
            for name in self.asked.narrow
        ]
        choices += [_with_word(self.account_id, word) for word in self.asked_words]
        best, fewest = None, most + 1
        for choice in choices:
            counted = count(self.connection, choice, fewest)
            if counted < fewest:
                best, fewest = choice, counted
            if counted == 0:
                raise _Nothing
        return None if best is None else best.limit(most)


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


def _with_word(account_id: int, word: bytes) -> Any:
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
