"""Lists of transfers, newest first: what is asked as SQL, and which index answers it.

The one rule is that of card_lists.py: what few lines have is read alone, else the list
is read in its order until the page is full.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Select, select, tuple_, type_coerce

from ..domain.transfers import InvoiceLine, Transfer
from .card_filters import number
from .card_lists import BOUNDS, Bounds, in_order_of
from .columns import is_name, microseconds
from .steering import among, count, shielded, steer
from .tables import cards, invoice_lines, transfers
from .transfers import transfer_of
from .writer import Writing

_NARROW: Final = ("reference", "reason", "type")
_SHIELDED: Final = shielded(transfers)
_IN_ORDER: Final = ("reason", "type")  # with an index in order of time


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked of lines, all of it at once; None: nothing. `card_id` and `contact_id` are row numbers.

    From `since` on, and before `until`.
    """

    card_id: int | None = None
    contact_id: int | None = None
    type: str | None = None
    reason: str | None = None
    reference: str | None = None
    invoice: str | None = None
    invoice_line: str | None = None
    recipe: str | None = None
    currency: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedLine:
    """A line beside the public id of its card; None where it is of none."""

    id: int
    card: str | None
    transfer: Transfer

    @property
    def place(self) -> list[int]:
        """Where it stands in the list, for the cursor."""
        return [microseconds(self.transfer.created_at), self.id]


def page(
    connection: Connection,
    account_id: int,
    filters: Filters,
    *,
    after: Sequence[int] | None,
    limit: int,
    bounds: Bounds = BOUNDS,
) -> list[ListedLine]:
    """At most `limit` lines behind `after` (`place` of the last one seen), newest first."""
    steer(connection)
    reader = _Reader(connection, account_id, filters, after, limit, bounds)
    own = _own(account_id, filters)
    return reader.page() if own is None else reader.read(_Few(own))


@dataclass(frozen=True, slots=True)
class _Few:
    """The numbers of some lines, as a SELECT, and which filters are known to hold for each of them."""

    numbers: Any
    have: Sequence[str] = ()


@dataclass(frozen=True)
class _Reader:
    """Reads one page of the lines that fit."""

    connection: Connection
    account_id: int
    filters: Filters
    after: Sequence[int] | None
    limit: int
    bounds: Bounds

    def page(self) -> list[ListedLine]:
        """As of cards: few lines at once, a block in order, some lines at once, all in order."""
        bounds = self.bounds
        # The lines of a recipe's or a currency's cards lie so far apart that a block rarely fills a page.
        is_of_cards = self.filters.recipe is not None or self.filters.currency is not None
        few = self._few(bounds.some if is_of_cards else bounds.few)
        if few is not None:
            return self.read(few)
        found = self._numbers(None, block=bounds.block)
        if len(found) < self.limit and len(found) * bounds.entries >= self.limit * bounds.block:
            found = self._numbers(None, block=bounds.entries)  # as many more should do
        return self._lines(found) if len(found) == self.limit else self.read(self._few(bounds.some))

    def read(self, few: _Few | None) -> list[ListedLine]:
        """Out of `few`; None: out of all in their order."""
        return self._lines(self._numbers(few))

    def _lines(self, numbers: Sequence[int]) -> list[ListedLine]:
        if not numbers:
            return []
        rows = self.connection.execute(_listed().where(transfers.c.id.in_(numbers))).mappings()
        return sorted((_line(row) for row in rows), key=lambda line: line.place, reverse=True)

    def _numbers(self, few: _Few | None, block: int | None = None) -> list[int]:
        known = () if few is None else few.have
        by = next((name for name in _IN_ORDER if getattr(self.filters, name) is not None), None)
        in_order: set[str | None] = set() if few is not None else {"account_id", "created_at", by}

        def column(name: str) -> Any:
            return transfers.c[name] if name in in_order else _SHIELDED[name]

        at = type_coerce(column("created_at"), BigInteger)
        order = at.desc(), transfers.c.id.desc()
        here = [column("account_id") == self.account_id, *self._before(at)]
        since = self._since(at)
        if few is not None:
            here.append(among(self.connection, transfers.c.id, few.numbers))
        elif by is not None:
            here.append(column(by) == getattr(self.filters, by))
        if block is not None:
            edge = select(at, transfers.c.id).where(*here, *since).order_by(*order).offset(block).limit(1)
            last = self.connection.execute(edge).first()
            if last is not None:  # alone: SQLite would read on to the earlier bound
                since = [tuple_(at, transfers.c.id) >= _place(last)]
        rows = select(transfers.c.id)
        if self.filters.contact_id is not None or (self.filters.recipe is not None and "recipe" not in known):
            rows = rows.select_from(transfers.join(cards, cards.c.id == transfers.c.card_id))
        rows = rows.where(*here, *since, *self._rest(column, known)).order_by(*order).limit(self.limit)
        return list(self.connection.execute(rows).scalars())

    def _since(self, at: Any) -> list[Any]:
        since = self.filters.since
        return [] if since is None else [at >= number(microseconds(since))]

    def _before(self, at: Any) -> list[Any]:
        """Before `until`, and behind the last line seen."""
        until = self.filters.until
        found = [] if until is None else [at < number(microseconds(until))]
        return found if self.after is None else [*found, tuple_(at, transfers.c.id) < _place(self.after)]

    def _rest(self, column: Callable[[str], Any], known: Sequence[str]) -> list[Any]:
        """What is asked of each line, but for what is `known` of all that are looked at."""
        names = (name for name in (*_NARROW, "currency", "card_id") if name not in known)
        values = {name: getattr(self.filters, name) for name in names}
        found = [column(name) == value for name, value in values.items() if value is not None]
        if self.filters.contact_id is not None:
            found.append(cards.c.contact_id + 0 == self.filters.contact_id)
        if self.filters.recipe is not None and "recipe" not in known:
            found.append(cards.c.recipe + "" == self.filters.recipe)
        return found

    def _few(self, most: int) -> _Few | None:
        """The lines that have the rarest of what is asked, if at most `most`; else None."""
        best, fewest = None, most + 1
        for choice in self._choices(most):
            counted = count(self.connection, choice.numbers, fewest)
            if counted < fewest:
                best, fewest = choice, counted
            if counted == 0:
                break
        return None if best is None else _Few(best.numbers.limit(most), best.have)

    def _choices(self, most: int) -> Iterator[_Few]:
        """What an index can count."""
        own, filters = transfers.c, self.filters
        here = select(own.id).where(own.account_id == self.account_id)
        for name in _NARROW:
            if getattr(filters, name) is not None:
                yield _Few(here.where(own[name] == getattr(filters, name)), (name,))
        if filters.recipe is not None:
            yield _Few(_of_cards(self.account_id).where(cards.c.recipe == filters.recipe), ("recipe",))
        if filters.currency is not None:
            there = select(cards.c.id).where(
                cards.c.account_id == self.account_id, cards.c.currency == filters.currency
            )
            if count(self.connection, there, most + 1) <= most:  # a card has a line at least
                if filters.recipe is None:
                    yield _Few(_in_currency(self.account_id, filters.currency, there))
                else:  # each may have many lines, and both together few; no line without a card has either
                    both = in_order_of(there.where(cards.c.recipe + "" == filters.recipe), "currency")
                    few = self.connection.execute(both).scalars().all()
                    yield _Few(select(own.id).where(own.card_id.in_(few)), ("recipe",))
        if filters.since is not None or filters.until is not None:
            yield _Few(here.where(*self._since(own.created_at), *self._before(own.created_at)))


