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

from ..domain.endpoint_health import allowance, spend, window_of
from ..domain.retries import SCHEDULE
from . import conditions
from . import endpoints as endpoint_rows
from .attempts import record
from .columns import Moment, microseconds, moment
from .conditions import Held
from .delivery_tables import UNDONE
from .endpoints import Endpoint
from .prepared import Prepared
from .tables import OPEN, endpoints, messages, webhook_deliveries
from .writer import Writing

FIRST: Final = 0
"""The lane of what was never tried."""

AGAIN: Final = 1
"""The lane of retries, of recover and of replay."""

UNANSWERED: Final = timedelta(seconds=1)  # an attempt that waits so long: hanging must not cost further slots

_d: Final = webhook_deliveries
_LANE: Final = (
    "SELECT min(due_at) AS due_at FROM webhook_deliveries"  # noqa: S608 - OPEN is ours
    f" WHERE {OPEN} AND endpoint_id = busy.id AND lane ="
)
_HOP: Final = text(
    f"""
    WITH RECURSIVE busy(id) AS (
        SELECT min(endpoint_id) FROM webhook_deliveries WHERE {OPEN}
        UNION ALL
        SELECT (SELECT min(endpoint_id) FROM webhook_deliveries WHERE {OPEN} AND endpoint_id > busy.id)
        FROM busy WHERE busy.id IS NOT NULL
    )
    SELECT busy.id AS endpoint, endpoints.held_until,
           (SELECT min(due_at) FROM ({_LANE} {FIRST} UNION ALL {_LANE} {AGAIN}) AS lanes) AS due_at
    FROM busy JOIN endpoints ON endpoints.id = busy.id
    WHERE endpoints.status = 'enabled' AND endpoints.deleted_at IS NULL AND endpoints.closing_to IS NULL
    ORDER BY busy.id
    """  # noqa: S608 - OPEN is ours; written out, so that the planner sees that the partial index fits
)
_DUE_OF_ONE: Final = (
    select(_d.c.id, _d.c.due_at)
    .where(
        text(OPEN),
        _d.c.endpoint_id == bindparam("endpoint", type_=BigInteger),
        _d.c.lane == bindparam("lane", type_=Integer),
        _d.c.due_at <= bindparam("now", type_=Moment),
    )
    .order_by(_d.c.due_at, _d.c.id)
    .limit(bindparam("room", type_=Integer))
)
_DUE: Final = {True: Prepared(_DUE_OF_ONE), False: Prepared(_DUE_OF_ONE.with_for_update(skip_locked=True))}
# A row that is being sent has its lease's end as `due_at`: those in flight stand right behind now.
_IN_FLIGHT: Final = Prepared(
    select(func.count().label("count"), func.min(_d.c.due_at).label("first_ends")).where(
        text(OPEN),
        _d.c.endpoint_id == bindparam("endpoint", type_=BigInteger),
        text("lane IN (0, 1)"),
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
    by_hand: int
    lane: int
    trigger: str
    planned_at: datetime | None
    card_id: int | None
    message: str
    body: bytes
    endpoint: Endpoint

    @property
    def number(self) -> int:
        """Which attempt the next one is."""
        return self.tries + self.by_hand + 1


def next_due(connection: Connection) -> datetime | None:
    """When the next open delivery of an enabled endpoint may be sent; None: nothing is open."""
    waiting = [max(row.due_at, row.held_until or 0) for row in connection.execute(_HOP)]
    return moment(min(waiting)) if waiting else None


def lease(
    tx: Writing,
    *,
    now: datetime,
    lease_for: timedelta,
    limit: int,
    after: int = 0,
    retries: int | None = None,
    each: int | None = None,
) -> list[Leased]:
    """Take at most `limit` due deliveries, one of each endpoint per turn, oldest first.

    Of these at most `retries` (None: any number) are not first attempts, and `each` of one endpoint,
    which has at most its window in flight. Endpoints stand in a ring that begins behind the
    endpoint `after` (its row's number), so that whoever calls with the last one it got
    reaches all of them. A delivery whose lease has run out is due again: its worker died,
    and that counts as an attempt. Rows that another worker is taking are passed over.
    """
    offered: list[list[tuple[int, int, int]]] = []
    held: dict[int, Held] = {}
    for endpoint in _ring(tx, now, after) if limit > 0 else ():
        one = conditions.hold(tx, endpoint, or_pass=True)
        if one is None or one.status != "enabled" or one.closing_to is not None:
            continue
        room = min(_room(tx, one, now, lease_for), limit, limit if each is None else each)
        found = _offered(tx, one, now, room, retries)
        if found:
            offered.append(found)
            held[endpoint] = one
        if len(offered) == limit:
            break
    taken = _taken(offered, limit, retries)
    _spend(tx, held, taken, now)
    chosen = _without_lost(tx, [number for number, _, _ in taken])
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
    """Endpoints with something due that nothing holds back, beginning behind `after`."""
    at = microseconds(now)
    due = [int(row.endpoint) for row in tx.execute(_HOP) if max(row.due_at, row.held_until or 0) <= at]
    return [one for one in due if one > after] + [one for one in due if one <= after]


def _room(tx: Writing, held: Held, now: datetime, lease_for: timedelta) -> int:
    """How many more may begin at this endpoint now."""
    values = {"endpoint": held.id, "now": now, "until": now + lease_for}
    [in_flight] = tx.fetch(_IN_FLIGHT, values)
    if in_flight["count"] and in_flight["first_ends"] - lease_for <= now - UNANSWERED:
        return 0
    room = window_of(held.condition, held.concurrency, now) - int(in_flight["count"])
    if held.rate_limit is not None:
        room = min(room, allowance(held.condition.health, held.rate_limit, now))
    return room


def _offered(
    tx: Writing, held: Held, now: datetime, room: int, retries: int | None
) -> list[tuple[int, int, int]]:
    """Row, lane and endpoint of what is due there, first attempts first; of a probe the oldest."""
    if room <= 0:
        return []
    found: list[tuple[int, int, int]] = []
    is_probe = held.condition.health.trips > 0
    aged: list[tuple[datetime, int, int, int]] = []
    for lane in (FIRST, AGAIN):
        left = room - len(found)
        if lane == AGAIN and retries is not None and not is_probe:
            left = min(left, retries)
        if left <= 0:
            continue
        values = {"endpoint": held.id, "lane": lane, "now": now, "room": left}
        rows = tx.fetch(_DUE[tx.is_alone], values)
        found += [(row["id"], lane, held.id) for row in rows]
        aged += [(row["due_at"], row["id"], lane, held.id) for row in rows[:1]]
        if is_probe:
            found.clear()
    return [min(aged)[1:]] if is_probe and aged else found


def _taken(
    offered: Sequence[Sequence[tuple[int, int, int]]], limit: int, retries: int | None
) -> list[tuple[int, int, int]]:
    """One of each endpoint per turn, up to both limits."""
    taken: list[tuple[int, int, int]] = []
    left = limit if retries is None else retries
    for turn in zip_longest(*offered):
        for one in turn:
            if one is None or len(taken) == limit or (one[1] == AGAIN and left <= 0):
                continue
            left -= one[1] == AGAIN
            taken.append(one)
    return taken


def _spend(tx: Writing, held: dict[int, Held], taken: Sequence[tuple[int, int, int]], now: datetime) -> None:
    for number, one in held.items():
        if one.rate_limit is None:
            continue
        count = sum(endpoint == number for _, _, endpoint in taken)
        if count:
            conditions.spend(tx, number, spend(one.condition.health, one.rate_limit, now, count))


def _without_lost(tx: Writing, chosen: Sequence[int]) -> list[int]:
    """Note the attempts that a worker died with; a delivery that has used up its tries so is dead."""
    if not chosen:
        return []
    wanted = select(
        *(_d.c.id, _d.c.tries, _d.c.by_hand, _d.c.trigger, _d.c.lease_until, _d.c.endpoint_id, _d.c.card_id)
    ).where(_d.c.id.in_(chosen), _d.c.state == "sending")
    dead: dict[int, tuple[int, int | None]] = {}
    for row in tx.execute(wanted).all():
        tries = row.tries + 1
        changed: dict[str, Any] = {"tries": tries, "lane": AGAIN, "outcome": "lost"}
        if tries > len(SCHEDULE):
            dead[row.id] = (row.endpoint_id, row.card_id)
            changed |= {"state": "dead", "reason": "lost", "lease_until": None, "ended_at": tx.wall}
        tx.execute(update(_d).where(_d.c.id == row.id).values(changed))
        record(tx, row.id, tries + row.by_hand, row.lease_until, {"outcome": "lost"}, row.trigger)
    for ended in dead.values():
        release_next(tx, *ended)
    return [one for one in chosen if one not in dead]


_OF_CARD: Final = (
    _d.c.endpoint_id == bindparam("endpoint", type_=BigInteger),
    _d.c.card_id == bindparam("card", type_=BigInteger),
)
_UNDONE_OF_CARD: Final = Prepared(
    select(_d.c.id, _d.c.state)
    .where(text(UNDONE), *_OF_CARD)
    .order_by(_d.c.id)
    .limit(bindparam("most", type_=Integer))
)


def release_next(tx: Writing, endpoint_id: int, card_id: int | None) -> bool:
    """After a delivery of a card ended: the next one goes, where it waited for this one; whether it does.

    Its endpoint's row is held, so that two that end at once see each other. Asked whatever the
    endpoint's order is by now: what waited may be of a time when it had another.
    """
    if card_id is None:
        return False
    # One may be open beside the head: a dead one that somebody sends again.
    undone = tx.fetch(_UNDONE_OF_CARD, {"endpoint": endpoint_id, "card": card_id, "most": 2})
    if not undone or any(one["state"] != "blocked" for one in undone):
        return False
    tx.execute(update(_d).where(_d.c.id == undone[0]["id"]).values(state="pending", due_at=tx.wall))
    return True


def _leased(tx: Writing, chosen: Sequence[int]) -> list[Leased]:
    rows = tx.execute(
        select(
            _d.c.id.label("delivery_id"),
            _d.c.public_id.label("delivery"),
            *(_d.c.fence, _d.c.tries, _d.c.by_hand, _d.c.lane, _d.c.trigger, _d.c.planned_at, _d.c.card_id),
            messages.c.public_id.label("message"),
            messages.c.body,
            endpoints,
        )
        .join(messages, messages.c.id == _d.c.message_id)
        .join(endpoints, endpoints.c.id == _d.c.endpoint_id)
        .where(_d.c.id.in_(chosen))
    ).mappings()
    found = [
        Leased(
            id=row["delivery_id"],
            public_id=row["delivery"],
            fence=row["fence"],
            tries=row["tries"],
            by_hand=row["by_hand"],
            lane=row["lane"],
            trigger=row["trigger"],
            planned_at=row["planned_at"],
            card_id=row["card_id"],
            message=row["message"],
            body=row["body"],
            endpoint=endpoint_rows.endpoint_of(row),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: chosen.index(one.id))  # as the ring offered them
