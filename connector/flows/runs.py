"""Runs as people ask for them: lists, one with its trace, and what a person decides of one that is held."""

from collections.abc import Mapping
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.errors import NotFound
from ..domain.events import rfc3339
from ..store import contacts, runs, standing
from . import resuming
from .paging import Page, close_cursor, limit_of, open_cursor
from .parts import Parts

WHICH: Final = "runs"


class Runs:
    """The verbs on runs."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def approve(self, account: Account, actor: Actor, run: str, note: str | None = None) -> dict[str, Any]:
        """Let a held run go on past its limit; NotFound, RunNotHeld. What it came to."""
        return resuming.approve(self._parts, account, actor, run, note)

    def refuse(self, account: Account, actor: Actor, run: str, note: str | None = None) -> dict[str, Any]:
        """End a held run; NotFound, RunNotHeld. The run as it is then."""
        resuming.refuse(self._parts, account, actor, run, note)
        return self.one(account, run)

    def one(self, account: Account, run: str) -> dict[str, Any]:
        """One run with its trace, or NotFound."""
        with self._parts.engines.reading() as connection:
            found = runs.find(connection, account.id, run)
            if found is None:
                raise NotFound(f"There is no run {run[:80]} in this account.")
            stands = standing.due_dates(connection, [found.public_id])
        return _json(found, stands)

    def page(self, account: Account, asked: Mapping[str, Any]) -> Page:
        """Runs, newest first; `asked`: recipe, outcome, contact_id, event_id, since, until, limit, cursor."""
        limit = limit_of(asked.get("limit"))
        filters = {name: asked[name] for name in ("recipe", "outcome", "since", "until") if name in asked}
        which = f"{WHICH} {sorted((name, str(value)) for name, value in asked.items() if name != 'cursor')}"
        after = open_cursor(self._parts, account, which, asked.get("cursor"))
        with self._parts.engines.reading() as connection:
            if "contact_id" in asked:
                whose = contacts.find(connection, account.id, asked["contact_id"])
                if whose is None:
                    return Page([], None)
                filters["contact"] = whose.id
            before = None if after is None else int(after[0])
            found = runs.page(connection, account.id, filters, before=before, limit=limit + 1)
            stands = standing.due_dates(connection, [one.public_id for one in found[:limit]])
        shown = [_json(one, stands) for one in found[:limit]]
        more = (
            close_cursor(self._parts, account, which, [found[limit - 1].id]) if len(found) > limit else None
        )
        return Page(shown, more)


def _json(run: runs.Kept, stands: Mapping[str, Any]) -> dict[str, Any]:
    """`id`, `recipe`, `revision`, `outcome`, `reason`, `place` (file:line:column), `event_id`,
    `contact_id`, `waits_until` and `lapses_at` (where it stands still), `trace`, `outputs`, `created_at`.
    """
    kind, due_at = stands.get(run.public_id, (None, None))
    moment = None if due_at is None else rfc3339(due_at)
    return {
        "id": run.public_id,
        "recipe": run.recipe,
        "revision": run.revision,
        "outcome": run.outcome,
        "reason": run.reason,
        "place": run.place,
        "event_id": run.event,
        "contact_id": run.contact,
        "waits_until": moment if kind == "wait" else None,
        "lapses_at": moment if kind not in (None, "wait") else None,
        "trace": run.trace,
        "outputs": run.outputs,
        "created_at": rfc3339(run.created_at),
    }
