"""A query's parameters become typed values, or every fault is named at once, as a 400.

The one rule: as in a body, nothing is guessed, and a parameter that is not known is refused.
"""

import difflib
import re
from collections.abc import Mapping
from typing import Any, Final

from ..domain.errors import BadRequest, FieldError, ValidationFailed
from ..operations.kit import Field
from . import fields
from .fields import Shape

_DIGITS: Final = 18
_LOST_PLUS: Final = re.compile(r"(?<=[0-9]) (?=[0-9]{2}:[0-9]{2}\Z)")  # it was not percent-encoded


def read(known: Mapping[str, Field], written: Mapping[str, str]) -> dict[str, Any]:
    """The parameters that are there, each of its kind; BadRequest names every one that is wrong.

    `whole` and `money` are ints, `flag` is `true` or `false`, `texts` are parted by
    commas; the other kinds as in a body.
    """
    errors = [FieldError(name[:60], _unknown(known, name)) for name in written if name not in known]
    found: dict[str, Any] = {}
    for name, text in written.items():
        if name not in known:
            continue
        try:
            shape = Shape({name: known[name]})
            found |= fields.read(shape, {name: _value(known[name].kind, text)})
        except ValidationFailed as fault:
            errors.extend(fault.errors)
    if errors:
        told = sorted(errors, key=lambda one: one.field)[: fields.MAX_ERRORS]
        raise BadRequest(f"{told[0].field} {told[0].message}", errors=told)
    return found


def _value(kind: str, text: str) -> Any:
    if kind in ("whole", "money"):
        digits = text.removeprefix("-")
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS
        return int(text) if is_number else text
    if kind == "moment":
        return _LOST_PLUS.sub("+", text)
    if kind == "flag":
        return {"true": True, "false": False}.get(text, text)
    if kind == "texts":
        return text.split(",")
    return text


def _unknown(known: Mapping[str, Field], name: str) -> str:
    near = difflib.get_close_matches(name[:60], known, n=1)
    return f"is not a parameter of this call{f'; did you mean {near[0]}?' if near else ''}"
