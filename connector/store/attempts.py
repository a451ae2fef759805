"""Attempts: when, how long, what was answered. Kept also where they changed nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select

from ..domain import ids
from .prepared import Prepared
from .tables import attempts, messages, webhook_deliveries
from .writer import Writing

_ADD: Final = Prepared(insert(attempts))


def record(
    tx: Writing,
    delivery_id: int,
    number: int,
    started_at: datetime,
    told: Mapping[str, Any],
    trigger: str = "schedule",
) -> str:
    """Keep one attempt of a delivery; `told` is JSON-ready. Its id."""
    made = row(tx, delivery_id, number, started_at, told, trigger)
    tx.do(_ADD, made)
    return str(made["public_id"])


def row(
    tx: Writing, delivery_id: int, number: int, started_at: datetime, told: Mapping[str, Any], trigger: str
) -> dict[str, Any]:
    """An attempt of a delivery, for `record_all`."""
    return {
        "public_id": ids.new_id(ids.ATTEMPT, tx.wall),
        "delivery_id": delivery_id,
        "number": number,
        "trigger": trigger,
        "started_at": started_at,
        "record": dict(told),
    }


def record_all(tx: Writing, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep many attempts at once."""
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
