"""Whose turn it is: endpoints with something due, from where the last round ended; and who may have how much.

The one rule: endpoints are found by hopping along the partial index over open rows, one step an
endpoint, and no further than is asked for. What was delivered long ago, a million rows of one
endpoint, and the thousand endpoints behind those that have their turn now, cost nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import BigInteger, Connection, bindparam, column, text

from ..domain.endpoint_health import COLD_AFTER
from .columns import Moment, microseconds
from .delivery_tables import OPEN, SENDING
from .prepared import Prepared
from .writing import Writing, ask

FIRST: Final = 0
"""The lane of what was never tried."""

AGAIN: Final = 1
"""The lane of retries, of recover and of replay."""

UNANSWERED: Final = timedelta(seconds=1)  # an attempt that waits so long: hanging must not cost further slots
TIMES_FREE: Final = 3  # one account may have so many times the slots that stay free: three quarters if alone

_NO_END: Final = 2**62
_PAGE: Final = 64  # endpoints that are found at once
_DELIVERIES: Final = "webhook_deliveries WHERE"
_DUE: Final = f"SELECT min(due_at) FROM {_DELIVERIES} {OPEN} AND endpoint_id = busy.id AND lane ="  # noqa: S608
_ON_ITS_WAY: Final = f"{_DELIVERIES} {SENDING} AND endpoint_id = busy.id AND lease_until >"


def _hop(which: str, joined: str) -> Prepared:
    """Endpoints behind `after` and up to `upto` with something due that nothing holds back now."""
    written = text(
        f"""
        WITH RECURSIVE busy(id) AS (
            SELECT min(endpoint_id) FROM {_DELIVERIES} {OPEN} AND endpoint_id > :after
            UNION ALL
            SELECT (SELECT min(endpoint_id) FROM {_DELIVERIES} {OPEN} AND endpoint_id > busy.id)
            FROM busy WHERE busy.id < :upto
        ), due AS (
            SELECT busy.id, endpoints.account_id, endpoints.failing_since, endpoints.last_success_at,
                   coalesce(({_DUE} {FIRST}), {_NO_END}) AS due_first,
                   coalesce(({_DUE} {AGAIN}), {_NO_END}) AS due_again,
                   (SELECT count(*) FROM {_ON_ITS_WAY} :now) AS in_flight,
                   coalesce((SELECT min(lease_until) FROM {_ON_ITS_WAY} :now), {_NO_END}) AS first_ends
            FROM busy {joined}
            WHERE busy.id <= :upto AND endpoints.status = 'enabled' AND endpoints.deleted_at IS NULL
            AND endpoints.closing_to IS NULL
            AND (endpoints.held_until IS NULL OR endpoints.held_until <= :now)
            AND endpoints.concurrency > (SELECT count(*) FROM {_ON_ITS_WAY} :now)
        )
        SELECT id, account_id, due_first, due_again, in_flight, failing_since, last_success_at FROM due
        WHERE first_ends > :hanging AND {which} LIMIT :most
        """  # noqa: S608 - all ours; written out, so that the planner sees that the partial indexes fit
    )
    types: dict[str, Any] = {
        **dict.fromkeys(("now", "hanging", "cold"), Moment),
        **dict.fromkeys(("after", "upto", "most", "stale"), BigInteger),
    }
    named = [name for name in types if f":{name}" in written.text]
    bound = written.bindparams(*(bindparam(name, type_=types[name]) for name in named))
    return Prepared(
        bound.columns(
            *(
                column(name, BigInteger)
                for name in ("id", "account_id", "due_first", "due_again", "in_flight")
            ),
            *(column(name, Moment) for name in ("failing_since", "last_success_at")),
        )
    )


_WHICH: Final = {
    FIRST: "failing_since IS NULL AND due_first <= :now",
    AGAIN: "(due_again <= :now OR due_first <= :now) AND (failing_since IS NOT NULL OR due_first > :now)"
    " AND (:stale > 0 OR failing_since IS NULL OR last_success_at >= :cold)",
}
# Each written so that the planner hops first, and looks at an endpoint only when it has come there.
_JOINED: Final = {
    "sqlite": "CROSS JOIN endpoints ON endpoints.id = busy.id",
    "postgresql": "CROSS JOIN LATERAL (SELECT * FROM endpoints WHERE id = busy.id OFFSET 0) AS endpoints",
}
_RINGS: Final = {
    (name, lane): _hop(which, joined) for name, joined in _JOINED.items() for lane, which in _WHICH.items()
}


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which endpoints, by their rows, the rings go on: of first attempts, and of the others."""

    first: int = 0
    again: int = 0


