"""What of a delivery is news here: what it tells, its own keys, and those of the events in it.

The one rule: a key is taken in the transaction that keeps what it speaks for.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from ..adapters.kit import IGNORED, TESTS, Adapter, Key, Verified
from ..domain.accounts import InboundSource
from ..domain.card_numbers import hide_fields
from ..domain.errors import NotUnderstood
from ..domain.events import Event
from ..store import deliveries
from ..store.writer import Writing

WEAK_FOR: Final = timedelta(minutes=10)
MAX_EVENTS: Final = 1_000  # in one delivery: the largest batch of any platform is 100


def read_events(found: InboundSource, adapter: Adapter, verified: Verified) -> list[Event]:
    """What the delivery tells; NotUnderstood, also where that is too much. [] of what is passed over."""
    if passed_over(found, adapter, verified) is not None:
        return []
    events = adapter.read(verified)
    if len(events) > MAX_EVENTS:
        raise NotUnderstood(f"{len(events)} events in one delivery; {MAX_EVENTS} are the most")
    if not adapter.card_fields:
        return events
    return [replace(event, data=hide_fields(event.data, adapter.card_fields)) for event in events]


def passed_over(found: InboundSource, adapter: Adapter, verified: Verified) -> str | None:
    """Why nothing of the delivery counts here, however well it is signed; None: it counts."""
    if adapter.is_foreign is not None and adapter.is_foreign(verified):
        return f"of another account of {adapter.title} than the source's options name"
    ignores = found.source.options.get(TESTS) == IGNORED and not found.account.sandbox
    if ignores and adapter.is_test is not None and adapter.is_test(verified):
        return f"a test of {adapter.title}'s, which the source's option `{TESTS}` leaves out"
    return None


def claim(tx: Writing, found: InboundSource, delivery: str, keys: tuple[Key, ...]) -> str | None:
    """Take the delivery's keys; the id of the delivery that had one of them before, or None."""
    return deliveries.take_keys(tx, found.id, delivery, [(key.text, key.weak) for key in keys], WEAK_FOR)


def is_known(tx: Writing, found: InboundSource, key: str | None, teller: str) -> bool:
    """Whether the source told the event with this key before; from now on it did."""
    return key is not None and _take(tx, found, key, teller) is not None


def fresh_of(
    tx: Writing, found: InboundSource, delivery: str, events: list[Event]
) -> tuple[list[Event], str | None]:
    """The events that are new, each once, and a delivery that had one of the others before.

    Keys are taken in their own order: two batches that share items never wait for each other.
    """
    taken: dict[str, str | None] = {}
    for key in sorted({event.key for event in events if event.key is not None}):
        taken[key] = _take(tx, found, key, delivery)
    fresh: list[Event] = []
    seen: set[str] = set()
    for event in events:
        if event.key is None:
            fresh.append(event)
        elif taken[event.key] is None and event.key not in seen:
            seen.add(event.key)
            fresh.append(event)
    return fresh, next(filter(None, taken.values()), None)


def _take(tx: Writing, found: InboundSource, key: str, teller: str) -> str | None:
    return deliveries.take_keys(tx, found.id, teller, [("event:" + key, False)], WEAK_FOR)
