"""The audit trail: one row for each change, written with it, never changed."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import insert

from .prepared import Prepared
from .tables import audit
from .writer import Writing

_INSERT: Final = Prepared(insert(audit))


def add(
    tx: Writing,
    *,
    account_id: int,
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
    """Note who did what to `subject` (a public id), by which key, run or user, and why."""
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
