"""Inbound deliveries that were stored to be run later: a worker runs each once, in its own transaction."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Final

from ..adapters.kit import stored_delivery
from ..domain.errors import ConnectorError
from ..domain.events import Event
from ..logs import log
from ..store import accounts, deliveries
from ..store.deliveries import Delivery
from ..store.writer import DatabaseFault, Writing
from . import enriching, retold
from .guesses import Lookups
from .news import read_events
from .parts import Parts
from .receive import run_delivery

AT_ONCE: Final = 32
RETRY_AFTER: Final = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
)
"""After the last of these a delivery is parked: what fails five times fails for a reason of its own."""


def run_due(
    parts: Parts,
    but: Collection[str] = (),
    source_id: int | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> int:
    """Run what is due now, oldest first; how many were run. One that fails holds up no other.

    `but`: nothing of these adapters. `source_id`: of this source alone. Until `is_over`.
    """
    with parts.engines.reading() as connection:
        waiting = deliveries.due(connection, parts.clock.now(), AT_ONCE, but, source_id)
    return sum(_run_one(parts, delivery) for delivery in waiting if not is_over())


def _run_one(parts: Parts, public_id: str) -> bool:
    def work(tx: Writing, lookups: Lookups) -> bool:
        found = deliveries.claim(tx, parts.ring, public_id, tx.wall)
        if found is None:
            return False
        _run(parts, tx, found, completed, lookups)
        return True

    try:
        completed = enriching.of_delivery(parts, public_id)
        with parts.guesses.lookups() as lookups:
            return parts.writer.run(lambda tx: work(tx, lookups))
    except enriching.Unanswered as fault:
        _postpone(parts, public_id, str(fault))
    except ConnectorError as error:
        _postpone(parts, public_id, error.code)
    except Exception as fault:  # noqa: BLE001 - a poisonous delivery must not stop the others
        _postpone(parts, public_id, type(fault).__name__)
    return False


def _run(parts: Parts, tx: Writing, found: Delivery, completed: list[Event] | None, lookups: Lookups) -> None:
    source = accounts.source_by_id(tx, parts.ring, found.source_id)
    adapter = parts.adapters[source.source.adapter]
    request = found.as_request
    told = stored_delivery(request, source.source)
    events = read_events(source, adapter, told) if completed is None else completed
    fresh, _ = retold.sift(tx, source, adapter, found.public_id, events)
    run_delivery(parts, tx, source, adapter, found.public_id, found.id, fresh, None, lookups, request)


def _postpone(parts: Parts, public_id: str, why: str) -> None:
    """Later, unless it ran after all: where nobody knows, or another worker did it meanwhile."""

    def work(tx: Writing) -> None:
        found = deliveries.claim(tx, parts.ring, public_id, tx.wall)
        if found is None:
            return
        is_parked = found.tries >= len(RETRY_AFTER)
        due_at = None if is_parked else tx.wall + RETRY_AFTER[found.tries]
        deliveries.postpone(tx, found.id, tries=found.tries + 1, due_at=due_at, reason=why)
        log.error(
            "delivery_postponed", delivery=public_id, error=why, tries=found.tries + 1, parked=is_parked
        )

    try:
        parts.writer.run(work)
    except (ConnectorError, DatabaseFault):
        log.error("delivery_not_postponed", delivery=public_id)
