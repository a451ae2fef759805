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
