"""Jobs: long work in lines, each done once, whatever stops in between.

How far a job is follows from its counts: its lines are done in order.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from . import ids
from .errors import ConnectorError
from .events import rfc3339

BULK: Final = "bulk"
"""Issues that came in one request."""

IMPORT: Final = "import"
"""Cards from a file; only the rows that failed are kept as lines."""

ORDER: Final = "order"
"""The gift cards of an order, a line each."""

RECOVER: Final = "recover"
"""Webhooks sent again since a moment; its one line, number 0, says how far it is."""

HIDDEN: Final = "…"
_OF_PEOPLE: Final = ("contact_id", "contact", "recipient", "sender", "message", "note")
_ADDRESS: Final = r"[^\s'\"<>(),;]+@[^\s'\"<>(),;]+"


@dataclass(frozen=True, slots=True)
class Job:
    """`source`, `origin` and `scopes` are those of who asked. `fence` grows when another
    process goes on with it.

    `total` is an estimate while an import runs. `digest` is that of the imported file; `skipped`
    counts those of its rows that an earlier import made cards of.
    """

    id: int
    public_id: str
    account_id: int
    kind: str
    state: str
    total: int
    done: int
    failed: int
    digest: str | None
    source: str
    origin: Mapping[str, Any]
    fence: int
    created_at: datetime
    ended_at: datetime | None = None
    scopes: Sequence[str] | None = None
    skipped: int = 0

    @property
    def position(self) -> int:
        """How many lines have ended; the next one has the number after it."""
        return self.done + self.failed + self.skipped


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a job. `content` is what is to be done, gone once it is; `answer` what came of it."""

    number: int
    state: str
    content: str | None = field(default=None, repr=False)
    answer: Mapping[str, Any] | None = field(default=None, repr=False)


def job_json(job: Job) -> dict[str, Any]:
    """A job as REST shows it."""
    return {
        "id": job.public_id,
        "kind": job.kind,
        "state": job.state,
        "total": job.total,
        "done": job.done,
        "failed": job.failed,
        "skipped": job.skipped,
        "created_at": rfc3339(job.created_at),
        "ended_at": None if job.ended_at is None else rfc3339(job.ended_at),
    }


def line_json(line: Line, job: Job, card: Mapping[str, Any] | None, *, shows_code: bool) -> dict[str, Any]:
    """A line as REST shows it: its `card`, as it is, or why there is none.

    The card's code is null unless `shows_code`. Lines that a cancelled job never came to
    are `cancelled`.
    """
    state = "cancelled" if job.state == "cancelled" and line.state == "waiting" else line.state
    answer = line.answer or {}
    code = answer["gift_card"]["code"] if shows_code and card is not None else None
    return {
        "number": line.number,
        "state": state,
        "gift_card": None if card is None else {**card, "code": code},
        "error": answer.get("error"),
    }


def error_json(error: ConnectorError) -> dict[str, Any]:
    """Why a line failed, in the words of the errors that calls get."""
    return {
        "code": error.code,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "errors": [{"field": one.field, "message": one.message} for one in error.errors],
    }


def without_people(error: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """The error as it is kept, for longer than an answer: without what `told`, a line, says of people.

    A person is erased later, and nobody opens every line of every job for them.
    """
    people = [text for name in _OF_PEOPLE for text in _texts(told.get(name))]
    # Refusals cut what they repeat, so its beginning is looked for, too.
    sought = {text[:length] for text in people for length in (None, 80, 60) if len(text) > 1}
    words = sorted(sought, key=len, reverse=True)
    pattern = re.compile("|".join([*(rf"(?<!\w){re.escape(word)}" for word in words), _ADDRESS]))
    return {
        **error,
        "detail": pattern.sub(HIDDEN, error["detail"]),
        "errors": [{**one, "message": pattern.sub(HIDDEN, one["message"])} for one in error["errors"]],
    }


def _texts(value: Any) -> list[str]:
    """Every text in a value of JSON; ids of ours tell nobody anything."""
    if isinstance(value, str):
        return [] if value.startswith(f"{ids.CONTACT}_") else [value]
    if isinstance(value, Mapping):
        return [text for one in value.values() for text in _texts(one)]
    return [text for one in value for text in _texts(one)] if isinstance(value, list) else []
