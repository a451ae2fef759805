"""Orders as far as gift cards go: pieces that become cards, and which code each of them gets.

The one rule: a piece becomes one card, whoever asks how often; its card keeps the code that it has.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from .codes import normal
from .errors import BadRequest, CodeTaken, FieldError
from .events import rfc3339

MAX_NUMBER: Final = 2**63 - 1
MAX_NAME: Final = 255  # characters of a shop's own id: Shopify's have 40

_NUMBERED: Final = re.compile(r"(?:.*/)?(\d{1,18})", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Order:
    """`name` is the shop's own id, `source` who told of it, '' the REST API; sums in minor units.

    `contact` and `event` are ids; `event` is the row of the one that told of it. None: nobody, none.
    """

    id: int
    source: str
    name: str
    number: int | None
    contact: str | None
    event: int | None
    currency: str
    total: int | None
    refunded: int
    created_at: datetime

    @property
    def is_given_back(self) -> bool:
        """Whether all that was paid was given back."""
        return self.total is not None and 0 < self.total <= self.refunded


@dataclass(frozen=True, slots=True)
class Piece:
    """One gift card that was bought: the piece `place`, from 0, of a line. None: not told exactly."""

    line: str
    line_number: int | None
    place: int
    amount: int | None
    currency: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A piece as it is kept. `job`: the id of the one that is about to make its `card`, under `code`."""

    id: int
    order: int
    piece: Piece
    code: str | None = field(default=None, repr=False)
    job: str | None = None
    card: str | None = None

    @property
    def is_free(self) -> bool:
        """Whether there is no card, and nobody is about to make one."""
        return self.card is None and self.job is None


@dataclass(frozen=True, slots=True)
class Coded:
    """A code that somebody predefined: for the next piece of `line`, or (None) for the order's first one.

    `field` and `line_field` say where that stands in the request.
    """

    code: str
    field: str
    line: int | None = None
    line_field: str = ""


def number_in(name: str) -> int | None:
    """The number that a shop's id is, or ends in behind a slash, as Shopify's do."""
    found = _NUMBERED.fullmatch(name)
    return int(found[1]) if found else None


def number_told(name: str, told: Any) -> int | None:
    """As `number_in`, else the number that was told beside the id."""
    found = number_in(name)
    is_one = type(told) is int and 0 < told <= MAX_NUMBER
    return found if found is not None else told if is_one else None


def pieces_of(lines: Sequence[tuple[str, int | None, int, int | None, str]]) -> list[Piece]:
    """A piece for each card, from lines as id, number, quantity, price of one and its currency."""
    found: list[Piece] = []
    places: Counter[str] = Counter()
    for line, number, quantity, amount, currency in lines:
        for _ in range(quantity):
            found.append(Piece(line, number, places[line], amount, currency))
            places[line] += 1
    return found


def placed(entries: Sequence[Entry], asked: Sequence[Coded], known: Mapping[int, str]) -> dict[int, str]:
    """Which free entries get which codes, by their ids; those that have theirs already get nothing.

    `known`: the codes of entries that are not free. BadRequest for a line without gift cards, and for
    more codes than pieces; CodeTaken for a piece whose card has another code.
    """
    lines: dict[int | None, list[Entry]] = {None: list(entries)[:1]}
    for entry in entries:
        if entry.piece.line_number is not None:
            lines.setdefault(entry.piece.line_number, []).append(entry)
    used: Counter[int | None] = Counter()
    found: dict[int, str] = {}
    for one in asked:
        own = lines.get(one.line)
        if own is None:
            raise _bad(one.line_field, "is no line of gift cards in this order")
        if used[one.line] >= len(own):
            raise _bad(one.field, f"is one too many: the line has {len(own)} gift cards")
        entry = own[used[one.line]]
        used[one.line] += 1
        if entry.is_free:
            found[entry.id] = one.code
        elif normal(known.get(entry.id, "")) != normal(one.code):
            wrong = "comes too late: this gift card has another code already"
            raise CodeTaken(f"{one.field} {wrong}", errors=[FieldError(one.field, wrong)])
    return found


def order_json(order: Order, entries: Sequence[Entry]) -> dict[str, Any]:
    """An order as REST shows it; its lines are those of gift cards."""
    lines: dict[str, list[Entry]] = {}
    for entry in entries:
        lines.setdefault(entry.piece.line, []).append(entry)
    return {
        "id": order.name,
        "number": order.number,
        "source": order.source or None,
        "contact_id": order.contact,
        "currency": order.currency,
        "lines": [
            {
                "id": line,
                "number": own[0].piece.line_number,
                "gift_card": True,
                "quantity": len(own),
                "gift_cards": [_entry_json(entry) for entry in own],
            }
            for line, own in lines.items()
        ],
        "created_at": rfc3339(order.created_at),
    }


def _entry_json(entry: Entry) -> dict[str, Any]:
    state = "issued" if entry.card else "queued" if entry.job else "open"
    return {
        "index": entry.piece.place,
        "amount": entry.piece.amount,
        "currency": entry.piece.currency,
        "state": state,
        "job_id": entry.job,
        "gift_card_id": entry.card,
    }


def _bad(name: str, message: str) -> BadRequest:
    return BadRequest(f"{name} {message}", errors=[FieldError(name, message)])
