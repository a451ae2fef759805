"""Which deliveries a worker takes next: due work of many endpoints, a few of each, ours until a lease ends.

The one rule: the endpoint's row is held while its deliveries are taken, so that caps hold with any
number of workers; a row that somebody else holds is passed over.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, Final

from sqlalchemy import BigInteger, Integer, bindparam, func, select, text, update

from ..domain.endpoint_health import allowance, spend, window_of
from ..domain.retries import SCHEDULE
from . import conditions
from . import endpoints as endpoint_rows
from .attempts import record
from .card_order import may_end, release_next
from .columns import Moment
from .conditions import Held
from .delivery_tables import SENDING
from .endpoints import Endpoint
from .prepared import Prepared
from .tables import OPEN, endpoints, messages, webhook_deliveries
from .turns import AGAIN, FIRST, START, UNANSWERED, Candidate, Place, Slots, candidates, is_recent
from .writer import Writing

_d: Final = webhook_deliveries
_DUE_OF_ONE: Final = (
    select(
        *(_d.c.id, _d.c.public_id, _d.c.state, _d.c.due_at, _d.c.lease_until, _d.c.fence, _d.c.tries),
        *(_d.c.by_hand, _d.c.lane, _d.c.trigger, _d.c.planned_at, _d.c.card_id, _d.c.message_id),
    )
    .where(
        text(OPEN),
        _d.c.endpoint_id == bindparam("endpoint", type_=BigInteger),
        _d.c.lane == bindparam("lane", type_=Integer),
        _d.c.due_at <= bindparam("now", type_=Moment),
    )
    .order_by(_d.c.due_at)  # alone: the index has this order, and those of one moment need no other
    .limit(bindparam("room", type_=Integer))
)
_DUE: Final = {True: Prepared(_DUE_OF_ONE), False: Prepared(_DUE_OF_ONE.with_for_update(skip_locked=True))}
_IN_FLIGHT: Final = Prepared(
    select(func.count().label("count"), func.min(_d.c.lease_until).label("first_ends")).where(
        text(SENDING),
        _d.c.endpoint_id == bindparam("endpoint", type_=BigInteger),
        _d.c.lease_until > bindparam("now", type_=Moment),
    )
)
_MESSAGE: Final = Prepared(
    select(messages.c.public_id, messages.c.body, messages.c.erased_at).where(
        messages.c.id == bindparam("message", type_=BigInteger)
    )
)
_ENDPOINT: Final = Prepared(
    select(endpoints).where(endpoints.c.id == bindparam("endpoint", type_=BigInteger))
)
_TAKE: Final = Prepared(
    update(_d)
    .where(_d.c.id == bindparam("delivery", type_=BigInteger))
    .values(
        state="sending",
        lease_until=bindparam("until", type_=Moment),
        due_at=bindparam("until", type_=Moment),
        fence=_d.c.fence + 1,
    )
)


_KEPT: Final = ("id", "public_id", "by_hand", "trigger", "planned_at", "card_id")


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
    is_failing: bool = False
    """Whether it goes to an endpoint that fails, and had no success since."""
    is_stale: bool = False
    """Whether that had no success of late either: as good as all attempts there will hang."""
    ring: int = FIRST
    """In which ring its endpoint had its turn."""

    @property
    def endpoint_id(self) -> int:
        return self.endpoint.id

    @property
    def is_again(self) -> bool:
        """Whether it counts among the retries, which have a quarter of the slots."""
        return self.is_failing or self.lane == AGAIN

    @property
    def number(self) -> int:
        """Which attempt the next one is."""
        return self.tries + self.by_hand + 1


@dataclass(frozen=True, slots=True)
class _Offer:
    """A due delivery of a held endpoint. `is_again`: a retry, or at an endpoint that fails."""

    row: Mapping[str, Any]
    held: Held
    is_again: bool
    is_stale: bool
    ring: int


def lease(
    tx: Writing, *, now: datetime, lease_for: timedelta, slots: Slots, after: Place = START
) -> list[Leased]:
    """Take due deliveries, one of each endpoint per turn, oldest first, as many as the slots allow.

    Endpoints stand in two rings, those with a first attempt and the others; they begin behind the
    place `after`, so that whoever calls with the place that `place_after` gave reaches all of them.
    Of one endpoint at most its window is in flight. A delivery whose lease has run out is due again:
    its worker died, and that counts as an attempt. Rows that another worker is taking are passed over.
    """
    offered: list[list[_Offer]] = []
    more: Counter[int] = Counter()  # by account: what the first turn takes
    for lane, place in ((FIRST, after.first), (AGAIN, after.again)):
        most = slots.free if lane == FIRST or slots.again is None else min(slots.free, slots.again)
        stale = most if lane == FIRST or slots.stale is None else slots.stale
        found = 0
        if most <= 0:
            continue
        for page in candidates(
            tx, lane, now=now, lease_for=lease_for, after=place, stale=stale, most=min(most, 64)
        ):
            for offers in _offers(tx, _fair(page, slots, more, stale), slots, now, lease_for, lane):
                offered.append(offers)
                found += 1
                stale -= offers[0].is_stale
                more[offers[0].held.account_id] += 1
            if found >= most:
                break
    return _leased(tx, _taken(offered, slots), now, now + lease_for)


def _fair(page: Sequence[Candidate], slots: Slots, more: Counter[int], stale: int) -> list[Candidate]:
    """Those of which one more may begin, beside what is chosen already."""
    found: list[Candidate] = []
    more = more.copy()
    for one in page:
        if slots.has_room(one.account_id, more) and not (one.is_stale and stale <= 0):
            found.append(one)
            more[one.account_id] += 1
            stale -= one.is_stale
    return found


def _offers(
    tx: Writing, page: Sequence[Candidate], slots: Slots, now: datetime, lease_for: timedelta, ring: int
) -> list[list[_Offer]]:
    """What is due at each of these endpoints, as far as it may have more, first attempts first."""
    holding = conditions.hold_each(tx, [one.endpoint for one in page])
    ours = [
        (one, held) for one, held in zip(page, holding, strict=True) if held is not None and held.takes(now)
    ]
    room = dict(zip((held.id for _, held in ours), _rooms(tx, ours, slots, now, lease_for), strict=True))
    found: dict[int, list[_Offer]] = {held.id: [] for _, held in ours}
    for lane in (FIRST, AGAIN):
        asked = []
        for one, held in ours:
            is_probe = held.condition.health.trips > 0
            left = room[held.id] if is_probe else room[held.id] - len(found[held.id])
            if slots.again is not None and (lane == AGAIN or held.condition.failing_since is not None):
                left = min(left, slots.again)
            if left > 0 and (one.due_first if lane == FIRST else one.due_again):
                asked.append((held, left))
        values = [{"endpoint": held.id, "lane": lane, "now": now, "room": left} for held, left in asked]
        for (held, _), rows in zip(asked, tx.fetch_each(_DUE[tx.is_alone], values), strict=True):
            found[held.id] += [_offer(row, held, lane, now, ring) for row in rows]
    return [
        # Of a probe the oldest.
        [min(offers, key=lambda one: (one.row["due_at"], one.row["id"]))]
        if offers[0].held.condition.health.trips > 0
        else offers
        for offers in found.values()
        if offers
    ]


def _offer(row: Mapping[str, Any], held: Held, lane: int, now: datetime, ring: int) -> _Offer:
    is_failing = held.condition.failing_since is not None
    is_stale = is_failing and not is_recent(held.condition.last_success_at, now)
    return _Offer(row, held, is_failing or lane == AGAIN, is_stale, ring)


def _rooms(
    tx: Writing,
    ours: Sequence[tuple[Candidate, Held]],
    slots: Slots,
    now: datetime,
    lease_for: timedelta,
) -> list[int]:
    """How many more may begin at each of these endpoints now."""
    in_flight = [one.in_flight for one, _ in ours]
    if not tx.is_alone:  # counted again under the rows' locks: another worker may have taken some since
        asked = [{"endpoint": held.id, "now": now} for _, held in ours]
        counted = [rows[0] for rows in tx.fetch_each(_IN_FLIGHT, asked)]
        hanging = now - UNANSWERED + lease_for
        in_flight = [
            one["count"] if not one["count"] or one["first_ends"] > hanging else held.concurrency
            for one, (_, held) in zip(counted, ours, strict=True)
        ]
    rooms = []
    for (_, held), count in zip(ours, in_flight, strict=True):
        room = window_of(held.condition, held.concurrency, now) - count
        if held.rate_limit is not None:
            room = min(room, allowance(held.condition.health, held.rate_limit, now))
        rooms.append(room if slots.each is None else min(room, slots.each))
    return rooms


def _taken(offered: Sequence[Sequence[_Offer]], slots: Slots) -> list[_Offer]:
    """One of each endpoint per turn, up to all limits."""
    taken: list[_Offer] = []
    again = slots.free if slots.again is None else slots.again
    stale = slots.free if slots.stale is None else slots.stale
    more: Counter[int] = Counter()
    for turn in zip_longest(*offered):
        for one in turn:
            if one is None or len(taken) == slots.free:
                continue
            if (one.is_again and again <= 0) or (one.is_stale and stale <= 0):
                continue
            if not slots.has_room(one.held.account_id, more):
                continue
            again -= one.is_again
            stale -= one.is_stale
            more[one.held.account_id] += 1
            taken.append(one)
    return taken


def _leased(tx: Writing, taken: Sequence[_Offer], now: datetime, until: datetime) -> list[Leased]:
    """What was taken, as it is sent; what ended meanwhile is not among it."""
    if not taken:
        return []
    _spend(tx, taken, now)
    asked = [{"message": one.row["message_id"]} for one in taken]
    told = [rows[0] for rows in tx.fetch_each(_MESSAGE, asked)]
    sent_to = _endpoints(tx, {one.held.id for one in taken})
    found = []
    for one, message in zip(taken, told, strict=True):
        row = one.row
        tries = row["tries"]
        is_lost = row["state"] == "sending"
        tries += is_lost
        is_dead = is_lost and tries > len(SCHEDULE)
        is_gone = not message["body"] or message["erased_at"] is not None
        if (is_dead or is_gone) and not may_end(tx, one.held.id, row["card_id"], row["id"]):
            continue
        if is_lost:
            _lose(tx, one, tries, is_dead)
        if is_gone and not is_dead:
            _end_gone(tx, one)
        if is_dead or is_gone:
            continue
        kept = {name: row[name] for name in _KEPT}
        leased = Leased(
            **kept,
            fence=row["fence"] + 1,
            tries=tries,
            lane=AGAIN if row["state"] == "sending" else row["lane"],
            message=message["public_id"],
            body=message["body"],
            endpoint=sent_to[one.held.id],
            is_failing=one.held.condition.failing_since is not None,
            is_stale=one.is_stale,
            ring=one.ring,
        )
        found.append(leased)
    tx.do_all(_TAKE, [{"delivery": one.id, "until": until} for one in found])
    return found


def _endpoints(tx: Writing, numbers: set[int]) -> dict[int, Endpoint]:
    asked = [{"endpoint": number} for number in sorted(numbers)]
    found = [endpoint_rows.endpoint_of(rows[0]) for rows in tx.fetch_each(_ENDPOINT, asked)]
    return {one.id: one for one in found}


def _spend(tx: Writing, taken: Sequence[_Offer], now: datetime) -> None:
    counts = Counter(one.held.id for one in taken if one.held.rate_limit is not None)
    for one in {one.held.id: one.held for one in taken}.values():
        if one.rate_limit is not None:
            health = spend(one.condition.health, one.rate_limit, now, counts[one.id])
            conditions.spend(tx, one.id, health)


def _lose(tx: Writing, one: _Offer, tries: int, is_dead: bool) -> None:
    """Note the attempt that a worker died with; where it was the last, the delivery is dead."""
    row = one.row
    changed: dict[str, Any] = {"tries": tries, "lane": AGAIN, "outcome": "lost"}
    if is_dead:
        changed |= {"state": "dead", "reason": "lost", "lease_until": None, "ended_at": tx.wall}
    tx.execute(update(_d).where(_d.c.id == row["id"]).values(changed))
    record(tx, row["id"], tries + row["by_hand"], row["lease_until"], {"outcome": "lost"}, row["trigger"])
    if is_dead:
        release_next(tx, one.held.id, row["card_id"])


def _end_gone(tx: Writing, one: _Offer) -> None:
    """What was pruned, or has somebody taken out of it, is another message than its signature said."""
    ended = {"state": "dead", "reason": "message_gone", "lease_until": None, "ended_at": tx.wall}
    tx.execute(update(_d).where(_d.c.id == one.row["id"]).values(ended))
    release_next(tx, one.held.id, one.row["card_id"])
