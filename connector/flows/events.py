"""Events for the doors: lists, one with its runs, and again for the recipes of today."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.errors import NotFound
from ..domain.events import rfc3339
from ..store import accounts, events, runs
from . import replay, run_json
from .listing import filters_of, page_of
from .paging import Page
from .parts import Parts
from .perform import Answered, Idempotency

WHICH: Final = "events"
FILTERS: Final = ("type", "source", "contact_id", "recipe", "outcome", "since", "until")


@dataclass(frozen=True, slots=True)
class Events:
    """The verbs on events."""

    parts: Parts

    def account_of(self, event: str) -> Account:
        """Whose event it is, or NotFound: for those who work at the database."""
        with self.parts.engines.reading() as connection:
            found = events.find(connection, None, event)
            if found is None:
                raise NotFound(f"There is no event {event[:80]}.")
            return accounts.by_id(connection, found.account_id)

    def one(self, account: Account, event: str) -> dict[str, Any]:
        """The envelope as it was kept, whole, with what became of it; NotFound."""
        with self.parts.engines.reading() as connection:
            found = events.find(connection, account.id, event)
            if found is None:
                raise NotFound(f"There is no event {event[:80]} in this account.")
            return {**_json(found), "runs": run_json.brief(runs.of_event(connection, found.id))}

    def page(self, account: Account, asked: Mapping[str, Any]) -> Page:
        """Events, newest first, without the platforms' own `data`; `asked`: FILTERS, limit, cursor."""

        def read(before: int | None, limit: int) -> tuple[list[int], list[dict[str, Any]]]:
            with self.parts.engines.reading() as connection:
                filters = filters_of(connection, account, asked, FILTERS)
                if filters is None:
                    return [], []
                found = events.page(connection, account.id, filters, before=before, limit=limit)
                return [one.id for one in found], [_without_data(_json(one)) for one in found]

        return page_of(self.parts, account, WHICH, asked, read)

    def replay(self, account: Account, actor: Actor, event: str, key: Idempotency | None = None) -> Answered:
        """The event again for every recipe that wants it today; NotFound, NotReplayable."""
        return replay.replay_event(self.parts, account, actor, event, key)


def _json(event: events.Kept) -> dict[str, Any]:
    return {
        **event.envelope,
        "contact_id": event.contact,
        "delivery_id": event.delivery,
        "created_at": rfc3339(event.created_at),
    }


def _without_data(shown: dict[str, Any]) -> dict[str, Any]:
    """A page of whole payloads would have megabytes."""
    return {name: value for name, value in shown.items() if name != "data"}
