"""Which deliveries a worker takes next: due work of many endpoints, a few of each, ours until a lease ends.

Endpoints with open rows are found by hopping along the partial index, one step an
endpoint: what was delivered long ago, and a million rows of one endpoint, cost nothing.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Integer, RowMapping, bindparam, func, select, text, update

from ..domain.endpoint_health import allowance, read_health, spend, window_of
from ..domain.jsontext import read_own
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
_NEVER: Final = 2**62
_LANE: Final = (
    "SELECT min(due_at) FROM webhook_deliveries"  # noqa: S608 - OPEN is ours
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
    SELECT busy.id AS endpoint, endpoints.held_until, endpoints.health,
           ({_LANE} {FIRST}) AS due_first, ({_LANE} {AGAIN}) AS due_again
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
    is_probe: bool = False
    """Whether it tries an endpoint whose breaker is open."""

    @property
    def is_again(self) -> bool:
        """Whether it counts among the retries, which have a quarter of the slots."""
        return self.is_probe or self.lane == AGAIN

    @property
    def number(self) -> int:
        """Which attempt the next one is."""
        return self.tries + self.by_hand + 1


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which endpoints, by their rows, the rings go on: of first attempts, and of the others."""

    first: int = 0
    again: int = 0


START: Final = Place()


@dataclass(frozen=True, slots=True, order=True)
class _Offer:
    """A due delivery. `is_again`: a retry or a probe."""

    due_at: datetime
    id: int
    is_again: bool
    endpoint: int


def next_due(connection: Connection) -> datetime | None:
    """When the next open delivery of an enabled endpoint may be sent; None: nothing is open."""
    waiting = [
        max(min(row.due_first or _NEVER, row.due_again or _NEVER), row.held_until or 0)
        for row in connection.execute(_HOP)
    ]
    return moment(min(waiting)) if waiting else None


def lease(
    tx: Writing,
    *,
    now: datetime,
    lease_for: timedelta,
    limit: int,
    after: Place = START,
    retries: int | None = None,
    each: int | None = None,
) -> list[Leased]:
    """Take at most `limit` due deliveries, one of each endpoint per turn, oldest first.

    Of these at most `retries` (None: any number) are retries or probes, and `each` of one endpoint,
    which has at most its window in flight. Endpoints stand in two rings, those with a first attempt
    and the others; they begin behind the place `after`, so that whoever calls with the place that
    `place_after` gave reaches all of them. A delivery whose lease has run out is due again: its
    worker died, and that counts as an attempt. Rows that another worker is taking are passed over.
    """
    room = limit if each is None else min(limit, each)
    first, again = _rings(tx, now) if limit > 0 else ([], [])
    most_again = limit if retries is None else min(limit, retries)
    held: dict[int, Held] = {}
    offered: list[list[_Offer]] = []
    for ring, place, most in ((first, after.first, limit), (again, after.again, most_again)):
        found = 0
        for endpoint in _beginning(ring, place):
            if found >= most:
                break
            one = conditions.hold(tx, endpoint, or_pass=True)
            if one is None or one.status != "enabled" or one.closing_to is not None:
                continue
            offer = _offered(tx, one, now, min(_room(tx, one, now, lease_for), room), retries)
            if offer:
                offered.append(offer)
                held[endpoint] = one
                found += 1
    taken = _taken(offered, limit, retries)
    _spend(tx, held, taken, now)
    probes = {one.id for one in taken if held[one.endpoint].condition.health.trips > 0}
    chosen = _without_lost(tx, [one.id for one in taken])
    if not chosen:
        return []
    until = now + lease_for
    tx.execute(
        update(_d)
        .where(_d.c.id.in_(chosen))
        .values(state="sending", lease_until=until, due_at=until, fence=_d.c.fence + 1)
    )
    return _leased(tx, chosen, probes)


def place_after(place: Place, leased: Sequence[Leased]) -> Place:
    """Where the next round begins: behind the last endpoint of each ring that had its turn."""
    first = [one.endpoint.id for one in leased if not one.is_again]
    again = [one.endpoint.id for one in leased if one.is_again]
    return Place(first[-1] if first else place.first, again[-1] if again else place.again)


