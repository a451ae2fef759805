"""Words for JSON Schemas (2020-12): small makers, and what a request's fields look like in them.

The one rule: a schema of a field says no more than its reader holds: what the reader
takes is valid, what the schema forbids is refused.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..domain.money import MAX_MINOR
from ..flows.paging import DEFAULT_LIMIT, MAX_LIMIT
from ..operations.details import MAX_DETAIL, RECIPIENT, SENDER
from ..operations.kit import Field
from . import fields
from .arrival import MAX_PARAMETER
from .fields import Shape
from .loose import BLANKS, MAX_BLANKS, MAX_NUMBER

Schema = dict[str, Any]

_TOTAL: Final = r"^-?[0-9]{1,19}(\.[0-9]{1,6})?$"  # of many cards
_DECIMAL: Final = r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"
_PRINTABLE: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
_MOMENT: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)


def ref(name: str) -> Schema:
    """The schema of this name among the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}


def text(about: str = "", **more: Any) -> Schema:
    return _with(about, {"type": "string", **more})


def whole(about: str = "", **more: Any) -> Schema:
    return _with(about, {"type": "integer", **more})


def flag(about: str = "") -> Schema:
    return _with(about, {"type": "boolean"})


def moment(about: str = "") -> Schema:
    return text(about, format="date-time")


def money(about: str = "minor units of the currency") -> Schema:
    """A sum in an answer; below zero where something was taken."""
    return whole(about, minimum=-MAX_MINOR, maximum=MAX_MINOR)


def total(about: str = "minor units of the currency") -> Schema:
    """A sum over many cards: each is bounded, their number is not."""
    return whole(about)


def decimal(about: str = "in major units") -> Schema:
    return text(about, pattern=_TOTAL)


def one_of(*choices: str, about: str = "") -> Schema:
    return text(about, enum=list(choices))


def mapping(about: str = "") -> Schema:
    """An object with names of its own."""
    return _with(about, {"type": "object"})


def every(items: Schema, about: str = "") -> Schema:
    return _with(about, {"type": "array", "items": items})


def maybe(schema: Schema, about: str = "") -> Schema:
    """`schema`, or null."""
    if "$ref" in schema:
        return _with(about, {"anyOf": [schema, {"type": "null"}]})
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    found = {**schema, "type": [*types, "null"]}
    if "enum" in schema:
        found["enum"] = [*schema["enum"], None]
    return _with(about, found)


def thing(about: str, /, *, optional: Mapping[str, Schema] | None = None, **properties: Schema) -> Schema:
    """An object of an answer: `properties` are always there, `optional` ones not always."""
    found = {"type": "object", "properties": {**properties, **(optional or {})}, "required": [*properties]}
    return _with(about, found)


def page_of(name: str) -> Schema:
    """One page of a list of those."""
    return thing(
        "One page of a list.",
        data=every(ref(name)),
        next_cursor=maybe(text(), "the `cursor` of the next page; null on the last"),
    )


def body_schema(shape: Shape) -> Schema:
    """What a request's body may hold."""
    schema_of = _loose_schema if shape.is_loose else field_schema
    found: Schema = {
        "type": "object",
        "properties": {
            name: schema_of(name, field, required=name in shape.required)
            for name, field in shape.fields.items()
        },
        "additionalProperties": False,
    }
    if shape.required:
        found["required"] = [name for name in shape.fields if name in shape.required]
    return found


def field_schema(name: str, field: Field, *, required: bool = False) -> Schema:
    """One field of a body; null is as good as leaving it out, where it could not mean a number."""
    schema = _KINDS[field.kind](name, field)
    if field.choices:
        choice = {"type": "string", "enum": list(field.choices)}
        schema = {**schema, "items": choice} if field.kind == "texts" else choice
    takes_null = field.is_clearable or (not required and field.kind not in fields.NOT_NULL)
    takes_null = takes_null and ("type" in schema or "$ref" in schema)
    return _with(field.help, maybe(schema) if takes_null else schema)


def _loose_schema(name: str, field: Field, *, required: bool = False) -> Schema:
    """One field of an action's body: a text for a number, a number for a text, nothing as an empty text."""
    schema = _KINDS[field.kind](name, field)
    if field.choices:
        schema = {"type": "string", "enum": list(field.choices)}
    elif field.kind in ("text", "card", "contact"):
        schema = {**schema, "type": ["string", "integer"], **_NUMBER}
    elif field.kind in _LOOSE:
        schema = _LOOSE[field.kind]
    return _with(field.help, schema if required else {"anyOf": [schema, _EMPTY]})


