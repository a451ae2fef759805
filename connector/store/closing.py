"""What is to end or to be let go at an endpoint: where it is gone, dropped its backlog, or gave up order.

The one rule: a batch is small and leaves nothing half done, so that whoever comes next goes on
where it stopped, after a crash too. What a worker is sending ends by its own result.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Select, and_, bindparam, func, or_, select, text, update

from . import attempts, conditions
from .card_order import may_end, release_next
from .conditions import Held
from .delivery_tables import BLOCKED, UNDONE, those
from .tables import OPEN, endpoints, webhook_deliveries
from .writer import Writing

AT_ONCE: Final = 1_000
WINDOW: Final = 20_000  # rows' numbers, in which one look seeks who waits for nobody
LOOKS_EVERY: Final = timedelta(seconds=30)

_d: Final = webhook_deliveries.c
_e: Final = endpoints.c


def _hop(which: str) -> str:
    """Endpoints that have such rows, a step of the partial index each."""
    seek = f"SELECT min(endpoint_id) FROM webhook_deliveries WHERE {which}"  # noqa: S608 - ours
    return f"""
        WITH RECURSIVE busy(id) AS (
            {seek}
            UNION ALL
            SELECT ({seek} AND endpoint_id > busy.id) FROM busy WHERE busy.id IS NOT NULL
        )
        SELECT id FROM busy WHERE id IS NOT NULL
    """  # noqa: S608 - ours


_BUSY: Final = text(_hop(OPEN))
_WAITING: Final = text(_hop(BLOCKED))
_LONELY: Final = text(
    f"""
    SELECT DISTINCT waits.card_id FROM webhook_deliveries AS waits
    WHERE waits.{BLOCKED} AND waits.endpoint_id = :endpoint AND waits.id >= :first AND waits.id < :beyond
    AND NOT EXISTS (
        SELECT 1 FROM webhook_deliveries WHERE {UNDONE} AND state <> 'blocked'
        AND endpoint_id = waits.endpoint_id AND card_id = waits.card_id
    )
    LIMIT {AT_ONCE}
    """  # noqa: S608 - ours
)


def due(connection: Connection) -> list[int]:
    """Endpoints, by their rows, that have something to end, or waiting rows to let go: none of history."""
    busy = [row.id for row in connection.execute(_BUSY)]
    waiting = [row.id for row in connection.execute(_WAITING)]
    is_over = or_(_e.deleted_at.is_not(None), and_(_e.status == "disabled", _e.disabled_reason == "gone"))
    marked = list(connection.execute(select(_e.id).where(_e.closing_to.is_not(None))).scalars())
    over = _among(connection, {*busy, *waiting}, is_over)
    unordered = _among(connection, waiting, _e.ordering != "card")
    return sorted({*over, *unordered, *marked})


def lonely(connection: Connection, now: datetime) -> list[tuple[int, list[int]]]:
    """Endpoints with order and cards of theirs whose deliveries wait, though none of them is open.

    There are none, unless something went wrong. One look goes through a part of the rows; which
    one follows from the time, so that looks one after another come to all of them.
    """
    found = []
    for endpoint in _among(connection, connection.execute(_WAITING).scalars().all(), _e.ordering == "card"):
        ends = those(BLOCKED, select(func.min(_d.id), func.max(_d.id)).where(_d.endpoint_id == endpoint))
        least, most = connection.execute(ends).one()
        if least is None:
            continue
        parts = (most - least) // WINDOW + 1
        first = least + WINDOW * (int(now.timestamp() // LOOKS_EVERY.total_seconds()) % parts)
        values = {"endpoint": endpoint, "first": first, "beyond": first + WINDOW}
        cards = [row.card_id for row in connection.execute(_LONELY, values)]
        if cards:
            found.append((endpoint, cards))
    return found


def free(tx: Writing, endpoint_id: int, cards: Sequence[int]) -> int:
    """Let the first of each of these cards go, where none of it is open; how many."""
    if conditions.hold(tx, endpoint_id, or_pass=True) is None:
        return 0
    return sum(release_next(tx, endpoint_id, card) for card in cards)


def step(tx: Writing, endpoint_id: int, limit: int = AT_ONCE) -> int:
    """One batch of what is to end or to go at an endpoint; how many. 0 too where somebody else holds it."""
    held = conditions.hold(tx, endpoint_id, or_pass=True)
    return 0 if held is None else step_of(tx, held, limit)


def step_of(tx: Writing, held: Held, limit: int = AT_ONCE) -> int:
    """As `step`, of an endpoint that is held."""
    if held.deleted_at is not None or held.is_gone:
        ending = held.ending(0)
        assert ending is not None
        return len(_ended(tx, held.id, ending, None, limit))
    if held.closing_to is not None:
        return _dropped(tx, held, held.closing_to, limit)
    return 0 if held.ordering == "card" else _let_go(tx, held.id, limit)


def mark(tx: Writing, endpoint_id: int, reason: str) -> int:
    """End all that is undone at a held endpoint up to now, before anything else is sent there.

    The first batch ends at once; how many that were. The others follow, by `step`.
    """
    newest = select(func.max(_d.id)).where(_d.endpoint_id == endpoint_id)
    last = tx.execute(newest).scalar()
    if last is None:
        return 0
    tx.execute(update(endpoints).where(_e.id == endpoint_id).values(closing=reason, closing_to=last))
    return step(tx, endpoint_id)


def _dropped(tx: Writing, held: Held, last: int, limit: int) -> int:
    ending = held.ending(last)
    assert ending is not None
    ended = _ended(tx, held.id, ending, last, limit)
    for card in dict.fromkeys(card for _, card in ended if card is not None):
        if may_end(tx, held.id, card, 0):  # where somebody holds it: `lonely` finds it
            release_next(tx, held.id, card)
    if len(ended) < limit and not _is_open_up_to(tx, held.id, last):
        tx.execute(update(endpoints).where(_e.id == held.id).values(closing=None, closing_to=None))
    return len(ended)


def _ended(
    tx: Writing, endpoint_id: int, ending: tuple[str, str], last: int | None, limit: int
) -> list[tuple[int, int | None]]:
    """End at most so many; their rows and cards. Two ways in: all that is open, and all that waits."""
    its: list[Any] = [_d.endpoint_id == endpoint_id, *([] if last is None else [_d.id <= last])]
    at_rest = or_(_d.state != "sending", _d.lease_until <= tx.wall)
    columns = select(_d.id, _d.card_id, _d.state, _d.tries, _d.by_hand, _d.trigger, _d.lease_until)
    rows = list(tx.execute(_free(tx, those(OPEN, columns.where(*its, at_rest))).limit(limit)).all())
    if len(rows) < limit:
        waiting = _free(tx, those(BLOCKED, columns.where(*its))).order_by(_d.id)
        rows += tx.execute(waiting.limit(limit - len(rows))).all()
    for row in rows:
        if row.state == "sending":  # its worker died
            number = row.tries + row.by_hand + 1
            attempts.record(tx, row.id, number, row.lease_until, {"outcome": "lost"}, row.trigger)
    state, reason = ending
    if rows:
        tx.execute(
            update(webhook_deliveries)
            .where(_d.id.in_([row.id for row in rows]))
            .values(state=state, reason=reason, lease_until=None, ended_at=tx.wall)
        )
    return [(row.id, row.card_id) for row in rows]


def _free(tx: Writing, wanted: Select[Any]) -> Select[Any]:
    """Of these rows those that nobody holds, ours until the commit: card_order.py says who holds them."""
    return wanted if tx.is_alone else wanted.with_for_update(key_share=True, skip_locked=True)


def _is_open_up_to(tx: Writing, endpoint_id: int, last: int) -> bool:
    its = _d.endpoint_id == endpoint_id, _d.id <= last
    return any(
        tx.execute(those(which, select(_d.id).where(*its)).limit(1)).first() is not None
        for which in (OPEN, BLOCKED)
    )


def _let_go(tx: Writing, endpoint_id: int, limit: int) -> int:
    """Oldest first: the endpoint does not ask for order any more."""
    waiting = (
        those(BLOCKED, select(_d.id).where(_d.endpoint_id == bindparam("endpoint", type_=BigInteger)))
        .order_by(_d.id)
        .limit(limit)
    )
    chosen = list(tx.execute(_free(tx, waiting), {"endpoint": endpoint_id}).scalars())
    if chosen:
        changed = {"state": "pending", "due_at": tx.wall}
        tx.execute(update(webhook_deliveries).where(_d.id.in_(chosen)).values(changed))
    return len(chosen)


def _among(connection: Connection, numbers: Any, condition: Any) -> list[int]:
    """Of these endpoints those for which it holds, a few hundred a question."""
    every = sorted(numbers)
    found: list[int] = []
    for start in range(0, len(every), 500):
        wanted = select(_e.id).where(_e.id.in_(every[start : start + 500]), condition)
        found += connection.execute(wanted.order_by(_e.id)).scalars()
    return found
