"""The models of a recipe file, and their faults in an operator's words, all at once.

Pydantic says what is wrong and under which key; the tree knows the line.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ..domain.errors import Fault
from ..domain.events import CUSTOM_PREFIX, EVENT_TYPES, is_event_type
from ..domain.messages import MESSAGE_TYPES, is_message_type
from .recipe import STATUSES
from .wording import closest, listed, quoted, suggest
from .yamltree import Block, find, plain

LATER_KEYS: Final = (
    "undo",
    "limits",
    "goal",
    "control_group",
    "expect_at_least",
    "schedule",
    "for_each",
    "same_as",
)
MAX_LINES: Final = 200  # conditions, steps, tests: far above what anybody can follow


def _listed(value: Any) -> Any:
    """One text stands for a list of one."""
    return [value] if isinstance(value, str) else value


def _written(value: Any) -> Any:
    """A condition may be a bare `true`."""
    return ("true" if value else "false") if isinstance(value, bool) else value


def can_start(event_type: str) -> bool:
    """Whether a recipe may begin on it: an event, or a message of ours; not yet a schedule."""
    return event_type != "schedule.due" and (is_event_type(event_type) or is_message_type(event_type))


def _event_type(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("an event type is expected, such as `booking.completed`")
    if value == "schedule.due":
        raise ValueError("schedules are not available yet")
    if not can_start(value):
        known = (*EVENT_TYPES, *MESSAGE_TYPES)
        hint = (
            ""
            if not value.startswith(CUSTOM_PREFIX)
            else ": a custom name has letters, digits, `_`, `-` and dots"
        )
        raise ValueError(f"{quoted(value)} is not an event type{hint or suggest(value, known)}")
    return value


def _expectation(value: Any) -> Any:
    if value == "nothing" or (isinstance(value, list) and value):
        return value
    raise ValueError("`expect` is `nothing`, or a list of steps")


Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Line = Annotated[Text, BeforeValidator(_written)]
Lines = Annotated[list[Line], BeforeValidator(_listed), Field(min_length=1, max_length=MAX_LINES)]
EventType = Annotated[str, BeforeValidator(_event_type)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=60)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


class GivenFile(_Model):
    """What a test starts from: nothing, but for what stands here."""

    contact: dict[str, Any] | None = None
    event: dict[str, Any] = {}
    steps: dict[str, dict[str, Any]] = {}
    now: Text = "2026-01-15T12:00:00Z"
    timezone: Text = "UTC"
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"


class CaseFile(_Model):
    """One of a recipe's own tests."""

    name: Text
    event: EventType
    given: GivenFile = GivenFile()
    expect: Annotated[Any, BeforeValidator(_expectation)]
    because: Annotated[Line | None, BeforeValidator(_written)] = None


class RecipeFile(_Model):
    """A recipe as its file says it."""

    recipe: Name
    title: Annotated[str, Field(min_length=1, max_length=200)]
    owner: Text | None = None
    account: Name | None = None
    sources: Annotated[list[Text], BeforeValidator(_listed), Field(min_length=1)] | None = Field(
        None, alias="from"
    )
    status: Literal["draft", "shadow", "live", "paused"]
    on: Annotated[list[EventType], BeforeValidator(_listed), Field(min_length=1, max_length=MAX_LINES)]
    vars: Annotated[dict[Word, Any], Field(min_length=1)] | None = None
    let: Annotated[dict[Word, Any], Field(min_length=1)] | None = None
    conditions: Lines | None = Field(None, alias="if")
    once_per: Line | None = None
    do: Annotated[list[Any], Field(min_length=1, max_length=MAX_LINES)]
    tests: Annotated[list[CaseFile], Field(min_length=1, max_length=MAX_LINES)] | None = None


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys as a file writes them."""
    return tuple(known.alias or name for name, known in model.model_fields.items())


_HELP: Final[Mapping[str, str]] = {
    "recipe": "its name, as the file's",
    "title": "a sentence for people",
    "status": listed(STATUSES),
    "on": "the event types that start it",
    "do": "its steps",
    "name": "a sentence that says what it shows",
    "event": "an event type of `on`",
    "expect": "`nothing`, or a list of steps",
}


def check(root: Block, file: str) -> tuple[RecipeFile | None, list[Fault]]:
    """The model, or None and every fault of shape with its place."""
    try:
        return RecipeFile.model_validate(plain(root)), []
    except ValidationError as fault:
        errors = fault.errors()
        meant = {_meant(each) for each in errors if each["type"] == "extra_forbidden"}
        told = [each for each in errors if each["type"] != "missing" or tuple(each["loc"]) not in meant]
        return None, sorted({_fault(each, root, file) for each in told})


def _meant(error: Any) -> tuple[Any, ...]:
    """The key for which a misspelt one stands: it is not missing besides."""
    owner, name = tuple(error["loc"][:-1]), str(error["loc"][-1])
    return (*owner, closest(name, keys_of(_model_of(owner))))


def _model_of(owner: tuple[Any, ...]) -> type[BaseModel]:
    if not owner:
        return RecipeFile
    return GivenFile if owner[-1] == "given" else CaseFile


def _fault(error: Any, root: Block, file: str) -> Fault:
    path = tuple(part for part in error["loc"] if part != "[key]")
    kind = error["type"]
    if kind in ("extra_forbidden", "missing") or error["loc"][-1:] == ("[key]",):
        owner = find(root, path[:-1])
        key = owner.key(str(path[-1])) if isinstance(owner, Block) else None
        where = key or owner
        return Fault(file, where.line, where.column, _about_key(kind, str(path[-1]), path[:-1]))
    node = find(root, path)
    return Fault(file, node.line, node.column, _about_value(error, path))


def _about_key(kind: str, name: str, owner: tuple[Any, ...]) -> str:
    what = "a recipe" if not owner else "`given`" if owner[-1] == "given" else "a test"
    if kind == "missing":
        return f"{what} needs `{name}`: {_HELP.get(name, 'a value')}"
    if kind == "extra_forbidden":
        if not owner and name in LATER_KEYS:
            return f"`{name}` is not available yet"
        return f"{quoted(name)} is not a key of {what}{suggest(name, keys_of(_model_of(owner)))}"
    return f"{quoted(name)} is not a name: letters, digits and `_`, at most 60"


def _about_value(error: Any, path: tuple[Any, ...]) -> str:
    name = quoted(".".join(str(part) for part in path if not isinstance(part, int))) if path else "the file"
    given, kind, context = error.get("input"), error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context.get("error", error["msg"]))
    if kind == "literal_error":
        return f"{quoted(str(given))} is not a status{suggest(str(given), STATUSES)}"
    if given is None:
        return f"{name} is null: give it a value, or leave it out"
    if kind in ("too_short", "string_too_short"):
        return f"{name} is empty"
    if kind in ("too_long", "string_too_long"):
        return f"{name} is too long: {context.get('max_length')} at most"
    if kind == "string_pattern_mismatch":
        return f"{name}: {quoted(str(given))} does not fit; small letters, digits and `-` make a name"
    return f"{name} {_EXPECTED.get(kind, 'is not what is expected here')}"


_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "must be a text; put it in quotes",
    "list_type": "must be a list, each entry on a line with `- `",
    "dict_type": "must be a block of `key: value` lines",
    "model_type": "must be a block of `key: value` lines",
    "bool_type": "must be `true` or `false`",
}
