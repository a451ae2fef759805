"""The models of a recipe file: which keys there are, and what kind of value each has.

One rule: what an editor is told (json_schema.py) and what the gateway refuses come from these.
"""

from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from ..domain.events import CUSTOM_PREFIX, EVENT_TYPES, is_event_type
from ..domain.messages import MESSAGE_TYPES, is_message_type
from .reader import MAX_LINES
from .recipe import STATUSES
from .wording import listed, quoted, suggest

MAX_GOALS: Final = 20  # columns of a report
SCHEDULED: Final = "schedule.due"
NAME: Final = r"^[a-z0-9][a-z0-9-]*$"
DRAWN: Final = "x-drawn"
"""In the schema of a model: a definition that json_schema.py draws."""

TYPES_TAG: Final = "(types)"
SCHEDULE_TAG: Final = "(schedule)"
TAGS: Final = (TYPES_TAG, SCHEDULE_TAG)


def _drawn(name: str) -> WithJsonSchema:
    return WithJsonSchema({DRAWN: name})


def _listed(value: Any) -> Any:
    """One text stands for a list of one. A list is cut before its entries are looked at."""
    return [value] if isinstance(value, str) else value[: MAX_LINES + 1] if isinstance(value, list) else value


def _written(value: Any) -> Any:
    """A condition may be a bare `true`."""
    return ("true" if value else "false") if isinstance(value, bool) else value


def _numbered(value: Any) -> Any:
    """A number where words are expected is refused by whoever reads the words, with what was meant."""
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def _subject(value: Any) -> Any:
    """One expression stands for the subject."""
    return {"subject": value} if isinstance(value, str) else value


def _few(value: Any) -> Any:
    if isinstance(value, dict) and len(value) > MAX_GOALS:
        raise ValueError(f"`goal` has at most {MAX_GOALS} names")
    return value


def _started_by(value: Any) -> str:
    return SCHEDULE_TAG if isinstance(value, dict | ScheduleFile) else TYPES_TAG


def can_start(event_type: str) -> bool:
    """Whether a recipe may begin on it: an event, or a message of ours; a schedule says so in words."""
    return event_type != SCHEDULED and (is_event_type(event_type) or is_message_type(event_type))