def find(connection: Connection | Writing, account_id: int, public_id: str) -> ListedLine | None:
    """The account's line with this id, or None."""
    if not is_name(public_id):
        return None
    wanted = _listed().where(transfers.c.account_id == account_id, transfers.c.public_id == public_id)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else _line(row)


def newest_of(connection: Connection, card_ids: Sequence[int], most: int) -> dict[int, list[ListedLine]]:
    """The newest lines of each of these cards, `most` of each."""
    wanted = (
        _listed()
        .where(transfers.c.card_id.in_(card_ids), transfers.c.number > cards.c.transfer_count - most)
        .order_by(transfers.c.card_id, transfers.c.number.desc())
    )
    found: dict[int, list[ListedLine]] = {}
    for row in connection.execute(wanted).mappings():
        found.setdefault(row["card_id"], []).append(_line(row))
    return found


def _own(account_id: int, filters: Filters) -> Any:
    """The numbers of an invoice's, card's or contact's own lines, read whole; None: none is asked."""
    if filters.invoice is not None:
        of_invoice = [invoice_lines.c.account_id == account_id, invoice_lines.c.invoice == filters.invoice]
        if filters.invoice_line is not None:
            of_invoice.append(invoice_lines.c.line == filters.invoice_line)
        return select(invoice_lines.c.transfer_id).where(*of_invoice)
    if filters.card_id is not None:
        return select(transfers.c.id).where(transfers.c.card_id == filters.card_id)
    if filters.contact_id is not None:
        return _of_cards(account_id).where(cards.c.contact_id == filters.contact_id)
    return None


def _of_cards(account_id: int) -> Any:
    own = transfers.c
    return select(own.id).join(cards, cards.c.id == own.card_id).where(cards.c.account_id == account_id)


def _place(values: Sequence[int]) -> Any:
    return tuple_(*(number(value) for value in values))


def _in_currency(account_id: int, currency: str, there: Any) -> Any:
    """The lines of the cards in a currency, and those of no card."""
    own = transfers.c
    here = select(own.id).where(own.account_id == account_id, own.currency == currency)
    both = select(own.id).where(own.card_id.in_(there)).union_all(here.where(own.card_id.is_(None)))
    union = both.subquery()
    return select(union.c.id)


def _listed() -> Select[Any]:
    said = invoice_lines.c.invoice.label("invoice"), invoice_lines.c.line.label("invoice_line")
    return select(transfers, cards.c.public_id.label("card"), *said).select_from(
        transfers.outerjoin(cards, cards.c.id == transfers.c.card_id).outerjoin(
            invoice_lines, invoice_lines.c.transfer_id == transfers.c.id
        )
    )


def _line(row: Any) -> ListedLine:
    said = None if row["invoice"] is None else InvoiceLine(row["invoice"], row["invoice_line"])
    return ListedLine(row["id"], row["card"], replace(transfer_of(row), invoice=said))
