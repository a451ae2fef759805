"""Append and sum. A line is never updated or deleted; a card's balance moves by a guarded update."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    RowMapping,
    Text,
    bindparam,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from ..domain.cards import Card
from ..domain.jsontext import read_own
from ..domain.transfers import Transfer
from .columns import moment
from .prepared import Prepared
from .tables import cards, transfers
from .writer import Writing

_INSERT: Final = Prepared(insert(transfers))
_MOVE: Final = Prepared(
    update(cards)
    .where(
        cards.c.id == bindparam("card"),
        cards.c.transfer_count == bindparam("seen"),
        cards.c.balance + bindparam("delta") >= cards.c.held,
    )
    .values(
        balance=cards.c.balance + bindparam("delta"),
        transfer_count=cards.c.transfer_count + 1,
        message_count=cards.c.message_count + bindparam("messages"),
        head_hash=bindparam("head"),
        updated_at=bindparam("at"),
    )
)


_RAW: Final = tuple(
    type_coerce(column, Text if column.name == "origin" else BigInteger).label(column.name)
    if column.name in ("origin", "created_at")
    else column
    for column in transfers.c
)
"""Every column without its reader: what somebody wrote by hand must not stop the proof."""


def append(tx: Writing, transfer: Transfer, card_id: int | None) -> None:
    """Add one line, its hash worked out from all of it."""
    tx.do(
        _INSERT,
        {
            "public_id": transfer.public_id,
            "account_id": transfer.account_id,
            "card_id": card_id,
            "number": transfer.number,
            "type": transfer.type,
            "debit": transfer.debit,
            "credit": transfer.credit,
            "amount": transfer.amount,
            "currency": transfer.currency,
            "balance_after": transfer.balance_after,
            "related": transfer.related,
            "reference": transfer.reference,
            "reason": transfer.reason,
            "note": transfer.note,
            "origin": dict(transfer.origin),
            "created_at": transfer.created_at,
            "previous_hash": transfer.previous_hash,
            "hash": transfer.hash,
        },
    )


def move(tx: Writing, card: Card, delta: int, transfer: Transfer, messages: int) -> bool:
    """Guarded: add `delta` to the balance only if it stays at or above what is held, and nobody came between.

    False: the guard held, nothing was changed.
    """
    moved = tx.do(
        _MOVE,
        {
            "card": card.id,
            "seen": card.transfer_count,
            "delta": delta,
            "messages": messages,
            "head": transfer.hash,
            "at": transfer.created_at,
        },
    )
    return moved == 1


def of_card(connection: Connection | Writing, card: Card) -> list[Transfer]:
    """A card's lines, oldest first."""
    lines = select(transfers).where(transfers.c.card_id == card.id).order_by(transfers.c.number)
    return [_transfer(row) for row in connection.execute(lines).mappings()]


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it stands in the database, for the proof, whatever somebody wrote into it.

    `transfer` is None where its columns cannot be read as one; `kept_hash` is the
    hash that stands beside it.
    """

    row_id: int
    public_id: str
    number: Any
    kept_hash: Any
    transfer: Transfer | None


def chains(connection: Connection, account_id: int | None) -> Iterator[tuple[RowMapping, Line | None]]:
    """Every card beside each of its lines, by card and number; None for a card without lines."""
    card_columns = [
        cards.c.id.label("card_row_id"),
        cards.c.public_id.label("card"),
        cards.c.balance.label("card_balance"),
        cards.c.held.label("card_held"),
        cards.c.currency.label("card_currency"),
        cards.c.account_id.label("card_account_id"),
        cards.c.initial_amount,
        cards.c.transfer_count,
        cards.c.head_hash,
    ]
    wanted = (
        select(*card_columns, *_RAW)
        .select_from(cards.outerjoin(transfers, transfers.c.card_id == cards.c.id))
        .order_by(cards.c.id, transfers.c.number, transfers.c.id)
    )
    if account_id is not None:
        wanted = wanted.where(cards.c.account_id == account_id)
    for row in connection.execution_options(yield_per=1_000).execute(wanted).mappings():
        yield row, None if row["id"] is None else _line(row)


def loose(connection: Connection, account_id: int | None) -> Iterator[Line]:
    """Lines that belong to no card, or to none that exists."""
    wanted = (
        select(*_RAW)
        .select_from(transfers.outerjoin(cards, cards.c.id == transfers.c.card_id))
        .where(cards.c.id.is_(None))
        .order_by(transfers.c.id)
    )
    if account_id is not None:
        wanted = wanted.where(transfers.c.account_id == account_id)
    for row in connection.execute(wanted).mappings():
        yield _line(row)


def count(connection: Connection, account_id: int | None) -> int:
    """How many lines there are."""
    wanted = select(func.count()).select_from(transfers)
    if account_id is not None:
        wanted = wanted.where(transfers.c.account_id == account_id)
    return int(connection.execute(wanted).scalar_one())


_WHOLE: Final = ("account_id", "amount", "number", "balance_after")
_WORDS: Final = ("public_id", "type", "debit", "credit", "currency", "previous_hash")
_PERHAPS_WORDS: Final = ("related", "reference", "reason", "note")


def _line(row: RowMapping) -> Line:
    return Line(row["id"], str(row["public_id"]), row["number"], row["hash"], _read(row))


def _read(row: RowMapping) -> Transfer | None:
    """The transfer of a raw row, or None: SQLite keeps text in a column of numbers if it is told to."""
    is_sound = (
        all(type(row[name]) is int for name in _WHOLE)
        and all(type(row[name]) is str for name in _WORDS)
        and all(row[name] is None or type(row[name]) is str for name in _PERHAPS_WORDS)
    )
    if not is_sound:
        return None
    try:
        origin = read_own(row["origin"])
        return _transfer({**row, "origin": dict(origin), "created_at": moment(row["created_at"])})
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None


def _transfer(row: RowMapping | dict[str, Any]) -> Transfer:
    return Transfer(
        public_id=row["public_id"],
        account_id=row["account_id"],
        type=row["type"],
        debit=row["debit"],
        credit=row["credit"],
        amount=row["amount"],
        currency=row["currency"],
        created_at=row["created_at"],
        previous_hash=row["previous_hash"],
        number=row["number"],
        balance_after=row["balance_after"],
        related=row["related"],
        reference=row["reference"],
        reason=row["reason"],
        note=row["note"],
        origin=row["origin"],
    )
