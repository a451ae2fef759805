"""What a platform's webhooks leave out, asked of its own API before the recipes run.

The one rule: nobody asks while a transaction is open. Who is asked and what the answer
means, the adapter says; here it is asked, through the guarded client, and refused in one way.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from ..adapters.kit import Adapter, stored_delivery
from ..adapters.lookups import Ask, Walk
from ..domain.accounts import InboundSource
from ..domain.errors import BadJson, NotUnderstood
from ..domain.events import Event
from ..domain.jsontext import loads
from ..logs import log
from ..store import accounts, deliveries
from .news import read_events
from .parts import Parts

MAX_ASKED: Final = 100  # of one delivery: as many as the largest batch of any platform holds
MAX_STEPS: Final = 3  # questions for one event: a token, a deal, its person


class Unanswered(Exception):
    """The platform's API did not say; the delivery is tried again later."""


def is_wanted(found: InboundSource, adapter: Adapter, events: list[Event]) -> bool:
    """Whether anything must be asked before these events can run."""
    return any(_asks(found, adapter, event) for event in events[:MAX_ASKED])


def of_delivery(
    parts: Parts, delivery: str, waiting: AbstractContextManager[None] | None = None
) -> list[Event] | None:
    """The stored delivery's events with what the API says; None where there is nothing to ask.

    `waiting` is held around the questions. Unanswered where it does not say; BadJson, NotUnderstood.
    """
    with parts.engines.reading() as connection:
        kept = deliveries.find(connection, parts.ring, delivery)
        found = None if kept is None else accounts.source_by_id(connection, parts.ring, kept.source_id)
    if kept is None or found is None:
        return None
    adapter = parts.adapters[found.source.adapter]
    if adapter.lookup is None or not found.credential:
        return None
    events = read_events(found, adapter, stored_delivery(kept.as_request, found.source))
    with waiting or nullcontext():
        return [
            _completed(parts, found, adapter, event) if number < MAX_ASKED else event
            for number, event in enumerate(events)
        ]


def _walk(found: InboundSource, adapter: Adapter, event: Event) -> Walk | None:
    if adapter.lookup is None or not found.credential:
        return None
    return adapter.lookup(event, found.source, found.credential)


def _asks(found: InboundSource, adapter: Adapter, event: Event) -> bool:
    walk = _walk(found, adapter, event)
    if walk is None:
        return False
    try:
        next(walk)
    except StopIteration:
        return False
    return True


def _completed(parts: Parts, found: InboundSource, adapter: Adapter, event: Event) -> Event:
    walk = _walk(found, adapter, event)
    if walk is None:
        return event
    try:
        asked = next(walk)
        for _ in range(MAX_STEPS):
            asked = walk.send(_answer(parts, found, adapter, asked))
    except StopIteration as done:
        completed: Event = done.value
        return completed
    raise NotUnderstood(f"{adapter.title} is asked more than {MAX_STEPS} questions for one event.")


def _answer(parts: Parts, found: InboundSource, adapter: Adapter, asked: Ask) -> Mapping[str, Any]:
    answer = parts.client.ask(asked.url, asked.headers, asked.body)
    if answer.status is None or not 200 <= answer.status < 300 or answer.answer_cut:
        log.error("lookup_failed", source=found.source.slug, status=answer.status, error=answer.error)
        raise Unanswered(f"{adapter.title} answered {answer.status or answer.error}.")
    try:
        told = loads(answer.body)
    except BadJson as fault:
        raise Unanswered(f"{adapter.title} answered no JSON.") from fault
    if not isinstance(told, dict):
        raise NotUnderstood(f"{adapter.title} answered no JSON object.")
    return told
