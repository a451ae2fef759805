"""Inbound deliveries for the doors: lists, one with what it said, and again for what was not understood.

The one rule: what proves who sent it is shown nowhere, and a code is hidden as it is in events.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from ..adapters.kit import stored_delivery
from ..domain.accounts import Account, Actor
from ..domain.errors import NotFound, NotReplayable, Unavailable
from ..domain.events import Event, rfc3339
from ..logs import log
from ..store import accounts, deliveries, events, inbound_lists, runs
from ..store.deliveries import Delivery
from ..store.writer import Writing
from . import enriching, payloads, retold, run_json
from .guesses import Lookups
from .listing import filters_of, page_of
from .news import WEAK_FOR, read_events
from .paging import Page
from .parts import Parts
from .perform import Answered, Idempotency, once
from .receive import run_delivery

WHICH: Final = "inbound"
STATUSES: Final = ("accepted", "processed", "ignored", "rejected")
FILTERS: Final = ("status", "source", "type", "contact_id", "recipe", "outcome", "since", "until")


@dataclass(frozen=True, slots=True)
class Inbound:
    """The verbs on inbound deliveries."""

    parts: Parts

    def one(self, account: Account, delivery: str) -> dict[str, Any]:
        """One with headers, query and body, its events and their runs; NotFound."""
        with self.parts.engines.reading() as connection:
            return self._one(connection, account, delivery)

    def page(self, account: Account, asked: Mapping[str, Any]) -> Page:
        """Deliveries, newest first, without what they said; `asked`: FILTERS, limit, cursor."""

        def read(before: int | None, limit: int) -> tuple[list[int], list[dict[str, Any]]]:
            with self.parts.engines.reading() as connection:
                filters = filters_of(connection, account, asked, FILTERS)
                if filters is None:
                    return [], []
                found = inbound_lists.page(connection, account.id, filters, before=before, limit=limit)
                return [one.id for one in found], [_json(one) for one in found]

        return page_of(self.parts, account, WHICH, asked, read)

    def replay(
        self, account: Account, actor: Actor, delivery: str, key: Idempotency | None = None
    ) -> Answered:
        """Run one that was not understood, or that a worker gave up; the delivery as it is then.

        NotFound, NotReplayable; NotUnderstood where it is not understood still.
        """

        def deed(tx: Writing, lookups: Lookups) -> Answered:
            found = deliveries.lock(tx, self.parts.ring, account.id, delivery)
            if found is None:
                raise _unknown(delivery)
            if found.is_pruned:
                raise _pruned(found.public_id)
            is_parked = found.status == "accepted" and found.due_at is None
            if found.status != "rejected" and not is_parked:
                raise NotReplayable(
                    f"Delivery {found.public_id} is {found.status}: replay its events or runs."
                )
            _run(self.parts, tx, found, completed, lookups)
            self.parts.desk(tx, account, actor).note("replay_delivery", None, subject=found.public_id)
            return Answered(200, self._one(tx, account, delivery))

        completed = _completed(self.parts, account, delivery)
        with self.parts.guesses.lookups() as lookups:
            return once(self.parts, account, partial(deed, lookups=lookups), key)

    def _one(self, connection: Any, account: Account, delivery: str) -> dict[str, Any]:
        listed = inbound_lists.find(connection, account.id, delivery)
        found = None if listed is None else deliveries.find(connection, self.parts.ring, delivery)
        if listed is None or found is None:
            raise _unknown(delivery)
        told = found.request
        kind = str(told["headers"].get("content-type", ""))
        return {
            **_json(listed),
            "method": told["method"],
            "headers": told["headers"],
            "query": payloads.shown_query(told["query"]),
            **payloads.shown(found.body, kind),
            "events": [
                {"id": one.public_id, "type": one.type} for one in events.of_delivery(connection, found.id)
            ],
            "runs": run_json.brief(runs.of_delivery(connection, found.id)),
        }


def _completed(parts: Parts, account: Account, delivery: str) -> list[Event] | None:
    """What the platform's own API says to it, asked before the transaction; Unavailable, RateLimited."""
    with parts.engines.reading() as connection:
        listed = inbound_lists.find(connection, account.id, delivery)
        found = None if listed is None else deliveries.find(connection, parts.ring, delivery)
    if found is None:
        raise _unknown(delivery)
    if found.is_pruned:
        raise _pruned(found.public_id)
    try:
        return enriching.of_delivery(parts, delivery, parts.long_calls.one(account))
    except enriching.Unanswered as fault:
        raise Unavailable(str(fault)) from fault


def _run(parts: Parts, tx: Writing, found: Delivery, completed: list[Event] | None, lookups: Lookups) -> None:
    """As a worker runs what was stored; a copy that came since and was understood has its keys."""
    source = accounts.source_by_id(tx, parts.ring, found.source_id)
    adapter = parts.adapters[source.source.adapter]
    request = found.as_request
    verified = stored_delivery(request, source.source)
    keys = [(one.text, one.weak) for one in adapter.delivery_ids(verified)]
    happened = read_events(source, adapter, verified) if completed is None else completed
    # Whatever came since with the same body is a copy of it, however long ago it came itself.
    since = max(tx.wall - found.received_at, timedelta(0))
    earlier = deliveries.take_keys(tx, source.id, found.public_id, keys, since + WEAK_FOR)
    fresh, known = ([], earlier) if earlier else retold.sift(tx, source, adapter, found.public_id, happened)
    if not fresh and known is not None:
        deliveries.close(tx, found.id, status="ignored", reason=f"the same as {known}")
        tx.after_commit(partial(log.info, "delivery", delivery=found.public_id, status="duplicate"))
        return
    run_delivery(parts, tx, source, adapter, found.public_id, found.id, fresh, None, lookups, request)


def _pruned(delivery: str) -> NotReplayable:
    return NotReplayable(f"What delivery {delivery} said was pruned: it is older than payloads are kept.")


def _unknown(delivery: str) -> NotFound:
    return NotFound(f"There is no inbound delivery {delivery[:80]} in this account.")


def _json(one: inbound_lists.Listed) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "source": one.source,
        "adapter": one.adapter,
        "received_at": rfc3339(one.received_at),
        "status": one.status,
        "reason": one.reason,
        "tries": one.tries,
        "due_at": None if one.due_at is None else rfc3339(one.due_at),
    }
