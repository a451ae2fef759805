"""When what is told happens: by the account's own clock, wherever a sandbox has it.

The rule that holds: an offset is read in the transaction that uses it, never remembered.
"""

from dataclasses import replace
from datetime import datetime

from ..domain.accounts import InboundSource
from ..domain.events import Event
from ..domain.inbound import Request
from ..store import accounts
from ..store.writer import Writing


def by_its_clock(tx: Writing, found: InboundSource) -> InboundSource:
    """The source, which may have been remembered, with the clock of its sandbox as it is now."""
    if not found.account.sandbox:
        return found
    return replace(found, account=accounts.by_id(tx, found.account.id))


def noted_at(tx: Writing, event: Event) -> datetime:
    """When it counts as told: by a clock that goes ahead all that truly comes later would look old."""
    return min(event.occurred_at, tx.now)


def told_at(event: Event, found: InboundSource, request: Request) -> Event:
    """The event; one that says no time of its own happens as it comes in."""
    if event.occurred_at != request.received_at:
        return event
    return replace(event, occurred_at=event.occurred_at + found.account.clock_offset)
