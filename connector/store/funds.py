"""Prepaid funds as rows: the balance moves by a guarded update, never below zero."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from ..domain import ids
from ..domain.funds import Fund
from ..domain.transfers import NO_HASH
from .columns import is_name
from .prepared import Prepared
from .tables import funds
from .writer import Writing, ask

_OF_PROGRAM: Final = Prepared(
    select(funds).where(
        funds.c.account_id == bindparam("account_id"),
        funds.c.program == bindparam("program"),
        funds.c.currency == bindparam("currency"),
    )
)
_OF_OWNER: Final = Prepared(
    select(funds).where(
        funds.c.account_id == bindparam("account_id"), funds.c.program == bindparam("program")
    )
)
_DRAW: Final = Prepared(
    update(funds)
    .where(funds.c.id == bindparam("fund"), funds.c.balance >= bindparam("amount"))
    .values(balance=funds.c.balance - bindparam("amount"), updated_at=bindparam("at"))
)
_MOVE: Final = Prepared(
    update(funds)
    .where(
        funds.c.id == bindparam("fund"),
        funds.c.transfer_count == bindparam("seen"),
        funds.c.balance + bindparam("delta") >= 0,
    )
    .values(
        balance=funds.c.balance + bindparam("delta"),
        transfer_count=funds.c.transfer_count + 1,
        head_hash=bindparam("head"),
        updated_at=bindparam("at"),
    )
)


def find(connection: Connection | Writing, account_id: int, program: str, currency: str) -> Fund | None:
    """The funds of a program ("": of the account) in a currency, or None: not prepaid."""
    rows = ask(connection, _OF_PROGRAM, {"account_id": account_id, "program": program, "currency": currency})
    return _fund(rows[0]) if rows else None


def of_owner(connection: Connection | Writing, account_id: int, program: str) -> dict[str, Fund]:
    """The funds of a program ("": of the account) by currency; empty: it is not prepaid."""
    found = ask(connection, _OF_OWNER, {"account_id": account_id, "program": program})
    return {row["currency"]: _fund(row) for row in found}


def by_id(connection: Connection | Writing, account_id: int, public_id: str) -> Fund | None:
    """The account's funds with this id, or None."""
    if not is_name(public_id):
        return None
    wanted = select(funds).where(funds.c.account_id == account_id, funds.c.public_id == public_id)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else _fund(row)


def page(
    connection: Connection, account_id: int, *, filters: Mapping[str, str], after: int, limit: int
) -> list[Fund]:
    """At most `limit` funds, oldest first, behind the row number `after`; `filters` are by column."""
    if not all(map(is_name, filters.values())):
        return []
    wanted = select(funds).where(funds.c.account_id == account_id, funds.c.id > after)
    for name, value in filters.items():
        wanted = wanted.where(funds.c[name] == value)
    return [_fund(row) for row in connection.execute(wanted.order_by(funds.c.id).limit(limit)).mappings()]


def set_threshold(tx: Writing, fund: Fund, threshold: int | None) -> Fund:
    """Warn below `threshold` from now on; None: never. `fund` is locked."""
    tx.execute(update(funds).where(funds.c.id == fund.id).values(threshold=threshold, updated_at=tx.now))
    return replace(fund, threshold=threshold, updated_at=tx.now)


def lock(tx: Writing, fund: Fund) -> Fund:
    """The same funds as they are now, held until the commit."""
    wanted = select(funds).where(funds.c.id == fund.id)
    row = tx.execute(wanted if tx.is_alone else wanted.with_for_update()).mappings().one()
    return _fund(row)


def make(tx: Writing, account_id: int, program: str, currency: str, threshold: int | None) -> Fund | None:
    """New funds with nothing in them, or None where there are some already."""
    row = {
        "public_id": ids.new_id(ids.FUND, tx.now),
        "account_id": account_id,
        "program": program,
        "currency": currency,
        "balance": 0,
        "threshold": threshold,
        "transfer_count": 0,
        "head_hash": NO_HASH,
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    made = tx.insert_new(funds, row, ("account_id", "program", "currency"))
    return None if made is None else find(tx, account_id, program, currency)


def draw(tx: Writing, fund: Fund, amount: int) -> bool:
    """Take `amount` off, only if it is there; False: nothing was changed."""
    return tx.do(_DRAW, {"fund": fund.id, "amount": amount, "at": tx.now}) == 1


def move(tx: Writing, fund: Fund, delta: int, head: str, at: datetime) -> bool:
    """Guarded: a deposit (or what is taken back), whose line with the hash `head` ends the fund's chain."""
    values = {"fund": fund.id, "seen": fund.transfer_count, "delta": delta, "head": head, "at": at}
    return tx.do(_MOVE, values) == 1


def _fund(row: RowMapping | Mapping[str, Any]) -> Fund:
    return Fund(
        id=row["id"],
        public_id=row["public_id"],
        account_id=row["account_id"],
        program=row["program"],
        currency=row["currency"],
        balance=row["balance"],
        threshold=row["threshold"],
        transfer_count=row["transfer_count"],
        head_hash=row["head_hash"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
