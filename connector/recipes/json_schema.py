"""The JSON Schema of recipe files, for completion and squiggles in an editor.

Made from the models that the gateway reads with, and from the steps handed in, so that the two cannot differ.
One rule: what it refuses the gateway refuses too; expressions are beyond it.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from ..domain.events import EVENT_TYPES
from ..domain.messages import MESSAGE_TYPES
from ..domain.steps import StepField, StepSpec
from .names import CARD, CONTACT, EVENT, OPEN
from .schema import DRAWN, SCHEDULED, RecipeFile, SameAsFile
from .steps import EXPECTABLE, OWN_STEPS

SCHEMA_FILE: Final = "recipe.schema.json"
DIALECT: Final = "http://json-schema.org/draft-07/schema#"  # the newest that every editor's server knows

Schema = dict[str, Any]

_CUSTOM: Final = r"^custom\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$"
_SUM: Final = r"^-?[0-9]+(\.[0-9]+)? [A-Z]{3}$"
_TEMPLATE: Final = r"\$\{\{"
_SCALAR: Final[Schema] = {"type": ["string", "number", "boolean"]}
_KINDS: Final[Mapping[str, Schema]] = {
    "money": {"type": "string", "anyOf": [{"pattern": _SUM}, {"pattern": _TEMPLATE}]},
    "moment": {"type": "string"},
    "flag": {"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": _TEMPLATE}]},
    "whole": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": _TEMPLATE}]},
    "custom_type": {"type": "string", "anyOf": [{"pattern": _CUSTOM}, {"pattern": _TEMPLATE}]},
    "mapping": {"anyOf": [{"type": "object"}, {"type": "string", "pattern": _TEMPLATE}]},
    "any": {},
}
_SHAPES: Final[Mapping[str, Schema]] = {
    "text": {"type": ["string", "number", "boolean", "null"]},
    "number": {"type": ["number", "null"]},
    "truth": {"type": ["boolean", "null"]},
    "time": {"type": ["string", "null"]},
    "money": {"type": ["string", "object", "null"]},
    "list": {"type": ["array", "null"]},
    OPEN: {},
}


def schema_of(specs: Mapping[str, StepSpec]) -> Schema:
    """The schema of a recipe whose steps may be these and the language's own."""
    specs = dict(sorted(specs.items()))
    made: Schema = RecipeFile.model_json_schema(by_alias=True)
    definitions = {**made.pop("$defs"), **_definitions(specs)}
    made = {"$schema": DIALECT, **made, "title": "Recipe"}
    named: Schema = _linked({**made, "definitions": definitions})
    return named


def schema_text(specs: Mapping[str, StepSpec]) -> str:
    """The schema as its file holds it."""
    return json.dumps(schema_of(specs), indent=1, ensure_ascii=False) + "\n"