def _event_type(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("an event type is expected, such as `booking.completed`")
    if value == SCHEDULED:
        raise ValueError("a schedule is written in words: `on: {schedule: every day at 10:00}`")
    if not can_start(value):
        known = (*EVENT_TYPES, *MESSAGE_TYPES)
        hint = (
            ""
            if not value.startswith(CUSTOM_PREFIX)
            else ": a custom name has letters, digits, `_`, `-` and dots"
        )
        raise ValueError(f"{quoted(value)} is not an event type{hint or suggest(value, known)}")
    return value


def _tested_type(value: Any) -> Any:
    return value if value == SCHEDULED else _event_type(value)


def _expectation(value: Any) -> Any:
    if value == "nothing" or (isinstance(value, list) and value):
        return value
    raise ValueError("`expect` is `nothing`, or a list of steps")


Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Line = Annotated[Text, BeforeValidator(_written), _drawn("line")]
Lines = Annotated[
    list[Line], BeforeValidator(_listed), Field(min_length=1, max_length=MAX_LINES), _drawn("lines")
]
Words = Annotated[Text, BeforeValidator(_numbered)]
EventType = Annotated[str, BeforeValidator(_event_type), _drawn("event_type")]
EventTypes = Annotated[
    list[EventType],
    BeforeValidator(_listed),
    Field(min_length=1, max_length=MAX_LINES),
    _drawn("event_types"),
]
Word = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=60)]
Name = Annotated[str, Field(pattern=NAME, max_length=80)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


class ScheduleFile(_Model):
    """When the recipe is due by itself, on the account's clock."""

    schedule: Words | None = Field(None, description="such as every day at 10:00, every tuesday at 10:00")
    cron: Words | None = Field(None, description="or five fields: minute, hour, day, month, weekday")
    for_each: Literal["contact", "card"] | None = Field(
        None, description="once for every contact, or card, of the account; left out: once"
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.schedule is None) is (self.cron is None):
            raise ValueError("a schedule has either `schedule: every day at 10:00` or `cron: 0 10 * * *`")
        return self


class LimitsFile(_Model):
    """What the recipe may give at most."""

    per_contact: Words | None = Field(None, description="cards for one contact, such as 1 per 60 days")
    budget: Words | None = Field(None, description="money in all, such as 500.00 USD per month")
    burst: Words | None = Field(None, description="cards in all, such as 50 per day")
    when_reached: Literal["hold", "skip"] = Field("hold", description="a person decides, or nothing is done")


class GoalFile(_Model):
    """Which events count as success, by names of your own."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, EventTypes]

    within: Words = Field("90 days", description="how long after the run; 90 days if left out")
    control_group: Words | None = Field(None, description="so many get nothing, for comparison: 10%")


class UndoFile(_Model):
    """What takes a run back: only what is still unspent."""

    on: EventTypes = Field(description="the event types that take it back")
    same: Line = Field(description="what is equal in both events, such as event.booking.id")
    within: Words = Field("30 days", description="how long after the run; 30 days if left out")


class SameAsFile(_Model):
    """Two tools that tell of one real event: the second is kept, and pays nothing."""

    subject: Line = Field(description="what both tell, such as event.booking.service")
    at: Line | None = Field(None, description="the time that is compared; left out: when it happened")
    within: Words = Field("2 hours", description="how far apart the times may be; 2 hours if left out")


class GivenFile(_Model):
    """What a test starts from: nothing, but for what stands here."""

    contact: Annotated[dict[str, Any] | None, _drawn("contact")] = None
    event: Annotated[dict[str, Any], _drawn("event")] = {}
    card: Annotated[dict[str, Any] | None, _drawn("card")] = None
    steps: Annotated[
        dict[str, dict[str, Any]], Field(description="what a step gave, by its id or its name")
    ] = {}
    now: Text = "2026-01-15T12:00:00Z"
    timezone: Text = "UTC"
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"


class CaseFile(_Model):
    """One of a recipe's own tests."""

    name: Text = Field(description="a sentence that says what it shows")
    event: Annotated[str, BeforeValidator(_tested_type), _drawn("tested_type")] = Field(
        description="an event type of `on`; `schedule.due` where it is a schedule"
    )
    given: GivenFile = GivenFile()
    expect: Annotated[Any, BeforeValidator(_expectation), _drawn("expect")] = Field(
        description="`nothing`, or a list of steps"
    )
    because: Annotated[Line | None, BeforeValidator(_written)] = Field(
        None, description="the condition that stops it"
    )


class RecipeFile(_Model):
    """A recipe as its file says it."""

    recipe: Name = Field(description="its name, as the file's")
    title: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="a sentence for people")
    owner: Text | None = Field(None, description="whom to ask")
    account: Name | None = Field(None, description="only this account; left out: any")
    sources: (
        Annotated[
            list[Text], BeforeValidator(_listed), Field(min_length=1, max_length=MAX_LINES), _drawn("texts")
        ]
        | None
    ) = Field(None, alias="from", description="only these sources or adapters; left out: any")
    status: Literal["draft", "shadow", "live", "paused"] = Field(description=listed(STATUSES))
    on: Annotated[
        Annotated[EventTypes, Tag(TYPES_TAG)] | Annotated[ScheduleFile, Tag(SCHEDULE_TAG)],
        Discriminator(_started_by),
    ] = Field(description="the event types that start it")
    vars: Annotated[dict[Word, Any], Field(min_length=1)] | None = Field(
        None, description="constants, read as vars.name"
    )
    let: Annotated[dict[Word, Any], Field(min_length=1), _drawn("lets")] | None = Field(
        None, description="names for expressions, worked out once a run, read as let.name"
    )
    conditions: Lines | None = Field(None, alias="if", description="conditions; every one must hold")
    once_per: Lines | None = Field(
        None,
        description="`contact`, or an expression such as event.order.id, or several: once for each value",
    )
    same_as: Annotated[SameAsFile | None, BeforeValidator(_subject), _drawn("same_as")] = Field(
        None, description="where two tools tell of one real event"
    )
    do: Annotated[list[Any], Field(min_length=1, max_length=MAX_LINES), _drawn("steps")] = Field(
        description="its steps"
    )
    undo: UndoFile | None = Field(None, description="the event that takes it back")
    limits: LimitsFile | None = Field(None, description="what it may give at most")
    goal: Annotated[GoalFile | None, BeforeValidator(_few)] = Field(
        None, description="which events count as success"
    )
    expect_at_least: Words | None = Field(
        None, description="such as 1 per 7 days: silence is told (`recipe.silent`)"
    )
    tests: Annotated[list[CaseFile], Field(min_length=1, max_length=MAX_LINES)] | None = Field(
        None, description="what is given, and what is expected"
    )


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys as a file writes them."""
    return tuple(known.alias or name for name, known in model.model_fields.items())
