"""What a rehearsed run is of, and what became of them all.

The one rule: a case is of one moment; a run that goes on later has another, of its own event.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .as_it_was import Person
from .rehearsed_undo import source_of


@dataclass(frozen=True, slots=True)
class Case:
    """What a run is of: an event, whom it concerns, when it is decided. `shown`: the contact then."""

    event: str
    type: str
    envelope: Mapping[str, Any]
    person: Person | None
    source: str
    now: datetime

    @property
    def whose(self) -> tuple[str | None, int | None]:
        """By whom it was told, where its ids are theirs, and whom it concerns."""
        return source_of(self.source, self.type), None if self.person is None else self.person.row.id


@dataclass(slots=True)
class Told:
    """What became of the runs. `held_money`: what runs at a limit asked for, by currency."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)
    held_money: Counter[str] = field(default_factory=Counter)
    taken_back: Counter[str] = field(default_factory=Counter)
    not_rebuilt: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    control: int = 0
    undone_before: int = 0
