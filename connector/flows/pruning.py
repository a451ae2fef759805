"""What is kept for a time only: attempts and bodies of messages.

The one rule: small batches, each a transaction of its own; the ledger is never touched.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from ..store import pruning
from ..store.writer import Writing
from .parts import Parts

AT_ONCE: Final = 500
BATCHES: Final = 20  # in one look: the rest is for the next ones
BODIES_AT_LEAST: Final = timedelta(days=30)  # recover reaches so far


def prune(parts: Parts) -> int:
    """Forget attempts and bodies that are older than they are kept; how many."""
    if not parts.attempt_days:
        return 0
    now = parts.clock.now()
    before = now - timedelta(days=parts.attempt_days)
    with parts.engines.reading() as connection:
        if not pruning.has_older(connection, before):
            return 0
    done, after = 0, 0
    for _ in range(BATCHES):
        forget = partial(_forget_attempts, before=before, after=after)
        count, place = parts.writer.run(forget)
        done += count
        if place is None:
            break
        after = place
    bodies = min(before, now - BODIES_AT_LEAST)
    for _ in range(BATCHES):
        count = parts.writer.run(lambda tx: pruning.forget_bodies(tx, bodies, AT_ONCE))
        done += count
        if count < AT_ONCE:
            break
    return done


def _forget_attempts(tx: Writing, *, before: datetime, after: int) -> tuple[int, int | None]:
    return pruning.forget_attempts(tx, before, after, AT_ONCE)
