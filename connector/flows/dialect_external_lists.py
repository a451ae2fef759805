"""Lists of cards and of their movements as seed 002's clients read them, by numbers.

The one rule: a cursor holds the whole question, so that whoever sends it alone goes on rightly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.card_searches import Order, Search, bad, order_of, search_of
from ..domain.cards import Card
from ..domain.jsontext import dumps
from ..domain.transfers import Transfer
from ..ledger import accounts as chart
from ..operations.kit import Outcome
from ..store import aliases, dialect_searches, transfer_lists, words
from ..store.aliases import Kind
from ..store.writer import Writing
from .dialect_cards import Seen, see
from .paging import close_cursor, open_cursor
from .parts import Parts

MAX_LIMIT: Final = 250
MAX_WORDS: Final = 10  # of one search
MAX_FILTERS: Final = 500  # bytes that they have in a cursor, which must still fit in a query
MOST_LINES: Final = 1_000  # of one card in one list; a card that is spent daily has them in three years
NUMBERED_AT_ONCE: Final = 1_000

_LIST: Final = "external"
_NAMES_AT_ONCE: Final = 1_000  # values in one statement: no database takes any number of them


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page: what was asked as it was written (by name), the order, how many, behind which cursor.

    `order` None: as the list has it where nothing is said, `usual`.
    """

    filters: tuple[tuple[str, str], ...]
    usual: str
    order: str | None = None
    limit: int = 50
    page_info: str | None = None
    with_lines: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A movement as its card sees it: signed. `card` and `by` are numbers; `by` None: no key's.

    `number` counts the card's movements, its making not among them. Without `transfer` nothing moved.
    """

    id: int
    card: int
    currency: str
    amount: int
    number: int
    by: int | None
    at: Any
    transfer: Transfer | None


@dataclass(frozen=True, slots=True)
class Page:
    """Cards, each one's movements by its row's number (newest first), and the cursor behind them."""

    cards: Sequence[Seen]
    lines: Mapping[int, Sequence[Line]]
    next_page: str | None


def list_cards(parts: Parts, account: Account, wanted: Wanted) -> Page:
    """One page; BadRequest."""
    filters, order_text, after = _question(parts, account, wanted)
    search, order = search_of(filters, account.timezone), order_of(order_text)
    found = _page(parts, account, search, order, after, wanted.limit + 1)
    shown = [one.card for one in found[: wanted.limit]]
    seen = see(parts, account, shown)
    lines = _lines(parts, account, seen) if wanted.with_lines else {}
    next_page = None
    if len(found) > wanted.limit:
        place = found[wanted.limit - 1].place
        values = [[list(one) for one in filters], order_text, *place]
        next_page = close_cursor(parts, account, _LIST, values)
    return Page(seen, lines, next_page)


def line_in(tx: Writing, account: Account, actor: Actor, outcome: Outcome) -> Line:
    """What a deed of this moment moved on its card; nothing has a number of its own, the card's."""
    card, transfer = outcome.card, outcome.transfer
    assert card is not None
    number = aliases.allot(tx, account.id, "card", [card.public_id])[card.public_id].number
    subject = card.public_id if transfer is None else transfer.public_id
    own = aliases.allot(tx, account.id, "transfer", [subject])[subject].number
    key = actor.origin.get("key_id")
    by = None if key is None else aliases.allot(tx, account.id, "actor", [key])[key].number
    return Line(
        id=own,
        card=number,
        currency=card.currency,
        amount=0 if transfer is None else _signed(card, transfer),
        number=card.transfer_count - 1,
        by=by,
        at=tx.now if transfer is None else transfer.created_at,
        transfer=transfer,
    )


def _question(
    parts: Parts, account: Account, wanted: Wanted
) -> tuple[Sequence[tuple[str, str]], str, tuple[Any, int] | None]:
    """Filters, order and place: those of the cursor, where there is one; BadRequest for others beside it."""
    filters, order = list(wanted.filters), wanted.order or wanted.usual
    opened = open_cursor(parts, account, _LIST, wanted.page_info)
    if opened is None:
        if len(dumps(filters)) > MAX_FILTERS:
            raise bad("query", f"and the filters have more than {MAX_FILTERS} bytes together")
        return filters, order, None
    kept = [(str(one[0]), str(one[1])) for one in opened[0]]
    if (filters and filters != kept) or (wanted.order is not None and wanted.order != opened[1]):
        raise bad("page_info", "belongs to a list with other filters, or in another order")
    return kept, str(opened[1]), (opened[2], int(opened[3]))


def _page(
    parts: Parts,
    account: Account,
    search: Search,
    order: Order,
    after: tuple[Any, int] | None,
    limit: int,
) -> list[dialect_searches.Found]:
    wanted = words.in_search(search.text)
    if len(wanted) > MAX_WORDS:
        raise bad("query", f"has more than {MAX_WORDS} words")
    if search.text and not wanted:
        return []  # signs that are in no word
    is_numbered = dialect_searches.needs_numbers(search, order)
    # In the order of numbers a full page is right before all have one: new ones come behind it.
    while is_numbered and not _is_forward(order) and _number(parts, account) == NUMBERED_AT_ONCE:
        pass
    while True:
        with parts.engines.reading() as connection:
            found = dialect_searches.page(
                connection,
                account.id,
                search,
                order,
                words=wanted,
                now=parts.clock.now() + account.clock_offset,
                after=after,
                limit=limit,
            )
        if len(found) == limit or not is_numbered or not _number(parts, account):
            return found


def _is_forward(order: Order) -> bool:
    return order.name == "id" and not order.is_descending


def _number(parts: Parts, account: Account) -> int:
    return parts.writer.run(lambda tx: aliases.number_cards(tx, account.id, NUMBERED_AT_ONCE))


def _lines(parts: Parts, account: Account, seen: Sequence[Seen]) -> dict[int, list[Line]]:
    """Each card's movements, newest first."""
    by_row = {one.card.id: one for one in seen}
    with parts.engines.reading() as connection:
        found = transfer_lists.newest_of(connection, list(by_row), MOST_LINES)
    every = sorted((line for lines in found.values() for line in lines), key=lambda line: line.id)
    numbers = _numbers(parts, account, "transfer", [line.transfer.public_id for line in every])
    return {
        row: [
            Line(
                id=numbers[line.transfer.public_id],
                card=by_row[row].number,
                currency=line.transfer.currency,
                amount=_signed(by_row[row].card, line.transfer),
                number=(line.transfer.number or 1) - 1,
                by=None,
                at=line.transfer.created_at,
                transfer=line.transfer,
            )
            for line in lines
        ]
        for row, lines in found.items()
    }


def _numbers(parts: Parts, account: Account, kind: Kind, subjects: Sequence[str]) -> dict[str, int]:
    """The numbers of these; those that had none yet get theirs, in the order given."""
    found: dict[str, int] = {}
    for start in range(0, len(subjects), _NAMES_AT_ONCE):
        some = subjects[start : start + _NAMES_AT_ONCE]
        with parts.engines.reading() as connection:
            known = aliases.known(connection, account.id, kind, some)
        if len(known) < len(some):
            known = parts.writer.run(_allotting(account, kind, some))
        found |= {subject: alias.number for subject, alias in known.items()}
    return found


def _allotting(account: Account, kind: Kind, subjects: Sequence[str]) -> Any:
    return lambda tx: aliases.allot(tx, account.id, kind, subjects)


def _signed(card: Card, transfer: Transfer) -> int:
    return transfer.amount if transfer.credit == chart.card(card.public_id) else -transfer.amount
