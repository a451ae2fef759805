"""Messages and their deliveries: written with what they tell of, leased, sent, recorded.

A result is written only where the lease's fence is still ours, so that two
workers never both decide what becomes of one delivery.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, text, update

from ..domain import ids
from ..domain.messages import body_of, wants
from . import attempts
from . import endpoints as endpoint_rows
from .columns import Moment
from .endpoints import Endpoint
from .leases import Leased
from .prepared import Prepared
from .tables import OPEN, endpoints, messages, webhook_deliveries
from .writer import Writing

SUCCESS_NOTED_EVERY: Final = timedelta(minutes=1)  # a row written for each success would be a hot one

_ADD: Final = Prepared(insert(messages), returns_id=True)
_ADD_DELIVERY: Final = Prepared(insert(webhook_deliveries))


@dataclass(frozen=True, slots=True)
class Told:
    """A message that was stored: its id, and whether an endpoint wants it."""

    id: str
    has_listeners: bool


def add(
    tx: Writing,
    *,
    account_id: int,
    account: str,
    sandbox: bool,
    message_type: str,
    data: Mapping[str, Any],
    card_id: int | None = None,
    sequence: int | None = None,
) -> Told:
    """Store a message and a delivery for each endpoint that wants it."""
    public_id = ids.new_id(ids.MESSAGE, tx.wall)
    body = body_of(
        message_id=public_id,
        message_type=message_type,
        at=tx.now,
        account=account,
        sandbox=sandbox,
        sequence=sequence,
        data=data,
    )
    message_id = tx.insert(
        _ADD,
        {
            "public_id": public_id,
            "account_id": account_id,
            "card_id": card_id,
            "type": message_type,
            "sequence": sequence,
            "body": body,
            "created_at": tx.now,
        },
    )
    rows = [
        {
            "public_id": ids.new_id(ids.DELIVERY, tx.wall),
            "message_id": message_id,
            "endpoint_id": endpoint_id,
            "state": "pending",
            "tries": 0,
            "due_at": tx.wall,
            "fence": 0,
            "created_at": tx.wall,
        }
        for endpoint_id, patterns in endpoint_rows.listening(tx, account_id)
        if wants(patterns, message_type)
    ]
    tx.do_all(_ADD_DELIVERY, rows)
    return Told(public_id, bool(rows))


def settle(
    tx: Writing,
    leased: Leased,
    *,
    state: str,
    due_at: datetime | None,
    reason: str | None,
    started_at: datetime,
    record: Mapping[str, Any],
    counts: str = "nothing",
) -> bool:
    """Write an attempt and what follows from it, if the lease is still ours.

    `counts` is what the answer means for the endpoint: `success`, `failure` or
    `nothing`. False: another worker holds the delivery now; the attempt is kept and
    nothing else changes.
    """
    d = webhook_deliveries
    changed: dict[str, Any] = {
        "state": state,
        "tries": leased.tries + 1,
        "lease_until": None,
        "reason": reason,
    }
    if due_at is None:
        changed["ended_at"] = tx.wall
    else:
        changed["due_at"] = due_at
    ours = (d.c.id == leased.id) & (d.c.fence == leased.fence) & (d.c.state == "sending")
    is_ours = tx.execute(update(d).where(ours).values(changed)).rowcount == 1
    attempts.record(tx, leased.id, leased.tries + 1, started_at, {**record, "is_late": not is_ours})
    if is_ours:
        _note_endpoint(tx, leased.endpoint, counts, started_at)
    return is_ours


def give_back(tx: Writing, leased: Sequence[Leased], now: datetime) -> None:
    """Deliveries that were leased but not begun are due again at once, with no attempt counted."""
    d = webhook_deliveries
    for one in leased:
        ours = (d.c.id == one.id) & (d.c.fence == one.fence) & (d.c.state == "sending")
        state = "retrying" if one.tries else "pending"
        tx.execute(update(d).where(ours).values(state=state, lease_until=None, due_at=now))


def close_endpoint(tx: Writing, endpoint_id: int, *, state: str, reason: str) -> None:
    """End every open delivery of an endpoint that is gone."""
    d = webhook_deliveries
    tx.execute(
        update(d)
        .where(text(OPEN), d.c.endpoint_id == endpoint_id)
        .values(state=state, reason=reason, lease_until=None, ended_at=tx.wall)
    )


def _note_endpoint(tx: Writing, endpoint: Endpoint, counts: str, at: datetime) -> None:
    if counts == "success":
        seen = endpoint.last_success_at
        if endpoint.failing_since is None and seen is not None and at - seen < SUCCESS_NOTED_EVERY:
            return
        changed: dict[str, Any] = {"last_success_at": at, "failing_since": None}
    elif counts == "failure":
        changed = {"failing_since": func.coalesce(endpoints.c.failing_since, bindparam("at", at, Moment))}
    else:
        return
    tx.execute(update(endpoints).where(endpoints.c.id == endpoint.id).values(changed))
