"""What stayed open where nobody is any more, was dropped, or waits for nobody: ended or let go in batches.

The one rule: each batch is a transaction of its own, and the rows alone say what is left.
"""

from collections.abc import Sequence
from functools import partial

from ..store import closing
from ..store.writer import Writing
from .parts import Parts


def close_due(parts: Parts) -> int:
    """A batch at each endpoint that has something to end or to let go; how many deliveries."""
    with parts.engines.reading() as connection:
        found = closing.due(connection)
        lonely = closing.lonely(connection, parts.clock.now())
    done = sum(parts.writer.run(partial(_step, parts, one)) for one in found)
    return done + sum(parts.writer.run(partial(_free, parts, one, cards)) for one, cards in lonely)


def _step(parts: Parts, endpoint: int, tx: Writing) -> int:
    tx.after_commit(parts.wake_outbox)
    return closing.step(tx, endpoint)


def _free(parts: Parts, endpoint: int, cards: Sequence[int], tx: Writing) -> int:
    tx.after_commit(parts.wake_outbox)
    return closing.free(tx, endpoint, cards)
