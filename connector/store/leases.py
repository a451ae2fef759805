"""Which deliveries a worker takes next: due work of many endpoints, a few of each, ours until a lease ends.

Endpoints with open rows are found by hopping along the partial index, one step an
endpoint: what was delivered long ago, and a million rows of one endpoint, cost nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Integer, bindparam, func, select, text, update

from ..domain.retries import SCHEDULE
from . import endpoints as endpoint_rows
from .attempts import record
from .columns import Moment, moment
from .endpoints import Endpoint
from .prepared import Prepared
from .tables import OPEN, endpoints, messages, webhook_deliveries
from .writer import Writing

AT_ONCE: Final = 4  # in flight to one endpoint: one that hangs costs four slots and delays nobody

_d: Final = webhook_deliveries
_HOP: Final = text(
    f"""
    WITH RECURSIVE busy(id) AS (
        SELECT min(endpoint_id) FROM webhook_deliveries WHERE {OPEN}
        UNION ALL
        SELECT (SELECT min(endpoint_id) FROM webhook_deliveries WHERE {OPEN} AND endpoint_id > busy.id)
        FROM busy WHERE busy.id IS NOT NULL
    )
    SELECT busy.id AS endpoint,
           (SELECT min(due_at) FROM webhook_deliveries WHERE {OPEN} AND endpoint_id = busy.id) AS due_at
    FROM busy JOIN endpoints ON endpoints.id = busy.id
    WHERE endpoints.status = 'enabled' AND endpoints.deleted_at IS NULL
    ORDER BY busy.id
    """  # noqa: S608 - OPEN is ours; written out, so that the planner sees that the partial index fits
)
_DUE_OF_ONE: Final = (
    select(_d.c.id)
    .where(
        text(OPEN),
        _d.c.endpoint_id == bindparam("endpoint", type_=BigInteger),
        _d.c.due_at <= bindparam("now", type_=Moment),
    )
    .order_by(_d.c.due_at, _d.c.id)
    .limit(bindparam("room", type_=Integer))
)
_DUE: Final = {True: Prepared(_DUE_OF_ONE), False: Prepared(_DUE_OF_ONE.with_for_update(skip_locked=True))}
# A row that is being sent has its lease's end as `due_at`: those in flight stand right behind now.
_IN_FLIGHT: Final = Prepared(
    select(func.count().label("count")).where(
        text(OPEN),
        _d.c.endpoint_id == bindparam("endpoint", type_=BigInteger),
        _d.c.due_at > bindparam("now", type_=Moment),
        _d.c.due_at <= bindparam("until", type_=Moment),
        _d.c.state == "sending",
    )
)


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


def next_due(connection: Connection) -> datetime | None:
    """When the next open delivery of an enabled endpoint is due; None: nothing is open."""
    waiting = [row.due_at for row in connection.execute(_HOP)]
    return moment(min(waiting)) if waiting else None


def lease(tx: Writing, *, now: datetime, lease_for: timedelta, limit: int, after: int = 0) -> list[Leased]:
    """Take at most `limit` due deliveries, one of each endpoint per turn, oldest first.

    At most AT_ONCE of an endpoint are in flight. Endpoints stand in a ring that begins
    behind the endpoint `after` (its row's number), so that whoever calls with the last
    one it got reaches all of them. A delivery whose lease has run out is due again: its
    worker died, and that counts as an attempt. Rows that another worker is taking are
    passed over.
    """
    offered: list[list[int]] = []
    for endpoint in _ring(tx, now, after):
        values = {"endpoint": endpoint, "now": now}
        [in_flight] = tx.fetch(_IN_FLIGHT, {**values, "until": now + lease_for})
        room = min(AT_ONCE - in_flight["count"], limit)
        found = tx.fetch(_DUE[tx.is_alone], {**values, "room": room}) if room > 0 else []
        if found:
            offered.append([row["id"] for row in found])
        if len(offered) == limit:
            break
    turns = [one for turn in zip_longest(*offered) for one in turn if one is not None]
    chosen = _without_lost(tx, turns[:limit])
    if not chosen:
        return []
    until = now + lease_for
    tx.execute(
        update(_d)
        .where(_d.c.id.in_(chosen))
        .values(state="sending", lease_until=until, due_at=until, fence=_d.c.fence + 1)
    )
    return _leased(tx, chosen)


def _ring(tx: Writing, now: datetime, after: int) -> list[int]:
    """Endpoints with something due, beginning behind `after`."""
    due = [int(row.endpoint) for row in tx.execute(_HOP) if moment(row.due_at) <= now]
    return [one for one in due if one > after] + [one for one in due if one <= after]


def _without_lost(tx: Writing, chosen: Sequence[int]) -> list[int]:
    """Note the attempts that a worker died with; a delivery that has used up its tries so is dead."""
    lost = tx.execute(
        select(_d.c.id, _d.c.tries, _d.c.lease_until).where(_d.c.id.in_(chosen), _d.c.state == "sending")
    ).all()
    dead: set[int] = set()
    for row in lost:
        tries = row.tries + 1
        changed: dict[str, Any] = {"tries": tries}
        if tries > len(SCHEDULE):
            dead.add(row.id)
            changed |= {"state": "dead", "reason": "lost", "lease_until": None, "ended_at": tx.wall}
        tx.execute(update(_d).where(_d.c.id == row.id).values(changed))
        record(tx, row.id, tries, row.lease_until, {"outcome": "lost"})
    return [one for one in chosen if one not in dead]


def _leased(tx: Writing, chosen: Sequence[int]) -> list[Leased]:
    rows = tx.execute(
        select(
            _d.c.id.label("delivery_id"),
            _d.c.public_id.label("delivery"),
            _d.c.fence,
            _d.c.tries,
            messages.c.public_id.label("message"),
            messages.c.body,
            endpoints,
        )
        .join(messages, messages.c.id == _d.c.message_id)
        .join(endpoints, endpoints.c.id == _d.c.endpoint_id)
        .where(_d.c.id.in_(chosen))
        .order_by(_d.c.id)
    ).mappings()
    return [
        Leased(
            id=row["delivery_id"],
            public_id=row["delivery"],
            fence=row["fence"],
            tries=row["tries"],
            message=row["message"],
            body=row["body"],
            endpoint=endpoint_rows.endpoint_of(row),
        )
        for row in rows
    ]