def _linked(node: Any) -> Any:
    """Without what pydantic says of itself, and with what is drawn here in its places."""
    if isinstance(node, list):
        return [_linked(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {name: _linked(value) for name, value in node.items() if name != "default"}
    if isinstance(found.get("title"), str) and "$schema" not in found:  # the key again, with a capital letter
        del found["title"]
    drawn = found.pop(DRAWN, None)
    if drawn is not None:
        found["allOf"] = [{"$ref": f"#/definitions/{drawn}"}]
    if isinstance(found.get("$ref"), str):  # draft 7 reads nothing beside a reference
        found["$ref"] = found["$ref"].replace("#/$defs/", "#/definitions/")
        if len(found) > 1:
            found["allOf"] = [{"$ref": found.pop("$ref")}]
    return found


def _definitions(specs: Mapping[str, StepSpec]) -> Schema:
    line: Schema = {"type": ["string", "boolean"], "minLength": 1}
    types: Schema = {"anyOf": [{"enum": _started()}, {"type": "string", "pattern": _CUSTOM}]}
    return {
        "line": line,
        "lines": _one_or_more(_to("line")),
        "texts": _one_or_more({"type": "string", "minLength": 1}),
        "lets": {"type": "object", "minProperties": 1, "additionalProperties": _SCALAR},
        "event_type": types,
        "event_types": _one_or_more(_to("event_type")),
        "tested_type": {"anyOf": [{"const": SCHEDULED}, _to("event_type")]},
        "same_as": {"anyOf": [_to("line"), SameAsFile.model_json_schema(), {"type": "null"}]},
        "contact": {"anyOf": [_shape(CONTACT), {"type": "null"}]},
        "card": {"anyOf": [_shape(CARD), {"type": "null"}]},
        "event": _shape(EVENT),
        "steps": {"type": "array", "minItems": 1, "items": _to("step")},
        "step": _step(specs),
        "branch": _branch(),
        "expect": {
            "anyOf": [{"const": "nothing"}, {"type": "array", "minItems": 1, "items": _to("expected")}]
        },
        "expected": _expected(specs),
        **{f"step.{spec.name}": _fields(spec, is_whole=True) for spec in specs.values()},
        **{f"expected.{spec.name}": _fields(spec, is_whole=False) for spec in specs.values()},
    }


def _started() -> list[str]:
    return [known for known in (*EVENT_TYPES, *MESSAGE_TYPES) if known != SCHEDULED]


def _to(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _one_or_more(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "array", "minItems": 1, "items": item}]}


def _closed(properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def _step(specs: Mapping[str, StepSpec]) -> Schema:
    """A step's name alone, or a block with exactly one name, and perhaps `if` and `id`."""
    steps = {spec.name: {"description": spec.title, **_to(f"step.{spec.name}")} for spec in specs.values()}
    names = [*steps, *OWN_STEPS]
    block = _closed({**steps, **_own(), "if": _to("lines"), "id": {"type": "string"}})
    one_name = [{"required": [name]} for name in names]
    return {"anyOf": [{"enum": names}, {**block, "oneOf": one_name}]}


def _own() -> Schema:
    """The language's own steps."""
    why: Schema = {**_SCALAR, "description": "why, in a sentence"}
    until = _closed(
        {"until": {"type": "string", "description": "such as ${{ event.booking.ends_at }}"}}, ("until",)
    )
    return {
        "choose": {
            "description": "the first branch that holds",
            "type": "array",
            "minItems": 1,
            "items": _to("branch"),
        },
        "for_each": {
            "description": "the steps below `do` for each `item` of a list",
            **_closed({"in": {"type": "string"}, "do": _to("steps")}, ("in", "do")),
        },
        "hold": {**why, "type": [*_SCALAR["type"], "null"]},
        "stop": {**why, "type": [*_SCALAR["type"], "null"]},
        "wait": {
            "description": "goes on later, its `if` asked again",
            "anyOf": [{"type": "string", "pattern": r"^[0-9]+ +(minute|hour|day|week|month|year)s?$"}, until],
        },
    }


def _branch() -> Schema:
    whole = _closed({"if": _to("lines"), "do": _to("steps")}, ("if", "do"))
    return {"anyOf": [whole, _closed({"else": _to("steps")}, ("else",))]}


def _expected(specs: Mapping[str, StepSpec]) -> Schema:
    names = [*specs, *EXPECTABLE]
    block = _closed({name: _to(f"expected.{name}") for name in specs})
    return {"anyOf": [{"enum": names}, {**block, "minProperties": 1, "maxProperties": 1}]}


def _fields(spec: StepSpec, *, is_whole: bool) -> Schema:
    """A step's fields; `is_whole`: with those that it needs."""
    needed = tuple(field.name for field in spec.fields if field.required) if is_whole else ()
    found = _closed({field.name: _field(field) for field in spec.fields}, needed)
    return found if needed else {"anyOf": [found, {"type": "null"}]}


def _field(field: StepField) -> Schema:
    schema = dict(_KINDS.get(field.kind, _SCALAR))
    if field.kind == "texts":
        one = {"enum": list(field.choices)} if field.choices else {"type": "string"}
        template = {"type": "string", "pattern": _TEMPLATE}
        listed = {"type": "array", "items": one, "minItems": 1, "uniqueItems": True}
        schema = {"anyOf": [one, listed, template]}
    elif field.names:
        template = {"type": "string", "pattern": _TEMPLATE}
        schema = {"anyOf": [_closed({name: {} for name in field.names}), template]}
    elif field.choices:
        schema = {"anyOf": [{"enum": list(field.choices)}, {"type": "string", "pattern": _TEMPLATE}]}
    return {"description": field.help, **schema} if field.help else schema


def _shape(shape: Mapping[str, Any]) -> Schema:
    """What a test may give of a contact, a card or an event."""
    properties: Schema = {}
    for name, known in shape.items():
        is_block = isinstance(known, Mapping)
        properties[name] = {"anyOf": [_shape(known), {"type": "null"}]} if is_block else _SHAPES[known]
    return _closed(properties)
