"""An event that was told before under another name: nothing happens again, and yet it says how things stand.

The one rule: what its end makes of a booking is known by its newest telling, also where that one
is no news. Else a booking that was cancelled, taken up again and cancelled once more would take place.
"""

from ..adapters.kit import Adapter, trust_in
from ..domain.accounts import InboundSource
from ..domain.events import Event
from ..store.writer import Writing
from . import awaiting, differences
from .news import fresh_of


def sift(
    tx: Writing, found: InboundSource, adapter: Adapter, delivery: str, events: list[Event]
) -> tuple[list[Event], str | None]:
    """The events that are new, each once, and a delivery that had one of the others before."""
    fresh, known = fresh_of(tx, found, delivery, events)
    if known is not None:
        news = {id(event) for event in fresh}
        for event in events:
            if event.booking is not None and id(event) not in news:
                _note(tx, found, adapter, event)
    return fresh, known


def _note(tx: Writing, found: InboundSource, adapter: Adapter, event: Event) -> None:
    tx.at_account(found.account.clock_offset)
    contact = differences.note(tx, found, event, trust_in(adapter, found.source, event.type))
    awaiting.look_again(tx, found, adapter, event, contact)
