"""Faults of a recipe file's shape, in an operator's words, all at once, each at its line and column.

Pydantic says what is wrong and under which key; the tree knows the line.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from ..domain.errors import Fault
from .clauses import FOR_EACH, WHEN_REACHED
from .recipe import STATUSES
from .schema import (
    TAGS,
    CaseFile,
    GivenFile,
    GoalFile,
    LimitsFile,
    RecipeFile,
    SameAsFile,
    ScheduleFile,
    UndoFile,
    keys_of,
)
from .wording import closest, quoted, suggest
from .yamltree import Block, find, plain

_BLOCKS: Final[Mapping[str, tuple[type[BaseModel], str]]] = {
    "given": (GivenFile, "`given`"),
    "limits": (LimitsFile, "`limits`"),
    "goal": (GoalFile, "`goal`"),
    "undo": (UndoFile, "`undo`"),
    "same_as": (SameAsFile, "`same_as`"),
    "on": (ScheduleFile, "a schedule"),
}
_BELOW: Final[Mapping[str, str]] = {
    **dict.fromkeys(("schedule", "cron", "for_each"), "on"),
    **dict.fromkeys(("per_contact", "budget", "burst", "when_reached"), "limits"),
    **dict.fromkeys(("control_group", "within"), "goal"),
    **dict.fromkeys(("given", "expect", "because"), "tests"),
}
_CHOICES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "status": ("a status", STATUSES),
    "when_reached": ("what can be done where a limit is reached", WHEN_REACHED),
    "for_each": ("what a schedule can go over", FOR_EACH),
}


def check(root: Block, file: str) -> tuple[RecipeFile | None, list[Fault]]:
    """The model, or None and every fault of shape with its place."""
    try:
        return RecipeFile.model_validate(plain(root)), []
    except ValidationError as fault:
        errors = fault.errors()
        meant = {_meant(each) for each in errors if each["type"] == "extra_forbidden"}
        told = [each for each in errors if each["type"] != "missing" or _path(each) not in meant]
        return None, sorted({_fault(each, root, file) for each in told})


def _path(error: Any) -> tuple[Any, ...]:
    return tuple(part for part in error["loc"] if part not in TAGS and part != "[key]")


def _meant(error: Any) -> tuple[Any, ...]:
    """The key for which a misspelt one stands: it is not missing besides."""
    owner, name = _path(error)[:-1], str(error["loc"][-1])
    return (*owner, closest(name, keys_of(_model_of(owner))))


def _model_of(owner: tuple[Any, ...]) -> type[BaseModel]:
    if not owner:
        return RecipeFile
    return _BLOCKS[owner[-1]][0] if owner[-1] in _BLOCKS else CaseFile


def _fault(error: Any, root: Block, file: str) -> Fault:
    path, kind = _path(error), error["type"]
    if kind in ("extra_forbidden", "missing") or error["loc"][-1:] == ("[key]",):
        owner = find(root, path[:-1])
        key = owner.key(str(path[-1])) if isinstance(owner, Block) else None
        where = key or owner
        return Fault(file, where.line, where.column, _about_key(kind, str(path[-1]), path[:-1]))
    node = find(root, path)
    if path[:1] == ("goal",) and len(path) > 1 and path[1] not in keys_of(GoalFile):
        close = closest(str(path[1]), keys_of(GoalFile))
        block = find(root, ("goal",))
        key = block.key(str(path[1])) if isinstance(block, Block) else None
        if close is not None and key is not None:
            message = f"{quoted(key.text)} is not a key of `goal`: did you mean `{close}`?"
            return Fault(file, key.line, key.column, message)
    return Fault(file, node.line, node.column, _about_value(error, path))


def _about_key(kind: str, name: str, owner: tuple[Any, ...]) -> str:
    model = _model_of(owner)
    what = "a recipe" if not owner else _BLOCKS[owner[-1]][1] if owner[-1] in _BLOCKS else "a test"
    if kind == "missing":
        return f"{what} needs `{name}`: {_help(model, name)}"
    if kind == "extra_forbidden":
        known = keys_of(model)
        if not owner and name in _BELOW and closest(name, known) is None:
            return f"{quoted(name)} stands below `{_BELOW[name]}`, not beside it"
        return f"{quoted(name)} is not a key of {what}{suggest(name, known)}"
    return f"{quoted(name)} is not a name: letters, digits and `_`, at most 60"


def _help(model: type[BaseModel], name: str) -> str:
    fields = model.model_fields.items()
    return next((known.description for key, known in fields if name in (key, known.alias)), None) or "a value"


def _about_value(error: Any, path: tuple[Any, ...]) -> str:
    name = quoted(".".join(str(part) for part in path if not isinstance(part, int))) if path else "the file"
    given, kind, context = error.get("input"), error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context.get("error", error["msg"]))
    if kind == "literal_error":
        what, known = _CHOICES[str(path[-1])]
        return f"{quoted(str(given))} is not {what}{suggest(str(given), known)}"
    if given is None:
        return f"{name} is null: give it a value, or leave it out"
    if kind == "list_type" and path[-1] not in ("do", "tests"):
        return f"{name} must be a text, or a list with each entry on a line with `- `"
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
