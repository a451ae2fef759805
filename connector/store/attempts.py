"""Attempts: when, how long, what was answered. Kept also where they changed nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import postgresql

from ..domain import ids
from .prepared import Prepared
from .tables import attempts, messages, webhook_deliveries
from .writer import Writing

# Written again, where nobody knew whether it was written, it is there already. Both databases read this.
_ADD: Final = Prepared(postgresql.insert(attempts).on_conflict_do_nothing(index_elements=["public_id"]))


def record(
    tx: Writing,
    delivery_id: int,
    number: int,
    started_at: datetime,
    told: Mapping[str, Any],
    trigger: str = "schedule",
    public_id: str | None = None,
) -> str:
    """Keep one attempt of a delivery, once; `told` is JSON-ready. Its id, made here if it has none."""
    made = public_id or ids.new_id(ids.ATTEMPT, tx.wall)
    tx.do(_ADD, row(made, delivery_id, number, started_at, told, trigger))
    return made


def row(
    public_id: str, delivery_id: int, number: int, started_at: datetime, told: Mapping[str, Any], trigger: str
) -> dict[str, Any]:
    """An attempt of a delivery, for `record_all`."""
    return {
        "public_id": public_id,
        "delivery_id": delivery_id,
        "number": number,
        "trigger": trigger,
        "started_at": started_at,
        "record": dict(told),
    }


def record_all(tx: Writing, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep many attempts at once, each once."""
    tx.do_all(_ADD, rows)


def of_message(connection: Connection, message: str) -> list[dict[str, Any]]:
    """The attempts of one message, oldest first, as they were recorded."""
    wanted = (
        select(attempts, webhook_deliveries.c.public_id.label("delivery"), webhook_deliveries.c.state)
        .join(webhook_deliveries, webhook_deliveries.c.id == attempts.c.delivery_id)
        .join(messages, messages.c.id == webhook_deliveries.c.message_id)
        .where(messages.c.public_id == bindparam("message"))
        .order_by(attempts.c.id)
    )
    return [dict(row) for row in connection.execute(wanted, {"message": message}).mappings()]
