"""Bookings that wait for the end of their time. Whoever takes a row away completes the booking: once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Boolean, Connection, bindparam, delete, insert, select, text

from .columns import Moment
from .prepared import Prepared
from .tables import awaited_completions as awaited
from .writer import Writing

_AT: Final = (awaited.c.source_id == bindparam("at_source"), awaited.c.booking == bindparam("at_booking"))
_ADD: Final = Prepared(insert(awaited))
_DROP: Final = Prepared(delete(awaited).where(*_AT))
_TAKE: Final = Prepared(
    delete(awaited).where(
        *_AT, awaited.c.event_id == bindparam("at_event"), awaited.c.due_at == bindparam("at")
    )
)
# CROSS JOIN, which SQLite takes as an order: accounts first, each by its own clock.
_DUE: Final = text(
    "SELECT awaited_completions.source_id, awaited_completions.booking"
    " FROM accounts CROSS JOIN awaited_completions"
    " WHERE awaited_completions.account_id = accounts.id"
    " AND awaited_completions.due_at <= :now + accounts.clock_offset_us"
    " AND (:every OR accounts.id = :account)"
    " ORDER BY awaited_completions.due_at, awaited_completions.booking LIMIT :limit"
).bindparams(
    bindparam("now", type_=Moment),
    bindparam("limit"),
    bindparam("every", type_=Boolean),
    bindparam("account", type_=BigInteger),
)


@dataclass(frozen=True, slots=True)
class Awaited:
    """A booking that is completed at `due_at` if nothing else is told of it; `event_id` told of it last."""

    source_id: int
    booking: str
    account_id: int
    event_id: int
    due_at: datetime


def put(tx: Writing, wanted: Awaited) -> None:
    """Wait for this booking, and for no other end of it."""
    drop(tx, wanted.source_id, wanted.booking)
    tx.do(
        _ADD,
        {
            "source_id": wanted.source_id,
            "booking": wanted.booking,
            "account_id": wanted.account_id,
            "event_id": wanted.event_id,
            "due_at": wanted.due_at,
        },
    )


def drop(tx: Writing, source_id: int, booking: str) -> None:
    """Wait for it no more."""
    tx.do(_DROP, {"at_source": source_id, "at_booking": booking})


def find(connection: Connection | Writing, source_id: int, booking: str) -> Awaited | None:
    """The wait for this booking, or None."""
    row = (
        connection.execute(select(awaited).where(*_AT), {"at_source": source_id, "at_booking": booking})
        .mappings()
        .first()
    )
    return None if row is None else Awaited(**row)


def take(tx: Writing, found: Awaited) -> bool:
    """Whether the wait was still this one, which is over now: of all who ask, one is told so."""
    values = {
        "at_source": found.source_id,
        "at_booking": found.booking,
        "at_event": found.event_id,
        "at": found.due_at,
    }
    return tx.do(_TAKE, values) == 1


def due(
    connection: Connection, now: datetime, limit: int, account_id: int | None = None
) -> Sequence[tuple[int, str]]:
    """Source and booking of the waits that are over by their account's clock, oldest first."""
    values = {"now": now, "limit": limit, "every": account_id is None, "account": account_id or 0}
    return [(row.source_id, row.booking) for row in connection.execute(_DUE, values)]
