"""A recipe ready to run: frozen, compiled, with a place for every part."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ..domain.steps import StepSpec
from .clauses import Goal, Limits, Rate, SameAs, Schedule, Undo
from .expressions import Expression, Spot
from .fields import Filled
from .names import Let
from .open_paths import OpenPath
from .templates import Template
from .values import Duration

STATUSES: Final = ("draft", "shadow", "live", "paused")


@dataclass(frozen=True, slots=True)
class Action:
    """A deed that is handed in. `conditions` must all hold, or it is left out."""

    spec: StepSpec
    id: str | None
    conditions: tuple[Expression, ...]
    fields: tuple[Filled, ...]
    spot: Spot

    @property
    def key(self) -> str:
        """How a test gives its result: the id, or where there is none the step's name."""
        return self.id or self.spec.name


@dataclass(frozen=True, slots=True)
class Branch:
    """One way of a `choose`; no conditions: the way that is left."""

    conditions: tuple[Expression, ...]
    steps: tuple["Step", ...]
    spot: Spot


@dataclass(frozen=True, slots=True)
class Choose:
    """The first branch that holds is gone, and no other."""

    conditions: tuple[Expression, ...]
    branches: tuple[Branch, ...]
    spot: Spot


@dataclass(frozen=True, slots=True)
class Stop:
    """The run ends here, well."""

    conditions: tuple[Expression, ...]
    why: Template | None
    spot: Spot


@dataclass(frozen=True, slots=True)
class Wait:
    """The run goes on later: after `duration`, or at `until`. `conditions` are asked before and again after.

    Where they do not hold before, there is no wait; where they do not hold after, the run ends.
    """

    conditions: tuple[Expression, ...]
    duration: Duration | None
    until: Filled | None
    spot: Spot


@dataclass(frozen=True, slots=True)
class ForEach:
    """The steps for each item of a list, in its order; below them `item` is the item."""

    conditions: tuple[Expression, ...]
    items: Expression
    steps: tuple["Step", ...]
    spot: Spot


@dataclass(frozen=True, slots=True)
class Hold:
    """The run goes on once a person approves; it ends where one refuses, or nobody decides in 14 days."""

    conditions: tuple[Expression, ...]
    why: Template | None
    spot: Spot


Step = Action | Choose | Stop | Wait | ForEach | Hold


def every_action(steps: tuple[Step, ...]) -> Iterator[Action]:
    """The deeds among these steps and below them, in order, whatever their conditions."""
    for step in steps:
        if isinstance(step, Action):
            yield step
        elif isinstance(step, ForEach):
            yield from every_action(step.steps)
        elif isinstance(step, Choose):
            for branch in step.branches:
                yield from every_action(branch.steps)


@dataclass(frozen=True, slots=True)
class Expected:
    """One step that a test expects; `fields` are those it names."""

    step: str
    fields: tuple[Filled, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One of a recipe's own tests. `expected` empty: nothing must happen."""

    name: str
    event_type: str
    event: Mapping[str, Any]
    contact: Mapping[str, Any] | None
    steps: Mapping[str, Any]
    now: datetime
    timezone: str
    currency: str
    expected: tuple[Expected, ...]
    because: str | None
    line: int
    column: int
    card: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Whence:
    """One name below `key`, which is `account` or `from`, and where it stands."""

    key: str
    name: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """One recipe at one revision: the SHA-256 of `text`, hex, which is enough to read it again.

    `text` is the file's; where the recipe uses names of `_vars.yaml`, these stand below it.
    `opened`: the paths into `event.data` and `contact.attributes` that it reads, its tests aside.
    """

    name: str
    title: str
    status: str
    revision: str
    text: str
    file: str
    on: tuple[str, ...]
    conditions: tuple[Expression, ...]
    steps: tuple[Step, ...]
    once_per: Expression | None = None
    once_per_spot: Spot | None = None
    owner: str | None = None
    account: str | None = None
    sources: tuple[str, ...] = ()
    vars: Mapping[str, Any] = field(default_factory=dict)
    lets: Mapping[str, Let] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()
    schedule: Schedule | None = None
    limits: Limits | None = None
    goal: Goal | None = None
    undo: Undo | None = None
    same_as: SameAs | None = None
    expect_at_least: Rate | None = None
    opened: tuple[OpenPath, ...] = ()
    whence: tuple[Whence, ...] = ()

    def wants(self, account: str, source: str, adapter: str) -> bool:
        """Whether events of this account, from this source or adapter, are its business."""
        if self.account is not None and self.account != account:
            return False
        return not self.sources or source in self.sources or adapter in self.sources
