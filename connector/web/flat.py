"""The action face of an operation: flat fields, sums as decimal text, people by e-mail, phone or external id.

For no-code tools, which fill in one line a field. Pure: a flat body in, the
command's own fields out.
"""

from collections.abc import Mapping
from typing import Any, Final

from ..domain.errors import BadAmount, FieldError
from ..domain.money import Money
from ..operations.kit import Field, Operation
from .fields import Shape, require_none

_PERSON: Final = {
    "external_id": "your own id of the person",
    "email": "their e-mail address",
    "phone": "their phone number",
    "first_name": "their first name",
    "last_name": "their last name",
    "name": "their whole name, where it is one field",
    "tags": "their tags, with commas between",
}
_PARTS: Final = {
    "recipient": {"name": "the recipient's name", "email": "their e-mail address", "phone": "their number"},
    "sender": {"name": "the giver's name"},
}
_FOUND_BY: Final = ("external_id", "email", "phone")
_CODE: Final = "code"
_CARD_ID: Final = "gift_card_id"  # what answers call it: a tool maps it into the next step


def shape_of(operation: Operation) -> Shape:
    """What an action's body may hold."""
    flat: dict[str, Field] = {}
    for name, field in operation.fields.items():
        if field.kind == "money":
            flat[name] = Field("decimal", field.help)
        elif field.kind == "whole":
            flat[name] = Field("count", field.help)
        elif _is_person(name, field):
            flat |= {part: Field(_kind_of(part), text) for part, text in _PERSON.items()}
        else:
            flat[name] = field
        flat |= {f"{name}_{part}": Field("text", text) for part, text in _parts_of(name, field).items()}
        if field.kind == "contact":
            flat |= {part: Field("contact", _PERSON[part]) for part in _FOUND_BY if part not in flat}
    if _takes_code(operation):
        flat |= {_CODE: Field("card", "the card's code"), _CARD_ID: Field("card", "the card's id")}
    by_hand = {name for name, field in operation.fields.items() if field.kind == "card"}
    return Shape(flat, frozenset(operation.required & flat.keys() - by_hand), is_loose=True)


def card_in(operation: Operation, read: Mapping[str, Any]) -> str | None:
    """The card that an action names, by id or code: its currency is meant where none is told."""
    names = [name for name, field in operation.fields.items() if field.kind == "card"]
    told = (
        [read[name] for name in (*names, _CODE, _CARD_ID) if name in read] if _takes_code(operation) else []
    )
    return told[0] if told else None


def command_fields(operation: Operation, read: Mapping[str, Any], own_currency: str) -> dict[str, Any]:
    """The command's fields from those that `fields.read` gave for `shape_of`; ValidationFailed.

    `own_currency` is that of a sum without one: the card's, else the account's.
    """
    found = {name: value for name, value in read.items() if name in operation.fields}
    errors = [
        *_fill_card(operation, read, found),
        *_fill_person(operation, read, found),
        *_fill_parts(operation, read, found),
        *_fill_money(operation, found, own_currency),
    ]
    require_none(errors)
    return found


def _fill_card(operation: Operation, read: Mapping[str, Any], found: dict[str, Any]) -> list[FieldError]:
    """A card is named by id or code, under either name, or as answers name it."""
    if not _takes_code(operation):
        return []
    name = next(name for name, field in operation.fields.items() if field.kind == "card")
    told = [one for one in (name, _CODE, _CARD_ID) if one in read]
    if len(told) > 1:
        return [FieldError(told[1], f"give {told[0]} or {told[1]}, not both")]
    if told:
        found[name] = read[told[0]]
    if name in operation.required and name not in found:
        return [FieldError(name, "is required: the card's id, or its code")]
    return []


def _fill_person(operation: Operation, read: Mapping[str, Any], found: dict[str, Any]) -> list[FieldError]:
    """The parts of a person go where the command takes a whole one, else where it names one."""
    told = {part: read[part] for part in _PERSON if part in read and part not in operation.fields}
    whole = next((name for name, field in operation.fields.items() if _is_person(name, field)), None)
    if not told:
        return []
    if whole is not None:
        found[whole] = told
        return []
    name = next(name for name, field in operation.fields.items() if field.kind == "contact")
    if name in found:
        return [FieldError(next(iter(told)), f"give {name} or this, not both")]
    found[name] = told
    return []


def _fill_parts(operation: Operation, read: Mapping[str, Any], found: dict[str, Any]) -> list[FieldError]:
    """`recipient_email` and its like make the object that the command takes, which may be given whole too."""
    errors = []
    for name, field in operation.fields.items():
        told = {f"{name}_{part}": part for part in _parts_of(name, field) if f"{name}_{part}" in read}
        if told and name in found:
            errors += [FieldError(flat, f"give {name} or this, not both") for flat in told]
        elif told:
            found[name] = {part: read[flat] for flat, part in told.items()}
    return errors


def _fill_money(operation: Operation, found: dict[str, Any], own_currency: str) -> list[FieldError]:
    """Decimal text to minor units, in the currency named, else the own one; that one is then meant."""
    sums = [name for name, field in operation.fields.items() if field.kind == "money" and name in found]
    if not sums:
        return []
    currency = found.get("currency", own_currency)
    errors = []
    for name in sums:
        try:
            found[name] = Money.parse(found[name], currency).minor
        except BadAmount as fault:
            errors.append(FieldError(name, fault.detail))
            continue
        if found[name] <= 0 and not operation.fields[name].is_signed:
            errors.append(FieldError(name, "must be above 0"))
    if "currency" in operation.fields:
        found["currency"] = currency
    return errors


def _parts_of(name: str, field: Field) -> Mapping[str, str]:
    """The parts of an object that have a flat name each."""
    return _PARTS.get(name, {}) if field.kind == "mapping" else {}


def _kind_of(part: str) -> str:
    return "contact" if part in _FOUND_BY else "text"


def _is_person(name: str, field: Field) -> bool:
    return name == "contact" and field.kind == "mapping"


def _takes_code(operation: Operation) -> bool:
    return _CODE not in operation.fields and any(one.kind == "card" for one in operation.fields.values())