def _rings(tx: Writing, now: datetime) -> tuple[list[int], list[int]]:
    """Endpoints with something due that nothing holds back: with a first attempt, and with others only.

    One whose breaker is open is among the others: a probe may hang as long as what opened it.
    """
    at = microseconds(now)
    first: list[int] = []
    again: list[int] = []
    for row in tx.execute(_HOP):
        if (row.held_until or 0) > at:
            continue
        is_probe = row.held_until is not None and read_health(read_own(row.health)).trips > 0
        if row.due_first is not None and row.due_first <= at and not is_probe:
            first.append(int(row.endpoint))
        elif min(row.due_first or _NEVER, row.due_again or _NEVER) <= at:
            again.append(int(row.endpoint))
    return first, again


def _beginning(ring: Sequence[int], after: int) -> list[int]:
    return [one for one in ring if one > after] + [one for one in ring if one <= after]


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


def _offered(tx: Writing, held: Held, now: datetime, room: int, retries: int | None) -> list[_Offer]:
    """What is due there, first attempts first; of a probe the oldest."""
    found: list[_Offer] = []
    is_probe = held.condition.health.trips > 0
    for lane in (FIRST, AGAIN):
        left = room if is_probe else room - len(found)
        if lane == AGAIN and retries is not None:
            left = min(left, retries)
        if left > 0:
            values = {"endpoint": held.id, "lane": lane, "now": now, "room": left}
            rows = tx.fetch(_DUE[tx.is_alone], values)
            is_again = is_probe or lane == AGAIN
            found += [_Offer(row["due_at"], row["id"], is_again, held.id) for row in rows]
    return [min(found)] if is_probe and found else found


def _taken(offered: Sequence[Sequence[_Offer]], limit: int, retries: int | None) -> list[_Offer]:
    """One of each endpoint per turn, up to both limits."""
    taken: list[_Offer] = []
    left = limit if retries is None else retries
    for turn in zip_longest(*offered):
        for one in turn:
            if one is None or len(taken) == limit or (one.is_again and left <= 0):
                continue
            left -= one.is_again
            taken.append(one)
    return taken


def _spend(tx: Writing, held: dict[int, Held], taken: Sequence[_Offer], now: datetime) -> None:
    for number, one in held.items():
        if one.rate_limit is None:
            continue
        count = sum(each.endpoint == number for each in taken)
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


def _leased(tx: Writing, chosen: Sequence[int], probes: Set[int]) -> list[Leased]:
    rows = tx.execute(
        select(
            _d.c.id.label("delivery_id"),
            _d.c.public_id.label("delivery"),
            *(_d.c.fence, _d.c.tries, _d.c.by_hand, _d.c.lane, _d.c.trigger, _d.c.planned_at, _d.c.card_id),
            messages.c.public_id.label("message"),
            *(messages.c.body, messages.c.erased_at),
            endpoints,
        )
        .join(messages, messages.c.id == _d.c.message_id)
        .join(endpoints, endpoints.c.id == _d.c.endpoint_id)
        .where(_d.c.id.in_(chosen))
    ).mappings()
    every = rows.all()
    gone = {row["delivery_id"] for row in every if not row["body"] or row["erased_at"] is not None}
    _end_gone(tx, [row for row in every if row["delivery_id"] in gone])
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
            is_probe=row["delivery_id"] in probes,
        )
        for row in every
        if row["delivery_id"] not in gone
    ]
    return sorted(found, key=lambda one: chosen.index(one.id))  # as the ring offered them


def _end_gone(tx: Writing, rows: Sequence[RowMapping]) -> None:
    """What was pruned, or has somebody taken out of it, is another message than its signature said."""
    for row in rows:
        ended = {"state": "dead", "reason": "message_gone", "lease_until": None, "ended_at": tx.wall}
        tx.execute(update(_d).where(_d.c.id == row["delivery_id"]).values(ended))
        release_next(tx, row["id"], row["card_id"])
