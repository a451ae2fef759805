"""What a recipe says beside its conditions and steps: limits, goal, undo, schedule, silence, sameness.

Values only, read once from the file. Who holds a run to them is in the flows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ..domain.money import Money
from .expressions import Expression, Spot
from .values import Duration

WHEN_REACHED: Final = ("hold", "skip")
FOR_EACH: Final = ("contact", "card")
UNITS: Final = ("minute", "hour", "day", "week", "month", "year")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time in which something is counted.

    `count` None: the calendar's own (`per month`: since the first, in the account's time
    zone; weeks begin on Monday). Else so many units that end now (`per 60 days`).
    """

    unit: str
    count: int | None = None

    def __str__(self) -> str:
        return self.unit if self.count is None else f"{self.count} {self.unit}{'s' * (self.count != 1)}"


@dataclass(frozen=True, slots=True)
class Rate:
    """`1 per 60 days`."""

    count: int
    period: Period
    spot: Spot

    def __str__(self) -> str:
        return f"{self.count} per {self.period}"


@dataclass(frozen=True, slots=True)
class Budget:
    """`500.00 USD per month`: what the recipe may give in all."""

    money: Money
    period: Period
    spot: Spot

    def __str__(self) -> str:
        return f"{self.money} per {self.period}"


@dataclass(frozen=True, slots=True)
class Limits:
    """Of what a recipe gives: cards to one contact, money, cards in all. None: no limit.

    Counted are cards made or loaded by the recipe, on the contact who receives them.
    """

    per_contact: Rate | None = None
    budget: Budget | None = None
    burst: Rate | None = None
    when_reached: str = "hold"


@dataclass(frozen=True, slots=True)
class Goal:
    """Which events count as success when they come within `within` of the run, by the operator's own names.

    `control`: that part of the contacts (0 to 1) gets nothing, so that the report can compare.
    """

    within: Duration
    names: Mapping[str, tuple[str, ...]]
    control: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Undo:
    """The event that takes a run back: of one of these types, about the same thing, not too late.

    `same` is worked out on both events; what it gives must be equal. What the run gave
    and is still unspent is taken back.
    """

    on: tuple[str, ...]
    same: Expression
    within: Duration


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a recipe is due by itself, on the account's clock; `cron` has five fields, minute first.

    `for_each`: once for every contact or card of the account; None: once.
    """

    cron: str
    words: str
    for_each: str | None
    spot: Spot


@dataclass(frozen=True, slots=True)
class SameAs:
    """Two tools that tell of one real event: the same contact, an equal `subject`, times not farther apart.

    `at` gives the time that is compared. The second is kept, and pays nothing.
    """

    subject: Expression
    at: Expression | None
    within: Duration
