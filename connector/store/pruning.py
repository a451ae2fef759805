"""What is forgotten of messages once nobody can want it: attempts, then bodies. Never what is open.

The one rule: a batch is small, and the rows that say that something happened stay.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, exists, func, or_, select, text, update

from .erasing import open_again
from .tables import attempts, messages, webhook_deliveries
from .writer import Writing

KEPT: Final = "length(body) > 0"

_d: Final = webhook_deliveries.c


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
        .where(text(KEPT), messages.c.created_at < before, ~is_wanted)
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
    body = select(messages.c.id).where(text(KEPT), messages.c.created_at < before).limit(1)
    return connection.execute(body).first() is not None
