"""Bookings whose time is over: `booking.completed`, where the platform never says so itself.

The wait is taken and everything that the event sets off is done in one transaction:
once, on whichever node, and after a restart as before it. What is derived gives way
to whatever the platform tells: it is no newer than the telling that it was derived from.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from ..domain import ids
from ..domain.accounts import Account, InboundSource
from ..domain.errors import ConnectorError
from ..domain.events import Booking, end_key, rfc3339
from ..logs import log
from ..store import accounts, completions, contacts, deliveries, events, facts
from ..store.completions import Awaited
from ..store.contacts import Contact
from ..store.facts import Fact
from ..store.writer import Writing
from . import asking, awaiting, news
from .guesses import Lookups
from .parts import Parts
from .payloads import kept_text
from .performing import Happening
from .receive import guesser_of
from .run import run_event
from .totals import rank_of, version_of

AT_ONCE: Final = 200
_TYPE: Final = "booking.completed"
_STATE: Final = "completed"


def run_due(parts: Parts, only: Account | None = None) -> int:
    """Complete every booking whose time is over, of all accounts or of one; how many.

    One that fails holds up no other.
    """
    with parts.engines.reading() as connection:
        account_id = None if only is None else only.id
        found = completions.due(connection, parts.clock.now(), AT_ONCE, account_id)
    return sum(_guarded(parts, source_id, booking) for source_id, booking in found)


def _guarded(parts: Parts, source_id: int, booking: str) -> bool:
    def work(tx: Writing, lookups: Lookups) -> bool:
        return _complete(parts, tx, source_id, booking, lookups)

    try:
        with parts.guesses.lookups() as lookups:
            return parts.writer.run(lambda tx: work(tx, lookups))
    except ConnectorError as error:
        log.error("completion_left", source=source_id, error=error.code)
    except Exception as fault:  # noqa: BLE001 - a poisonous booking must not stop the others
        log.error("completion_left", source=source_id, error=type(fault).__name__)
    return False


def _complete(parts: Parts, tx: Writing, source_id: int, booking: str, lookups: Lookups) -> bool:
    """False where another did it, or where it is not to be completed any more."""
    found = completions.find(tx, source_id, booking)
    if found is None:
        return False
    source = accounts.source_by_id(tx, parts.ring, source_id)
    tx.at_account(source.account.clock_offset)
    told = events.by_id(tx, found.event_id)
    # The contact before the wait, as whoever receives goes: two orders would be a deadlock.
    contact = _contact(tx, told)
    if not completions.take(tx, found) or contact is None or told.envelope.get("erased"):
        return False
    known = facts.known(tx, contact.id, source_id, "booking", booking)
    if known is None or known.at is None or not awaiting.is_open(known):
        return False
    if asking.is_to_be_moved(known):
        return False  # nobody knows when it takes place until that is agreed to
    facts.tell(tx, contact.id, source_id, _completed(known))
    if news.is_known(tx, source, end_key(Booking(booking, _STATE)), told.public_id):
        return False  # moved after it had been completed: it is the same visit
    lookups.start(guesser_of(source))
    happening = _keep(tx, found, source, told, contact, known.at, lookups)
    run_event(parts, tx, source.account, happening, None)
    return True


def _contact(tx: Writing, told: events.Kept) -> Contact | None:
    whose = None if told.contact is None else contacts.find(tx, told.account_id, told.contact)
    held = None if whose is None else contacts.lock(tx, whose)
    return None if held is None or held.erased_at is not None else held


def _completed(known: Fact) -> Fact:
    return replace(known, state=_STATE, rank=rank_of(_STATE, version_of(known.rank)))


def _keep(
    tx: Writing,
    found: Awaited,
    source: InboundSource,
    told: events.Kept,
    contact: Contact,
    ended_at: datetime,
    lookups: Lookups,
) -> Happening:
    """The event as it was told, but completed, at its end, and marked as ours."""
    public_id = ids.new_id(ids.EVENT, tx.wall)
    shown: Mapping[str, Any] = {
        **told.envelope,
        "id": public_id,
        "type": _TYPE,
        "occurred_at": rfc3339(ended_at),
        "booking": {**told.envelope["booking"], "status": _STATE},
        "derived": True,
    }
    row = deliveries.add_event(
        tx,
        public_id=public_id,
        account_id=found.account_id,
        source_id=found.source_id,
        delivery_id=None,
        contact_id=contact.id,
        event_type=_TYPE,
        occurred_at=ended_at,
        envelope=kept_text(shown),
    )
    return Happening(
        row, public_id, _TYPE, shown, contact, source.source.slug, source.source.adapter, lookups
    )
