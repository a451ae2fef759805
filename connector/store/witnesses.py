"""Rows beside the ledger that must agree with its lines: funds drawn on, holds captured, the audit trail.

Each question is one walk of a table, a look into unique indexes or one sort: never slower than the
ledger is long, whatever the database knows of its own statistics.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from ..domain.money import MAX_MINOR
from .columns import summable
from .tables import audit, cards, funds, holds, transfers

_IS_IN_A_CHAIN: Final = transfers.c.card_id.is_not(None) | transfers.c.fund_id.is_not(None)
_IS_CAPTURED: Final = holds.c.state == "captured"
_ENDS: Final = {"released": "release", "lapsed": "lapse"}
"""States of a hold that ended without a line, and the act that the audit trail has of it."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What cards took from one prepaid account, in how many lines; the first of them."""

    amount: int
    lines: int
    first: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows name the line `line`; `last` is the newest of them. `is_there`: there is such a line."""

    line: str
    is_there: bool
    named: int
    last: int


def drawn(connection: Connection, account_id: int | None) -> dict[tuple[Any, Any, Any], Drawn]:
    """What cards took from prepaid funds, by account, ledger account and currency; from none, too."""
    key = (transfers.c.account_id, transfers.c.debit, transfers.c.currency)
    sums = (
        select(
            func.sum(summable(transfers.c.amount)).label("amount"),
            func.count().label("lines"),
            func.min(transfers.c.id).label("first"),
        )
        .where(transfers.c.debit.like("prepaid:%"), transfers.c.fund_id.is_(None))
        .group_by(*key)
    )
    each = _of(sums, transfers.c.account_id, account_id).subquery()
    wanted = (
        select(*key, transfers.c.public_id, each.c.amount, each.c.lines)
        .select_from(each.join(transfers, transfers.c.id == each.c.first))
        .order_by(transfers.c.id)
    )
    return {
        (row.account_id, row.debit, row.currency): Drawn(int(row.amount), row.lines, str(row.public_id))
        for row in connection.execute(wanted)
    }


def wrong_holds(connection: Connection, account_id: int | None) -> Iterator[Any]:
    """Holds that say something else than their lines (`hold`, `state`, `captured`, `line`), or hold too much.

    Beside them what that line has, None where it is not there: `type`, `amount`, `is_own` card. `held` is
    what the hold reserves, `is_lawful` whether a hold may reserve so much.
    """
    is_lawful = holds.c.amount.between(1, MAX_MINOR)
    is_own = transfers.c.card_id == holds.c.card_id
    differs = or_(
        transfers.c.type.is_distinct_from("capture"),
        transfers.c.card_id.is_distinct_from(holds.c.card_id),
        transfers.c.account_id.is_distinct_from(holds.c.account_id),
        transfers.c.amount.is_distinct_from(holds.c.captured),
    )
    wanted = (
        select(
            holds.c.public_id.label("hold"),
            holds.c.state,
            holds.c.captured,
            holds.c.transfer.label("line"),
            transfers.c.type,
            transfers.c.amount,
            is_own.label("is_own"),
            holds.c.amount.label("held"),
            is_lawful.label("is_lawful"),
        )
        .select_from(holds.outerjoin(transfers, transfers.c.public_id == holds.c.transfer))
        .where(
            ~is_lawful
            | (_IS_CAPTURED & differs)
            | (~_IS_CAPTURED & (holds.c.transfer.is_not(None) | (holds.c.captured != 0)))
        )
        .order_by(holds.c.id)
    )
    yield from connection.execute(_of(wanted, holds.c.account_id, account_id))


@dataclass(frozen=True, slots=True)
class Unlike:
    """A hold that the audit trail tells otherwise of; None where there is none, and `row` tells of one."""

    hold: str | None
    row: int


def unlike_holds(connection: Connection, account_id: int | None) -> Iterator[Unlike]:
    """Holds whose card, amount or end the audit trail tells otherwise, and those of it that are not there.

    The trail says that each was made, once, and that it was released or lapsed; that it was captured, the
    line says. Its words are compared as they stand there: one sort of both, and no junk is ever read.
    """
    own = literal('{"amount":') + cast(holds.c.amount, Text) + literal(',"hold":"') + holds.c.public_id
    kept = select(
        holds.c.card_id,
        (own + literal('"}')).label("told"),
        holds.c.public_id.label("hold"),
        literal(0).label("row"),
        literal(1).label("made"),
        *(case((holds.c.state == state, 1), else_=0).label(state) for state in _ENDS),
    )
    is_made = audit.c.act == "hold"
    trail = select(
        audit.c.card_id,
        type_coerce(audit.c.details, Text),
        null(),
        case((is_made, audit.c.id), else_=0),
        case((is_made, -1), else_=0),
        *(case((audit.c.act == act, -1), else_=0) for act in _ENDS.values()),
    ).where(audit.c.act.in_(("hold", *_ENDS.values())))
    both = union_all(
        _of(kept, holds.c.account_id, account_id), _of(trail, audit.c.account_id, account_id)
    ).subquery()
    wanted = (
        select(func.max(both.c.hold).label("hold"), func.max(both.c.row).label("row"))
        .group_by(both.c.card_id, both.c.told)
        .having(or_(*(func.sum(both.c[name]) != 0 for name in ("made", *_ENDS))))
        .order_by(func.max(both.c.row), func.max(both.c.hold))
    )
    for found in connection.execute(wanted):
        yield Unlike(found.hold, int(found.row))


def uncaptured(connection: Connection, account_id: int | None) -> Iterator[Tally]:
    """Captures that no captured hold names, or more than one."""
    lines = select(transfers.c.public_id).where(transfers.c.type == "capture")
    namers = select(holds.c.transfer, holds.c.id).where(_IS_CAPTURED, holds.c.transfer.is_not(None))
    for one in _tallied(connection, lines, namers, account_id):
        if one.is_there:  # a hold that names another line is one of `wrong_holds`
            yield one


def unnoted(connection: Connection, account_id: int | None) -> Iterator[Tally]:
    """Lines of cards and funds without exactly one audit row; audit rows that name what is no such line."""
    lines = select(transfers.c.public_id).where(_IS_IN_A_CHAIN)
    namers = select(audit.c.transfer, audit.c.id).where(audit.c.transfer.is_not(None))
    yield from _tallied(connection, lines, namers, account_id)


def misnoted(connection: Connection, account_id: int | None) -> Iterator[tuple[int, str]]:
    """Audit rows, each with the line that it names, that tell another thing than the line itself does."""
    line = transfers.c
    same_words = ("account_id", "card_id", "origin", "reason", "note", "created_at")
    is_set_balance = (line.type == "adjust") & (audit.c.act == "set_balance")
    wanted = (
        select(audit.c.id, audit.c.transfer)
        .select_from(
            audit.join(transfers, line.public_id == audit.c.transfer)
            .outerjoin(cards, cards.c.id == line.card_id)
            .outerjoin(funds, funds.c.id == line.fund_id)
        )
        .where(
            _IS_IN_A_CHAIN,
            or_(
                *(audit.c[name].is_distinct_from(line[name]) for name in same_words),
                (audit.c.act != line.type) & ~is_set_balance,
                audit.c.subject != func.coalesce(cards.c.public_id, funds.c.public_id),
            ),
        )
        .order_by(audit.c.id)
    )
    for row in connection.execute(_of(wanted, audit.c.account_id, account_id)):
        yield row.id, str(row.transfer)


def _tallied(
    connection: Connection, lines: Select[Any], namers: Select[Any], account_id: int | None
) -> Iterator[Tally]:
    """Every name that is not one line's and one row's: one sort of both, since `namers` have no index."""
    line = lines.selected_columns[0]
    named, row_id = namers.selected_columns
    there = lines.with_only_columns(line.label("line"), literal(1).label("lines"), literal(0).label("row_id"))
    names = namers.with_only_columns(named.label("line"), literal(0), row_id)
    both = union_all(
        _of(there, transfers.c.account_id, account_id),
        _of(names, named.table.c.account_id, account_id),
    ).subquery()
    is_there, count = func.sum(both.c.lines), func.count() - func.sum(both.c.lines)
    wanted = (
        select(
            both.c.line, is_there.label("lines"), count.label("named"), func.max(both.c.row_id).label("last")
        )
        .group_by(both.c.line)
        .having(or_(is_there != 1, count != 1))
        .order_by(both.c.line)
    )
    for row in connection.execute(wanted):
        yield Tally(str(row.line), bool(row.lines), int(row.named), int(row.last))


def _of(wanted: Any, owner: Column[Any], account_id: int | None) -> Any:
    return wanted if account_id is None else wanted.where(owner == account_id)