def parameter_schema(name: str, field: Field) -> Schema:
    """One parameter of a query."""
    if name == "limit":
        return whole(minimum=1, maximum=MAX_LIMIT, default=DEFAULT_LIMIT)
    if field.kind == "money":
        return whole(minimum=-MAX_MINOR, maximum=MAX_MINOR)
    if field.choices:
        choice = {"type": "string", "enum": list(field.choices)}
        return {"type": "array", "minItems": 1, "items": choice} if field.kind == "texts" else choice
    schema = _KINDS[field.kind](name, field)
    if schema.get("type") == "string" and "pattern" not in schema:
        schema["pattern"] = _PRINTABLE
        schema["maxLength"] = min(MAX_PARAMETER, schema["maxLength"])
    return schema


def _sum(name: str, field: Field) -> Schema:
    usual = 1 if name == "amount" else 0
    return {"type": "integer", "minimum": -MAX_MINOR if field.is_signed else usual, "maximum": MAX_MINOR}


def _object(name: str, _field: Field) -> Schema:
    if name in _PEOPLE:
        return {"type": "object", "additionalProperties": False, "properties": _PEOPLE[name]}
    names = {"maxLength": fields.MAX_MAPPING_KEY}
    return {"type": "object", "maxProperties": fields.MAX_MAPPING_KEYS, "propertyNames": names}


def _always(schema: Schema) -> Callable[[str, Field], Schema]:
    return lambda _name, _field: dict(schema)


_DETAIL: Final[Schema] = {"type": ["string", "null"], "maxLength": MAX_DETAIL}
_SAID: Final[Schema] = {"type": ["string", "null"]}
_ID: Final[Schema] = {"type": ["string", "integer", "null"]}
_PEOPLE: Final[Mapping[str, Schema]] = {
    "contact": {
        "external_id": _ID,
        "email": _SAID,
        "phone": _ID,
        "first_name": _SAID,
        "last_name": _SAID,
        "name": _SAID,
        "tags": {"type": ["array", "string", "null"], "items": {"type": "string"}},
    },
    "recipient": dict.fromkeys(RECIPIENT, _DETAIL),
    "sender": dict.fromkeys(SENDER, _DETAIL),
}
_WORD: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": fields.MAX_NAME}
_KINDS: Final[Mapping[str, Callable[[str, Field], Schema]]] = {
    "text": _always({"type": "string", "maxLength": fields.MAX_TEXT}),
    "money": _sum,
    "decimal": _always({"type": "string", "pattern": _DECIMAL}),
    "currency": _always(ref("Currency")),
    "moment": _always({"type": "string", "format": "date-time", "pattern": _MOMENT}),
    "flag": _always({"type": "boolean"}),
    "whole": _always({"type": "integer", "minimum": -MAX_MINOR, "maximum": MAX_MINOR}),
    "count": _always(
        {
            "type": ["integer", "string"],
            "minimum": -MAX_MINOR,
            "maximum": MAX_MINOR,
            "pattern": f"^{fields.COUNT}$",
        }
    ),
    "card": _always(_WORD),
    "contact": _always(_WORD),
    "mapping": _object,
    "any": _always({"type": ["string", "number", "boolean", "object", "array"]}),
    "amounts": _always(
        {
            "type": "array",
            "maxItems": fields.MAX_AMOUNTS,
            "items": {"type": "integer", "minimum": 1, "maximum": MAX_MINOR},
        }
    ),
    "objects": _always(
        {"type": "array", "minItems": 1, "maxItems": fields.MAX_OBJECTS, "items": {"type": "object"}}
    ),
    "texts": _always(
        {
            "type": "array",
            "maxItems": fields.MAX_TEXTS,
            "items": {"type": "string", "maxLength": fields.MAX_NAME},
        }
    ),
}


def _with(about: str, schema: Schema) -> Schema:
    return {**schema, "description": about} if about else schema


_B: Final = f"[{BLANKS}]{{0,{MAX_BLANKS}}}"
_EMPTY: Final[Schema] = {"type": ["string", "null"], "pattern": f"^{_B}$"}
_NUMBER: Final[Schema] = {"minimum": 1 - MAX_NUMBER, "maximum": MAX_NUMBER - 1}
_LOOSE: Final[Mapping[str, Schema]] = {
    "decimal": {"type": ["string", "number"], "pattern": f"^{_B}{_DECIMAL[1:-1]}{_B}$", **_NUMBER},
    "count": {
        "type": ["integer", "string"],
        "minimum": -MAX_MINOR,
        "maximum": MAX_MINOR,
        "pattern": f"^{_B}{fields.COUNT}{_B}$",
    },
    "currency": text(pattern=f"^{_B}[A-Za-z]{{3}}{_B}$"),
    "moment": text(pattern=f"^{_B}{_MOMENT[1:-1]}{_B}$"),
    "flag": {
        "type": ["boolean", "string"],
        "pattern": f"^{_B}([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]){_B}$",
    },
}
