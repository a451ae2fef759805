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
from .columns import is_name, moment, summable
from .prepared import Prepared
from .tables import cards, funds, holds, transfers
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


_OPEN_HOLDS: Final = (
    select(func.coalesce(func.sum(summable(holds.c.amount)), 0))
    .where(holds.c.card_id == cards.c.id, holds.c.state == "open")
    .scalar_subquery()
)


def append(tx: Writing, transfer: Transfer, card_id: int | None, fund_id: int | None = None) -> None:
    """Add one line, its hash worked out from all of it. It is of a card's chain, or a fund's, or of none."""
    tx.do(
        _INSERT,
        {
            "public_id": transfer.public_id,
            "account_id": transfer.account_id,
            "card_id": card_id,
            "fund_id": fund_id,
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
            "rate": transfer.rate,
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


def last_of(tx: Writing, card: Card, line_type: str) -> Transfer | None:
    """A card's newest line of this type, or None."""
    wanted = (
        select(transfers)
        .where(transfers.c.card_id == card.id, transfers.c.type == line_type)
        .order_by(transfers.c.number.desc())
        .limit(1)
    )
    row = tx.execute(wanted).mappings().first()
    return None if row is None else _transfer(row)


def find(connection: Connection | Writing, account_id: int, public_id: str) -> Transfer | None:
    """The account's line with this id, or None."""
    return _one(connection, public_id, transfers.c.account_id == account_id)


def find_of_card(connection: Connection | Writing, card: Card, public_id: str) -> Transfer | None:
    """The card's own line with this id, or None."""
    return _one(connection, public_id, transfers.c.card_id == card.id)


def _one(connection: Connection | Writing, public_id: str, whose: Any) -> Transfer | None:
    if not is_name(public_id):
        return None
    wanted = select(transfers).where(transfers.c.public_id == public_id, whose)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else _transfer(row)


def given_back(connection: Connection | Writing, card: Card, public_id: str, by_type: str = "refund") -> int:
    """How much of the card's line `public_id` was given back by lines of a type: exact while it is locked."""
    wanted = select(func.coalesce(func.sum(transfers.c.amount), 0)).where(
        transfers.c.related == public_id, transfers.c.card_id == card.id, transfers.c.type == by_type
    )
    return int(connection.execute(wanted).scalar_one())


def has_line(connection: Connection | Writing, card: Card, line_type: str, credit: str) -> bool:
    """Whether the card has a line of this type that went to the ledger account `credit`."""
    wanted = select(transfers.c.id).where(
        transfers.c.card_id == card.id, transfers.c.type == line_type, transfers.c.credit == credit
    )
    return connection.execute(wanted.limit(1)).first() is not None


def transfer_of(row: RowMapping) -> Transfer:
    """A transfer from its row, for lists."""
    return _transfer(row)


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
    fund_id: Any = None


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
        cards.c.code_hash,
        cards.c.code_sealed,
        _OPEN_HOLDS.label("open_holds"),
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


def loose(connection: Connection, account_id: int | None) -> Iterator[tuple[Line, RowMapping]]:
    """Lines of no chain, or of one that does not exist, beside the line that each names (`other_…`)."""
    other = transfers.alias("other")
    wanted = (
        select(
            *_RAW,
            other.c.hash.label("other_hash"),
            other.c.related.label("other_related"),
            other.c.account_id.label("other_account"),
            other.c.type.label("other_type"),
            other.c.rate.label("other_rate"),
        )
        .select_from(
            transfers.outerjoin(cards, cards.c.id == transfers.c.card_id)
            .outerjoin(funds, funds.c.id == transfers.c.fund_id)
            .outerjoin(other, other.c.public_id == transfers.c.related)
        )
        .where(cards.c.id.is_(None), funds.c.id.is_(None))
        .order_by(transfers.c.id)
    )
    if account_id is not None:
        wanted = wanted.where(transfers.c.account_id == account_id)
    for row in connection.execute(wanted).mappings():
        yield _line(row), row


def unrelated(connection: Connection, account_id: int | None) -> list[str]:
    """The public ids of lines that name another one which is not there."""
    other = transfers.alias("other")
    wanted = (
        select(transfers.c.public_id)
        .select_from(transfers.outerjoin(other, other.c.public_id == transfers.c.related))
        .where(transfers.c.related.is_not(None), other.c.id.is_(None))
        .order_by(transfers.c.id)
    )
    if account_id is not None:
        wanted = wanted.where(transfers.c.account_id == account_id)
    return [str(name) for name in connection.execute(wanted).scalars()]


def unpaired(connection: Connection, account_id: int | None) -> list[str]:
    """The public ids of cards' lines with a rate that no line, or more than one, gives the other half of."""
    other = transfers.alias("other")
    is_half = (
        (other.c.related == transfers.c.public_id)
        & (other.c.rate == transfers.c.rate)
        & (other.c.currency != transfers.c.currency)
    )
    wanted = (
        select(transfers.c.public_id)
        .select_from(transfers.outerjoin(other, is_half))
        .where(transfers.c.card_id.is_not(None), transfers.c.rate.is_not(None))
        .group_by(transfers.c.id, transfers.c.public_id)
        .having(func.count(other.c.id) != 1)
        .order_by(transfers.c.id)
    )
    if account_id is not None:
        wanted = wanted.where(transfers.c.account_id == account_id)
    return [str(name) for name in connection.execute(wanted).scalars()]


def fund_chains(connection: Connection, account_id: int | None) -> Iterator[tuple[RowMapping, list[Line]]]:
    """All prepaid funds, each with the lines of its own chain."""
    wanted = select(funds).order_by(funds.c.id)
    if account_id is not None:
        wanted = wanted.where(funds.c.account_id == account_id)
    for fund in connection.execute(wanted).mappings().all():
        lines = select(*_RAW).where(transfers.c.fund_id == fund["id"]).order_by(transfers.c.number)
        yield fund, [_line(row) for row in connection.execute(lines).mappings()]


def count(connection: Connection, account_id: int | None) -> int:
    """How many lines there are."""
    wanted = select(func.count()).select_from(transfers)
    if account_id is not None:
        wanted = wanted.where(transfers.c.account_id == account_id)
    return int(connection.execute(wanted).scalar_one())


_WHOLE: Final = ("account_id", "amount")
_PERHAPS_WHOLE: Final = ("number", "balance_after")  # a line of no chain has neither
_WORDS: Final = ("public_id", "type", "debit", "credit", "currency", "previous_hash")
_PERHAPS_WORDS: Final = ("related", "reference", "reason", "note", "rate")


def _line(row: RowMapping) -> Line:
    return Line(row["id"], str(row["public_id"]), row["number"], row["hash"], _read(row), row["fund_id"])


def _read(row: RowMapping) -> Transfer | None:
    """The transfer of a raw row, or None: SQLite keeps text in a column of numbers if it is told to."""
    is_sound = (
        all(type(row[name]) is int for name in _WHOLE)
        and all(row[name] is None or type(row[name]) is int for name in _PERHAPS_WHOLE)
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
        rate=row["rate"],
        origin=row["origin"],
    )
