"""One reader: a body becomes the fields of a command, each of its kind, or every fault is named at once.

The one rule: nothing is guessed. `true` is no number, 19.99 no number of cents, a
moment has its offset, and a field that we do not know is refused.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ..domain.errors import FieldError, ValidationFailed, WrongContentType
from ..domain.jsontext import dumps, loads
from ..domain.money import EXPONENT, MAX_MINOR, shown
from ..operations.kit import Field, Operation
from . import loose

MAX_TEXT: Final = 2_048  # as the URL of an endpoint; a long message on a card has 500
MAX_NAME: Final = 320  # an e-mail address; ids, codes and external ids are shorter
MAX_MAPPING_BYTES: Final = 8_192
MAX_MAPPING_KEYS: Final = 50
MAX_MAPPING_KEY: Final = 100
MAX_TEXTS: Final = 100
MAX_OBJECTS: Final = 10_000  # more are another job
MAX_AMOUNTS: Final = 100
MAX_ERRORS: Final = 50  # who sends a thousand wrong fields is told of these

_MOMENT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
COUNT: Final = r"-?[0-9]{1,15}(\.0{1,8})?"  # some tools write every number with a point
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CHARSETS: Final = ("", "utf-8", "utf8", "us-ascii")
NOT_NULL: Final = (
    "money",
    "decimal",
    "currency",
    "flag",
    "whole",
    "count",
    "texts",
    "objects",
    "amounts",
)  # null would be guessed at


@dataclass(frozen=True, slots=True)
class Shape:
    """What a body may hold: its fields by name, and those that must be there.

    `is_loose`: as no-code tools fill it in, who have no null, no number and no flag of their own.
    """

    fields: Mapping[str, Field]
    required: frozenset[str] = frozenset()
    is_loose: bool = False


def shape_of(operation: Operation) -> Shape:
    """What REST's body may hold: the command's fields, without those that the path gives."""
    inside = {name: field for name, field in operation.of_path.items() if not field.is_path}
    return Shape(inside, frozenset(operation.required & inside.keys()))


def body_object(content_type: str, body: bytes, *, may_be_empty: bool, encoding: str = "") -> dict[str, Any]:
    """The JSON object that a body holds; WrongContentType or BadJson.

    No body at all is no field at all, where that is fine for the call.
    """
    if not body and may_be_empty:
        return {}
    kind, *parameters = content_type.split(";")
    if kind.strip().lower() != "application/json":
        raise WrongContentType("Send the body as application/json")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() not in _CHARSETS:
            raise WrongContentType("The body must be UTF-8")
    if encoding.strip().lower() not in ("", "identity"):
        raise WrongContentType("A compressed body is not accepted; send it as it is")
    told = loads(body)
    if not isinstance(told, dict):  # JSON it is: 400 is for what is none
        raise ValidationFailed(f"The body must be a JSON object, not {_kind_of(told)}")
    return told


def read(shape: Shape, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are there, read; ValidationFailed names every one that is wrong.

    `money` is an int in minor units, `moment` an aware datetime in UTC. A null
    is as good as leaving out, but where it could mean a number, or empties the field.
    """
    if shape.is_loose:
        given = loose.normal(shape.fields, given)
    strange = given.keys() - shape.fields
    errors = [FieldError(name[:MAX_MAPPING_KEY], _unknown(shape, name)) for name in strange]
    found: dict[str, Any] = {}
    for name, field in shape.fields.items():
        value = given.get(name)
        if value is None and name in given and field.is_clearable:
            found[name] = None
            continue
        if value is None and (name not in given or field.kind not in NOT_NULL):
            if name in shape.required:
                errors.append(FieldError(name, f"is required: {field.help}"))
            continue
        try:
            found[name] = read_one(field, value)
        except ValueError as fault:
            errors.append(FieldError(name, str(fault)))
    require_none(errors)
    return found


def require_none(errors: Sequence[FieldError]) -> None:
    """Pass if there are no errors, else ValidationFailed with all of them, by field."""
    if not errors:
        return
    told = sorted(errors, key=lambda one: one.field)[:MAX_ERRORS]
    names = ", ".join(one.field for one in told[:5])
    detail = (
        f"{told[0].field} {told[0].message}"
        if len(errors) == 1
        else f"{len(errors)} fields are wrong: {names}{', …' if len(errors) > 5 else ''}"
    )
    raise ValidationFailed(detail, errors=told)


def _unknown(shape: Shape, name: str) -> str:
    near = difflib.get_close_matches(name[:MAX_MAPPING_KEY], shape.fields, n=1)
    return f"is not a field of this call{f'; did you mean {near[0]}?' if near else ''}"


