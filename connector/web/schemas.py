"""The JSON Schema of every answer, by the name that its call gives it.

The one rule: an operation has its answer here by name; a test names the one that has
none, and another holds real answers against their schemas.
"""

from typing import Any, Final

from ..domain.money import EXPONENT
from . import (
    access_schemas,
    action_schemas,
    card_schemas,
    catalogue_schemas,
    event_schemas,
    order_schemas,
    people_schemas,
    report_schemas,
    webhook_schemas,
)
from .json_schema import Schema, text

SCHEMAS: Final[dict[str, Schema]] = {
    "Currency": text("ISO 4217", enum=sorted(EXPONENT)),
    **card_schemas.SCHEMAS,
    **action_schemas.SCHEMAS,
    **access_schemas.SCHEMAS,
    **catalogue_schemas.SCHEMAS,
    **order_schemas.SCHEMAS,
    **event_schemas.SCHEMAS,
    **people_schemas.SCHEMAS,
    **report_schemas.SCHEMAS,
    **webhook_schemas.SCHEMAS,
}

OF_OPERATION: Final = {
    "add_points": "PointsChanged",
    "adjust": "Moved",
    "capture": "Captured",
    "cash_out": "Moved",
    "change_code": "ChangedCard",
    "check_balance": "Balance",
    "convert_points": "PointsConverted",
    "deliver": "ChangedCard",
    "disable": "ChangedCard",
    "enable": "ChangedCard",
    "expire": "PerhapsMoved",
    "extend": "ChangedCard",
    "find": "Found",
    "hold": "Held",
    "issue": "NewGiftCard",
    "load": "Loaded",
    "redeem": "Redeemed",
    "refund": "Moved",
    "release": "Held",
    "remove": "ChangedCard",
    "restore": "ChangedCard",
    "renew_link": "ChangedCard",
    "reveal": "Revealed",
    "revive": "PerhapsMoved",
    "set_balance": "PerhapsMoved",
    "spend_points": "PointsChanged",
    "transfer": "Transferred",
    "update": "GiftCard",
}

OF_ACTION: Final = {
    "adjust": "CardMoved",
    "convert_points": "CardOfPoints",
    "deliver": "CardActed",
    "disable": "CardActed",
    "issue": "CardIssued",
    "load": "CardLoaded",
    "redeem": "CardRedeemed",
}
"""The flat answers; what is not here answers an action as it answers anybody."""

MADE: Final = {
    "NewGiftCard": {"card": "/id"},
    "CardIssued": {"card": "/id"},
    "Held": {"hold": "/hold/id", "card": "/gift_card/id"},
    "NewEndpoint": {"endpoint": "/id"},
    "RestHook": {"hook": "/id"},
    "NewKey": {"key": "/id"},
    "NewSource": {"source": "/slug"},
    "Account": {"account": "/slug"},
    "Job": {"job": "/id"},
    "Contact": {"contact": "/id", "contact_id": "/id"},
    "Program": {"program": "/slug"},
    "FundMoved": {"fund": "/funding/id"},
}
"""Where an answer has what a path of another call asks for."""


def name_of(answer: str) -> str:
    """The schema's name for a Call's `answer`, which may be `rest <operation>`; KeyError."""
    face, _, operation = answer.partition(" ")
    found = OF_OPERATION[operation] if face in ("rest", "action") and operation else answer
    if face == "action":
        found = OF_ACTION.get(operation, found)
    if found not in SCHEMAS:
        raise KeyError(f"{answer}: web/schemas.py has no schema {found}")
    return found


def whole_schema(name: str) -> Schema:
    """The schema of this name with all that it refers to: it stands by itself."""
    return standing(SCHEMAS[name])


def standing(schema: Schema) -> Schema:
    """A schema with all that it refers to, as one document."""
    reached = _reached(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_rooted(schema),
        "$defs": {name: _rooted(SCHEMAS[name]) for name in sorted(reached)},
    }


def _rooted(schema: Any) -> Any:
    """The schema with its references turned to `$defs`."""
    if isinstance(schema, dict):
        return {
            key: value.replace("#/components/schemas/", "#/$defs/") if key == "$ref" else _rooted(value)
            for key, value in schema.items()
        }
    return [_rooted(one) for one in schema] if isinstance(schema, list) else schema


def _reached(schema: Schema) -> set[str]:
    found: set[str] = set()
    waiting = _named(schema)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(_named(SCHEMAS[one]))
    return found


def _named(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        own = [str(schema["$ref"]).rpartition("/")[2]] if "$ref" in schema else []
        return own + [name for value in schema.values() for name in _named(value)]
    return [name for one in schema for name in _named(one)] if isinstance(schema, list) else []
