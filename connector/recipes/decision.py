"""What a run decides on, what it may ask for, and what it comes to. Values, and the one protocol.

Whoever runs recipes hands in Hooks: nothing of a run leaves this room by another way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from ..domain.errors import RunFailed
from .clauses import Goal
from .expressions import Spot
from .journal import Journal
from .recipe import Action
from .values import Duration

OUTCOMES: Final = (
    "done", "not_matched", "already_done", "held", "skipped", "waiting", "failed", "shadow",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run decides on: the event's envelope, the contact as it is now, the account's time.

    `card`: the one that a schedule over cards is at, None for any other run.
    """

    event: Mapping[str, Any]
    contact: Mapping[str, Any] | None
    now: datetime
    timezone: str
    currency: str
    card: Mapping[str, Any] | None = None


class Hooks(Protocol):
    """What a run may ask of the world. A shadow run asks for nothing but `perform` of steps that look.

    A trial, which claims nothing, also asks `take_once` and `seen_before`.
    """

    def perform(self, action: Action, fields: dict[str, Any], /) -> Mapping[str, Any]:
        """Do the deed and give its result; a ConnectorError fails the run."""
        ...

    def take_once(self, value: str, /) -> bool:
        """Claim the recipe's `once_per` value; False where it was claimed before."""
        ...

    def enroll(self, goal: Goal, /) -> bool:
        """Count the contact for the goal; False where it is in the control group, which gets nothing.

        Asked after `once_per`, so that the group is drawn among exactly those who would
        get something, each counted once: the others would have been `already_done` anyway.
        """
        ...

    def seen_before(self, subject: str, at: datetime, /) -> str | None:
        """Note what this event tells of; the id of the event that told the same before, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait or a hold that a run came to. `until` None: until a person approves.

    `duration` is a wait's where the recipe says one; `why` what a hold says.
    """

    step: str
    spot: Spot
    until: datetime | None = None
    duration: Duration | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """`outcome` is one of OUTCOMES; `place` is `file:line:column` of the line that decided, where one did.

    `steps`: id (or the step's name) → result of what was performed, codes included: never store it as it
    is. `trace` is JSON-ready, without codes, and begins where this walk began: that of a run that was
    resumed follows on those before. `until` is there for `waiting`; `journal` for `waiting` and `held`.
    """

    outcome: str
    reason: str | None = None
    place: str | None = None
    trace: list[dict[str, Any]] = field(default_factory=list)
    steps: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    until: datetime | None = None
    journal: Journal | None = None


class Failed(RunFailed):
    """The run cannot go on. `reason`, `place` and `trace` say where and why; undo its work."""

    def __init__(self, reason: str, place: str | None, trace: list[dict[str, Any]]) -> None:
        super().__init__(reason, place=place)
        self.reason = reason
        self.trace = trace
