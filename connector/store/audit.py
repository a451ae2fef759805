"""The audit trail: one row for each change, written with it, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from .prepared import Prepared
from .tables import audit
from .writer import Writing

_INSERT: Final = Prepared(insert(audit))


def add(
    tx: Writing,
    *,
    account_id: int | None,
    subject: str,
    act: str,
    source: str,
    origin: Mapping[str, Any],
    card_id: int | None = None,
    transfer: str | None = None,
    reason: str | None = None,
    note: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Note who did what to `subject` (a public id), by which key, run or user, and why.

    `account_id` is None where it is the platform's, and no account's.
    """
    tx.do(
        _INSERT,
        {
            "account_id": account_id,
            "card_id": card_id,
            "subject": subject,
            "act": act,
            "transfer": transfer,
            "source": source,
            "origin": dict(origin),
            "reason": reason,
            "note": note,
            "details": None if details is None else dict(details),
            "created_at": tx.now,
        },
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the trail; `subject` is the public id of what was changed."""

    id: int
    subject: str
    act: str
    source: str
    created_at: datetime
    transfer: str | None = None
    reason: str | None = None
    note: str | None = None
    details: Mapping[str, Any] | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)


def page(connection: Connection, card_id: int, *, before: int | None, limit: int) -> list[Entry]:
    """At most `limit` rows of a card's trail, newest first, in front of the row number `before`."""
    wanted = select(audit).where(audit.c.card_id == card_id)
    if before is not None:
        wanted = wanted.where(audit.c.id < before)
    rows = connection.execute(wanted.order_by(audit.c.id.desc()).limit(limit)).mappings()
    return [
        Entry(
            id=row["id"],
            subject=row["subject"],
            act=row["act"],
            source=row["source"],
            created_at=row["created_at"],
            transfer=row["transfer"],
            reason=row["reason"],
            note=row["note"],
            details=row["details"],
            origin=row["origin"],
        )
        for row in rows
    ]
