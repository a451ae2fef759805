"""Messages and their deliveries: written with what they tell of, leased, sent, recorded.

A result is written only where the lease's fence is still ours, so that two
workers never both decide what becomes of one delivery.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, or_, select, update

from ..domain import ids
from ..domain.messages import body_of, wants
from . import endpoints as endpoint_rows
from .endpoints import Endpoint
from .prepared import Prepared
from .tables import attempts, endpoints, messages, webhook_deliveries
from .writer import Writing

SUCCESS_NOTED_EVERY: Final = timedelta(minutes=1)  # a row written for each success would be a hot one

_ADD: Final = Prepared(insert(messages), returns_id=True)
_ADD_DELIVERY: Final = Prepared(insert(webhook_deliveries))
_ADD_ATTEMPT: Final = Prepared(insert(attempts))
_OPEN: Final = webhook_deliveries.c.state.in_(("pending", "sending", "retrying"))


@dataclass(frozen=True, slots=True)
class Leased:
    """A delivery that is ours until `lease_until`, with all that sending it needs."""

    id: int
    public_id: str
    fence: int
    tries: int
    message: str
    body: bytes
    endpoint: Endpoint


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
) -> bool:
    """Store a message and a delivery for each endpoint that wants it; whether there was one."""
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
    return bool(rows)


def next_due(connection: Connection) -> datetime | None:
    """When the next open delivery of an enabled endpoint is due; None: nothing is open."""
    wanted = (
        select(func.min(webhook_deliveries.c.due_at))
        .join(endpoints, endpoints.c.id == webhook_deliveries.c.endpoint_id)
        .where(_OPEN, endpoints.c.status == "enabled", endpoints.c.deleted_at.is_(None))
    )
    found: datetime | None = connection.execute(wanted).scalar()
    return found


def lease(tx: Writing, *, now: datetime, lease_for: timedelta, limit: int) -> list[Leased]:
    """Take at most `limit` due deliveries, one of each endpoint per turn, oldest first.

    A delivery whose lease has run out is due again: its worker died, and that
    counts as an attempt. Rows that another worker is taking are passed over.
    """
    d = webhook_deliveries
    turn = func.row_number().over(partition_by=d.c.endpoint_id, order_by=(d.c.due_at, d.c.id)).label("turn")
    ranked = (
        select(d.c.id, d.c.due_at, turn)
        .join(endpoints, endpoints.c.id == d.c.endpoint_id)
        .where(
            _OPEN,
            d.c.due_at <= now,
            or_(d.c.state != "sending", d.c.lease_until <= now),
            endpoints.c.status == "enabled",
            endpoints.c.deleted_at.is_(None),
        )
        .subquery()
    )
    chosen = list(
        tx.execute(select(ranked.c.id).order_by(ranked.c.turn, ranked.c.due_at).limit(limit)).scalars()
    )
    if chosen and not tx.is_alone:
        still = select(d.c.id).where(
            d.c.id.in_(chosen), _OPEN, or_(d.c.state != "sending", d.c.lease_until <= now), d.c.due_at <= now
        )
        chosen = list(tx.execute(still.with_for_update(skip_locked=True)).scalars())
    if not chosen:
        return []
    _note_lost(tx, chosen)
    until = now + lease_for
    tx.execute(
        update(d)
        .where(d.c.id.in_(chosen))
        .values(state="sending", lease_until=until, due_at=until, fence=d.c.fence + 1)
    )
    return _leased(tx, chosen)


def _note_lost(tx: Writing, chosen: Sequence[int]) -> None:
    """A worker died with these: the attempt counts, so that what kills workers ends."""
    d = webhook_deliveries
    lost = tx.execute(
        select(d.c.id, d.c.tries, d.c.lease_until).where(d.c.id.in_(chosen), d.c.state == "sending")
    ).all()
    for row in lost:
        tx.execute(update(d).where(d.c.id == row.id).values(tries=row.tries + 1))
        _record(tx, row.id, row.tries + 1, row.lease_until, {"outcome": "lost"})


def _leased(tx: Writing, chosen: Sequence[int]) -> list[Leased]:
    d = webhook_deliveries
    rows = tx.execute(
        select(
            d.c.id.label("delivery_id"),
            d.c.public_id.label("delivery"),
            d.c.fence,
            d.c.tries,
            messages.c.public_id.label("message"),
            messages.c.body,
            endpoints,
        )
        .join(messages, messages.c.id == d.c.message_id)
        .join(endpoints, endpoints.c.id == d.c.endpoint_id)
        .where(d.c.id.in_(chosen))
        .order_by(d.c.id)
    ).mappings()
    return [_lease_of(row) for row in rows]


def _lease_of(row: RowMapping) -> Leased:
    return Leased(
        id=row["delivery_id"],
        public_id=row["delivery"],
        fence=row["fence"],
        tries=row["tries"],
        message=row["message"],
        body=row["body"],
        endpoint=endpoint_rows._endpoint(row),
    )


def settle(
    tx: Writing,
    leased: Leased,
    *,
    state: str,
    due_at: datetime | None,
    reason: str | None,
    started_at: datetime,
    record: Mapping[str, Any],
) -> bool:
    """Write an attempt and what follows from it, if the lease is still ours.

    False: another worker holds it now; the attempt is kept and nothing else changes.
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
    _record(tx, leased.id, leased.tries + 1, started_at, {**record, "is_late": not is_ours})
    if is_ours:
        _note_endpoint(tx, leased.endpoint, state, started_at)
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
        .where(d.c.endpoint_id == endpoint_id, or_(_OPEN, d.c.state == "blocked"))
        .values(state=state, reason=reason, lease_until=None, ended_at=tx.wall)
    )


def attempts_of(connection: Connection, message: str) -> list[dict[str, Any]]:
    """The attempts of one message, oldest first, as they were recorded."""
    wanted = (
        select(attempts, webhook_deliveries.c.public_id.label("delivery"), webhook_deliveries.c.state)
        .join(webhook_deliveries, webhook_deliveries.c.id == attempts.c.delivery_id)
        .join(messages, messages.c.id == webhook_deliveries.c.message_id)
        .where(messages.c.public_id == bindparam("message"))
        .order_by(attempts.c.id)
    )
    return [dict(row) for row in connection.execute(wanted, {"message": message}).mappings()]


def _record(
    tx: Writing, delivery_id: int, number: int, started_at: datetime, record: Mapping[str, Any]
) -> None:
    tx.do(
        _ADD_ATTEMPT,
        {
            "public_id": ids.new_id(ids.ATTEMPT, tx.wall),
            "delivery_id": delivery_id,
            "number": number,
            "trigger": "schedule",
            "started_at": started_at,
            "record": dict(record),
        },
    )


def _note_endpoint(tx: Writing, endpoint: Endpoint, state: str, at: datetime) -> None:
    if state == "delivered":
        seen = endpoint.last_success_at
        if endpoint.failing_since is None and seen is not None and at - seen < SUCCESS_NOTED_EVERY:
            return
        changed: dict[str, Any] = {"last_success_at": at, "failing_since": None}
    elif endpoint.failing_since is None:
        changed = {"failing_since": at}
    else:
        return
    tx.execute(update(endpoints).where(endpoints.c.id == endpoint.id).values(changed))