def read_one(field: Field, value: Any) -> Any:
    """One value of the field's kind; ValueError says what is wrong with it."""
    found = READERS[field.kind](value)
    chosen = found if isinstance(found, list) else [found]
    if field.choices and any(one not in field.choices for one in chosen):
        raise ValueError(f"must be one of: {', '.join(field.choices)}")
    return found


def _text(value: Any) -> str:
    return _at_most(value, MAX_TEXT)


def _name(value: Any) -> str:
    text = _at_most(value, MAX_NAME)
    if not text:
        raise ValueError("is empty")
    return text


def _at_most(value: Any, most: int) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {_kind_of(value)}")
    if len(value) > most:
        raise ValueError(f"has {len(value)} characters; {most} are the most")
    return value


def _money(value: Any) -> int:
    number = _whole(value, "must be a whole number of minor units (2500 is 25.00 USD)")
    if abs(number) > MAX_MINOR:
        raise ValueError(f"is out of range; {MAX_MINOR} minor units are the most")
    return number


def _decimal(value: Any) -> str:
    """A sum as people write it; what it comes to follows from its currency."""
    if not isinstance(value, str) or len(value) > MAX_MAPPING_KEY:
        raise ValueError('must be a sum written as text, like "25.00"')
    return value


def _whole(value: Any, otherwise: str = "must be a whole number") -> int:
    if type(value) is not int:  # True is an int to isinstance
        raise ValueError(f"{otherwise}, not {_kind_of(value)}")
    if abs(value) > MAX_MINOR:
        raise ValueError("is out of range")
    return value


def _count(value: Any) -> int:
    """A whole number, or one as text: no-code tools fill in texts only."""
    if isinstance(value, str) and re.fullmatch(COUNT, value):
        value = int(value.partition(".")[0])
    return _whole(value)


def _currency(value: Any) -> str:
    if not isinstance(value, str) or value not in EXPONENT:
        named = "null" if value is None else shown(value)
        raise ValueError(f"{named} is not an ISO 4217 currency code in capitals, such as USD")
    return value


def _moment(value: Any) -> datetime:
    written = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if written is None:
        raise ValueError('must be a moment with its offset, like "2026-11-20T15:00:00Z"')
    day, time, fraction, offset = written.groups(default="")
    try:
        at = datetime.fromisoformat(f"{day}T{time}{fraction}{'+00:00' if offset in 'Zz' else offset}")
        at = at.astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise ValueError("is no moment of the calendar") from fault
    if at < _EARLIEST:
        raise ValueError(f"is before {_EARLIEST.year}")
    return at


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {_kind_of(value)}")
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"must be an object, not {_kind_of(value)}")
    if len(value) > MAX_MAPPING_KEYS:
        raise ValueError(f"has {len(value)} keys; {MAX_MAPPING_KEYS} are the most")
    if any(len(key) > MAX_MAPPING_KEY for key in value):
        raise ValueError(f"has a key of more than {MAX_MAPPING_KEY} characters")
    _any(value)
    return value


def _any(value: Any) -> Any:
    if len(dumps(value)) > MAX_MAPPING_BYTES:
        raise ValueError(f"has more than {MAX_MAPPING_BYTES} bytes")
    return value


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError("must be a list of texts")
    if len(value) > MAX_TEXTS or any(len(one) > MAX_NAME for one in value):
        raise ValueError(f"has more than {MAX_TEXTS} texts, or one of more than {MAX_NAME} characters")
    return value


def _amounts(value: Any) -> list[int]:
    if not isinstance(value, list) or len(value) > MAX_AMOUNTS:
        raise ValueError(f"must be a list of at most {MAX_AMOUNTS} amounts")
    return [_money(one) for one in value]


def _objects(value: Any) -> list[Any]:
    """A list; whether each of its items is what it should be is told item by item."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_OBJECTS:
        raise ValueError(f"must be a list of 1 to {MAX_OBJECTS:,} objects")
    return value


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    names = {str: "text", int: "a number", dict: "an object", list: "a list", type(None): "null"}
    return names.get(type(value), "a number with a fraction")


READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "text": _text,
    "money": _money,
    "decimal": _decimal,  # of the action face only
    "count": _count,  # of the action face only
    "currency": _currency,
    "moment": _moment,
    "flag": _flag,
    "whole": _whole,
    "card": _name,
    "contact": _name,
    "mapping": _mapping,
    "any": _any,
    "texts": _texts,  # of endpoints only
    "amounts": _amounts,  # of programs only
    "objects": _objects,  # of bulk issues only
}
