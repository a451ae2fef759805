"""What is forgotten once its time is over: attempts, bodies, payloads, traces, letters. Never what is open.

The one rule: a batch is small, and the rows that say that something happened stay, with whatever tells a
duplicate from news.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    TextClause,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from .deliveries import NOTHING
from .erasing import open_again
from .notification_tables import ADDRESSED, notifications
from .recipe_tables import TRACED
from .tables import KEPT, SAID, attempts, inbound_deliveries, messages, runs, webhook_deliveries
from .writer import Writing

_d: Final = webhook_deliveries.c


@dataclass(frozen=True, slots=True)
class Words:
    """Words of rows that stay: those that `are_there`, since `since`, become `nothing`."""

    table: Table
    since: ColumnElement[Any]
    are_there: TextClause
    nothing: Mapping[str, Any]


# A first answer stays beside its payload: a copy that comes late is given it again.
PAYLOADS: Final = Words(
    inbound_deliveries, inbound_deliveries.c.received_at, SAID, {"request": NOTHING, "body": b""}
)
TRACES: Final = Words(runs, runs.c.created_at, TRACED, {"trace": []})
LETTERS: Final = Words(
    notifications,
    notifications.c.ended_at,
    ADDRESSED,
    {"to_sealed": None, "written_sealed": None, "detail": None},
)


def has_words(connection: Connection, words: Words, before: datetime) -> bool:
    """Whether any of that age are there: an idle look writes nothing."""
    wanted = select(words.table.c.id).where(words.are_there, words.since < before).limit(1)
    return connection.execute(wanted).first() is not None


def forget_words(tx: Writing, words: Words, before: datetime, limit: int) -> int:
    """Empty the oldest of them, `limit` at most; how many. What somebody holds is for the next time."""
    wanted = select(words.table.c.id).where(words.are_there, words.since < before)
    wanted = wanted.order_by(words.since).limit(limit)
    if not tx.is_alone:
        wanted = wanted.with_for_update(key_share=True, skip_locked=True)
    chosen = list(tx.execute(wanted).scalars())
    if chosen:
        tx.execute(update(words.table).where(words.table.c.id.in_(chosen)).values(**words.nothing))
    return len(chosen)


def old_attempts(
    connection: Connection, before: datetime, after: int, limit: int
) -> tuple[list[int], int | None]:
    """Of `limit` attempts behind the row `after` those that began before then, of deliveries that have ended.

    And where to go on; None: what follows is newer. What is open may lie in front in any number.
    """
    wanted = (
        select(attempts.c.id, attempts.c.started_at, _d.ended_at)
        .join(webhook_deliveries, _d.id == attempts.c.delivery_id)
        .where(attempts.c.id > after)
        .order_by(attempts.c.id)
        .limit(limit)
    )
    rows = connection.execute(wanted).all()
    old = [row for row in rows if row.started_at < before]
    return [row.id for row in old if row.ended_at is not None], rows[-1].id if len(old) == limit else None


def forget_attempts(tx: Writing, chosen: Sequence[int]) -> int:
    """Delete these attempts, but for those of what is open by now; how many."""
    ended = select(_d.id).where(_d.ended_at.is_not(None))
    gone = tx.execute(
        delete(attempts).where(attempts.c.id.in_(chosen), attempts.c.delivery_id.in_(ended.scalar_subquery()))
    )
    return gone.rowcount


def forget_bodies(tx: Writing, before: datetime, limit: int) -> int:
    """Empty bodies of messages that were told before then, and whose last delivery ended before then."""
    is_wanted: Any = exists().where(
        _d.message_id == messages.c.id, or_(_d.ended_at.is_(None), _d.ended_at >= before)
    )
    wanted = (
        select(messages.c.id)
        .where(KEPT, messages.c.created_at < before, ~is_wanted)
        .order_by(messages.c.created_at)
        .limit(limit)
    )
    if not tx.is_alone:
        wanted = wanted.with_for_update(key_share=True, skip_locked=True)
    held = list(tx.execute(wanted).scalars())
    opened = open_again(tx, held)  # while we were looking
    chosen = [one for one in held if one not in opened]
    if chosen:
        tx.execute(update(messages).where(messages.c.id.in_(chosen)).values(body=b""))
    return len(chosen)


def has_older(connection: Any, before: datetime) -> bool:
    """Whether there is anything of that age: an idle look writes nothing."""
    first = select(func.min(attempts.c.id)).scalar_subquery()
    oldest = connection.execute(select(attempts.c.started_at).where(attempts.c.id == first)).scalar()
    if oldest is not None and oldest < before:
        return True
    body = select(messages.c.id).where(KEPT, messages.c.created_at < before).limit(1)
    return connection.execute(body).first() is not None
