"""Tools behind REST Hooks are told when we switch one off: `DELETE` to its URL, so that they pause the work.

The one rule: the next try is written before this one is made, so that a stop in between forgets none.
"""

from datetime import datetime
from functools import partial
from typing import Final

from ..domain import ids
from ..domain.retries import SCHEDULE
from ..logs import log
from ..store import conditions, endpoints
from ..store.endpoints import Endpoint
from ..store.writer import Writing
from .parts import Parts
from .sending import send_to

AT_ONCE: Final = 50
TRIES: Final = 5  # the last some 40 minutes after the first: a tool that is away longer shows it anyway
_HEARD: Final = range(200, 500)  # what they answer is theirs: 404 and 410 say that it is gone already


def run_due(parts: Parts) -> int:
    """Tell those that are to be told now; how many."""
    now = parts.clock.now()
    with parts.engines.reading() as connection:
        found = conditions.unsubscribes_due(connection, now, AT_ONCE)
    return sum(_tell(parts, number, now) for number in found)


def _tell(parts: Parts, number: int, now: datetime) -> bool:
    endpoint = parts.writer.run(partial(_taken, number, now))
    if endpoint is None:
        return False
    answer = send_to(parts, endpoint, ids.new_id(ids.MESSAGE, now), b"", now, "DELETE")
    log.info("hook_unsubscribed", endpoint=endpoint.public_id, outcome=answer.outcome, status=answer.status)
    if answer.status in _HEARD:
        parts.writer.run(partial(_done, number))
    return True


def _taken(number: int, now: datetime, tx: Writing) -> Endpoint | None:
    """The endpoint, if it is ours to tell; None where another node does, or it works again."""
    held = endpoints.lock_row(tx, number)
    if held is None:
        return None
    endpoint, at, tries = held
    if at is None or at > now:
        return None
    is_off = endpoint.status == "disabled"
    again = now + SCHEDULE[tries] if is_off and tries + 1 < TRIES else None
    conditions.owe_unsubscribe(tx, number, again, tries + 1)
    return endpoint if is_off else None


def _done(number: int, tx: Writing) -> None:
    conditions.owe_unsubscribe(tx, number, None, 0)