START: Final = Place()


class HasTurn(Protocol):
    """What was taken, as far as turns go."""

    @property
    def endpoint_id(self) -> int: ...
    @property
    def ring(self) -> int: ...


def place_after(place: Place, taken: Sequence[HasTurn]) -> Place:
    """Where the next round begins: behind the last endpoint of each ring that had its turn there.

    A retry may go out with the turn of a first attempt of its endpoint: that moves the ring of
    first attempts alone, or whoever stands there would put those with retries only behind it.
    """
    return Place(_furthest(place.first, FIRST, taken), _furthest(place.again, AGAIN, taken))


def _furthest(behind: int, ring: int, taken: Sequence[HasTurn]) -> int:
    """Of a ring's endpoints the one that a round from `behind` comes to last; else `behind`."""
    had = [one.endpoint_id for one in taken if one.ring == ring]
    return max(had, key=lambda one: (one <= behind, one), default=behind)


@dataclass(frozen=True, slots=True)
class Slots:
    """What a worker can still begin, and whose attempts it has under way.

    `again`: of what may begin, how many retries and probes; None: any number. `stale`: of these,
    how many at endpoints that fail and had no success of late: as good as all will hang. `each`: how
    many of one endpoint. `all`: how many attempts it can have at once, where accounts share them;
    `taken`: how many each account has, by its row.
    """

    free: int
    again: int | None = None
    stale: int | None = None
    each: int | None = None
    all: int | None = None
    taken: Mapping[int, int] = field(default_factory=dict)

    def has_room(self, account_id: int, more: Mapping[int, int]) -> bool:
        """Whether one more of this account may begin, beside `more` by account that are chosen already.

        Nobody has over three times what stays free: however many of one account's hosts hang, and
        however many accounts have such hosts, something is left for whoever has none.
        """
        if self.all is None:
            return True
        free = self.all - sum(self.taken.values()) - sum(more.values())
        return self.taken.get(account_id, 0) + more.get(account_id, 0) < TIMES_FREE * free


@dataclass(frozen=True, slots=True)
class Candidate:
    """An endpoint, by its row, with something due; `in_flight`: how many attempts are under way there.

    `is_stale`: it fails, and had no success of late.
    """

    endpoint: int
    account_id: int
    due_first: bool
    due_again: bool
    in_flight: int
    is_stale: bool


def candidates(
    tx: Writing | Connection,
    lane: int,
    *,
    now: datetime,
    lease_for: timedelta,
    after: int = 0,
    stale: int | None = None,
    most: int = _PAGE,
) -> Iterator[list[Candidate]]:
    """The ring of endpoints with a first attempt, or of the others, in pages; it begins behind `after`.

    An endpoint that fails is among the others whatever it has: its first attempts may hang as
    long as what failed. One at which an attempt hangs already is in none.
    """
    asked: dict[str, Any] = {"now": now, "hanging": now - UNANSWERED + lease_for, "most": most}
    if lane == AGAIN:
        asked |= {"stale": 1 if stale is None else stale, "cold": now - COLD_AFTER}
    ring = _RINGS[_dialect(tx), lane]
    for begin, end in ((after, _NO_END), (0, after)):
        while begin < end:
            rows = ask(tx, ring, {**asked, "after": begin, "upto": end})
            if rows:
                yield [_candidate(row, now) for row in rows]
            if len(rows) < most:
                break
            begin = int(rows[-1]["id"])


def is_due(connection: Connection, now: datetime, lease_for: timedelta) -> bool:
    """Whether there is anything that may be sent now."""
    return any(
        page
        for lane in (FIRST, AGAIN)
        for page in candidates(connection, lane, now=now, lease_for=lease_for, most=1)
    )


def _dialect(tx: Writing | Connection) -> str:
    if isinstance(tx, Writing):
        return "sqlite" if tx.is_alone else "postgresql"
    return tx.dialect.name


def _candidate(row: Mapping[str, Any], now: datetime) -> Candidate:
    at = microseconds(now)
    return Candidate(
        endpoint=row["id"],
        account_id=row["account_id"],
        due_first=row["due_first"] <= at,
        due_again=row["due_again"] <= at,
        in_flight=row["in_flight"],
        is_stale=row["failing_since"] is not None and not is_recent(row["last_success_at"], now),
    )


def is_recent(success_at: datetime | None, now: datetime) -> bool:
    """Whether an endpoint's last success says anything of how it is now."""
    return success_at is not None and now - success_at <= COLD_AFTER
