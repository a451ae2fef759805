"""Runs as REST and the command line show them, with their traces; never a card code."""

from collections.abc import Sequence
from typing import Any

from ..domain.errors import NotFound
from ..domain.events import rfc3339
from ..store import runs, standing
from ..store.runs import Kept
from .parts import Parts


def shown(parts: Parts, connection: Any, found: Sequence[Kept]) -> list[dict[str, Any]]:
    """`id`, `recipe`, `revision`, `outcome`, `reason`, `place` (file:line:column), `event_id`,
    `contact_id`, `replays`, `waits_until` and `lapses_at` (where it stands still), `file` (which the
    trace's lines are of), `trace`, `outputs`, `created_at`.
    """
    stands = standing.due_dates(connection, [one.public_id for one in found])
    return [_json(parts, one, *stands.get(one.public_id, (None, None))) for one in found]


def one(parts: Parts, connection: Any, account_id: int, run: str) -> dict[str, Any]:
    """One run as it is now, or NotFound."""
    return shown(parts, connection, [require(connection, account_id, run)])[0]


def require(connection: Any, account_id: int, run: str) -> Kept:
    """The account's run, or NotFound."""
    found = runs.find(connection, account_id, run)
    if found is None:
        raise NotFound(f"There is no run {run[:80]} in this account.")
    return found


def brief(found: Sequence[Kept]) -> list[dict[str, Any]]:
    """What became of each, for the event or delivery that they are of."""
    return [
        {"id": one.public_id, "recipe": one.recipe, "outcome": one.outcome, "reason": one.reason}
        for one in found
    ]


def _json(parts: Parts, run: Kept, kind: str | None, due_at: Any) -> dict[str, Any]:
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
        "replays": run.replays,
        "waits_until": moment if kind == "wait" else None,
        "lapses_at": moment if kind not in (None, "wait") else None,
        "file": parts.library.file_of(run.recipe),
        "trace": run.trace,
        "outputs": run.outputs,
        "created_at": rfc3339(run.created_at),
    }
