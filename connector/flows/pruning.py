"""What is kept for a time only: attempts, bodies of messages, payloads, traces, letters to people, undos.

The one rule: small batches, each a transaction of its own; the ledger is never touched.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Final

from ..store import pruning, undoable
from ..store.pruning import Words
from ..store.writer import Writing
from .parts import Parts

AT_ONCE: Final = 500
BATCHES: Final = 20  # in one look: the rest is for the next ones
LOOKED_AT: Final = 5_000  # attempts that are read at once
LOOKS: Final = 200  # a million attempts of what is open are walked past, in seconds, and nobody waits
BODIES_AT_LEAST: Final = timedelta(days=30)  # recover reaches so far


def prune(parts: Parts) -> int:
    """Forget what is older than it is kept, and undos that are over; how many rows."""
    days = parts.retention
    done = _over(parts) + _prune_messages(parts)
    done += _prune_words(parts, pruning.PAYLOADS, days.payloads)
    done += _prune_words(parts, pruning.TRACES, days.traces)
    return done + _prune_words(parts, pruning.LETTERS, days.attempts)


def _over(parts: Parts) -> int:
    # By the wall: an account's own clock is never behind it.
    before = parts.clock.now()
    with parts.engines.reading() as connection:
        if not undoable.has_over(connection, before):
            return 0
    return _in_batches(parts, lambda tx: undoable.forget_over(tx, before, AT_ONCE))


def _prune_words(parts: Parts, words: Words, days: int) -> int:
    if not days:
        return 0
    before = parts.clock.now() - timedelta(days=days)
    with parts.engines.reading() as connection:
        if not pruning.has_words(connection, words, before):
            return 0
    return _in_batches(parts, lambda tx: pruning.forget_words(tx, words, before, AT_ONCE))


def _prune_messages(parts: Parts) -> int:
    """Attempts, and bodies a while later."""
    if not parts.retention.attempts:
        return 0
    now = parts.clock.now()
    before = now - timedelta(days=parts.retention.attempts)
    with parts.engines.reading() as connection:
        if not pruning.has_older(connection, before):
            return 0
    done = 0
    for chosen in islice(_batches(parts, before), BATCHES):
        done += parts.writer.run(partial(_forget_attempts, chosen=chosen))
    bodies = min(before, now - BODIES_AT_LEAST)
    return done + _in_batches(parts, lambda tx: pruning.forget_bodies(tx, bodies, AT_ONCE))


def _in_batches(parts: Parts, forget: Callable[[Writing], int]) -> int:
    """Until one batch is not full, or there were as many as one look may have; how many rows."""
    done = 0
    for _ in range(BATCHES):
        count = parts.writer.run(forget)
        done += count
        if count < AT_ONCE:
            break
    return done


def _batches(parts: Parts, before: datetime) -> Iterator[list[int]]:
    """Attempts to forget, a batch at a time: past any number of those that are open still."""
    after: int | None = 0
    found: list[int] = []
    for _ in range(LOOKS):
        with parts.engines.reading() as connection:
            more, after = pruning.old_attempts(connection, before, after or 0, LOOKED_AT)
        found += more
        while len(found) >= AT_ONCE or (found and after is None):
            yield found[:AT_ONCE]
            found = found[AT_ONCE:]
        if after is None:
            return
    if found:
        yield found


def _forget_attempts(tx: Writing, *, chosen: list[int]) -> int:
    return pruning.forget_attempts(tx, chosen)
