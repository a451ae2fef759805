"""Events as they were kept: their envelopes, without card codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from ..domain.jsontext import read_own
from .tables import events
from .writer import Writing


@dataclass(frozen=True, slots=True)
class Kept:
    """One event; `envelope` is what recipes see as `event`."""

    id: int
    public_id: str
    type: str
    contact_id: int | None
    occurred_at: datetime
    envelope: Mapping[str, Any]


def by_id(connection: Connection | Writing, row: int) -> Kept:
    """The event with this row number."""
    found = connection.execute(select(events).where(events.c.id == row)).mappings().one()
    return Kept(
        found["id"],
        found["public_id"],
        found["type"],
        found["contact_id"],
        found["occurred_at"],
        read_own(found["envelope"]),
    )


def add_own(
    tx: Writing,
    *,
    public_id: str,
    account_id: int,
    contact_id: int | None,
    event_type: str,
    occurred_at: datetime,
    envelope: str,
) -> int | None:
    """Keep an event of our own making, which came by no source; None where it was kept before."""
    row = {
        "public_id": public_id,
        "account_id": account_id,
        "source_id": None,
        "delivery_id": None,
        "contact_id": contact_id,
        "type": event_type,
        "occurred_at": occurred_at,
        "envelope": envelope,
        "created_at": tx.wall,
    }
    return tx.insert_new(events, row, ("public_id",))
