"""Which rows of a file were imported before: a file that was mended makes only what is new in it.

The one rule: a row is known by what it says, not by where it stands or how its sums and days are
written; two that say the same are two cards, so the second is known only where two were made.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from ..domain.jobs import Job
from ..domain.jsontext import dumps
from ..domain.sealing import KeyRing
from ..store import imported_rows
from ..store.writer import Writing
from .card_rows import CardRow


def marks_of(ring: KeyRing, row: CardRow) -> Sequence[str]:
    """The row's keyed digests, by every key of the ring, newest first; they give nobody away."""
    said = {
        "issue": _said(row.issue),
        "balance": row.balance,
        "disabled_at": None if row.disabled_at is None else row.disabled_at.isoformat(),
        "disabled_finally": row.disabled_finally,
    }
    return ring.lookup_hashes("imported row " + dumps(said))


class Known:
    """What is known of one batch's rows; asked row by row, in their order."""

    def __init__(self, tx: Writing, account_id: int, job: Job | None, rows: Iterable[Sequence[str]]) -> None:
        self._copies = imported_rows.copies(tx, account_id, job, {mark for marks in rows for mark in marks})
        self._met: Counter[str] = Counter()
        self._made: Counter[str] = Counter()

    def meet(self, marks: Sequence[str], before: int = 0) -> bool:
        """Whether this row, met now, is one of those that other jobs made cards of.

        `before`: how many like it earlier batches met that kept nothing.
        """
        met = self._met[marks[0]] + before + sum(self._copies.met.get(mark, 0) for mark in marks)
        self._met[marks[0]] += 1
        return met < sum(self._copies.elsewhere.get(mark, 0) for mark in marks)

    def made(self, marks: Sequence[str]) -> None:
        """This row has become a card."""
        self._made[marks[0]] += 1

    def keep(self, tx: Writing, job: Job) -> None:
        """Write down what was met and made, for jobs to come and for this one if it is stopped."""
        grown = {mark: (met, self._made[mark]) for mark, met in self._met.items()}
        imported_rows.add(tx, job, self._copies, grown)


def _said(part: Any) -> dict[str, Any]:
    """The fields that say something else than what is meant without them."""
    return {
        one.name: value.isoformat() if isinstance(value, datetime) else value
        for one in dataclasses.fields(part)
        if (value := getattr(part, one.name)) != one.default
    }
