"""What no-code tools send, in the form that readers take: numbers for texts, texts for numbers, empty fields.

The one rule: what is meant is certain, or the value stays as it came and the reader of
its kind refuses it. Of the action face only; nothing is rounded, and no float is met.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from ..operations.kit import Field

BLANKS: Final = " \t\r\n"  # what comes along where people paste
MAX_BLANKS: Final = 100  # on either side: more was not pasted by accident
MAX_NUMBER: Final = 10**18  # as text: ids of platforms have up to 17 digits

_FLAGS: Final = {"true": True, "false": False}


def normal(fields: Mapping[str, Field], given: Mapping[str, Any]) -> dict[str, Any]:
    """The body without its empty fields, each value in the form that its kind is read from."""
    told = {name: value for name, value in given.items() if name not in fields or not is_empty(value)}
    return {name: _one(fields[name].kind, value) if name in fields else value for name, value in told.items()}


def is_empty(value: Any) -> bool:
    """Null, or a text of nothing but blanks: a field that a tool had nothing for."""
    return value is None or (isinstance(value, str) and len(value) <= MAX_BLANKS and not value.strip(BLANKS))


def _one(kind: str, value: Any) -> Any:
    if kind in ("text", "card", "contact"):
        return _as_text(value)
    if kind == "decimal":
        return _as_decimal(value)
    if not isinstance(value, str):
        return value
    text = _trimmed(value)
    if kind == "flag":
        return _FLAGS.get(text.lower(), value)
    return text.upper() if kind == "currency" and text.isascii() else text


def _as_text(value: Any) -> Any:
    """A whole number as text: a phone number, a receipt's number."""
    if isinstance(value, Decimal) and abs(value.adjusted()) <= 18 and value == value.to_integral_value():
        value = int(value)
    return str(value) if type(value) is int and abs(value) < MAX_NUMBER else value


def _as_decimal(value: Any) -> Any:
    """A number of major units as text, exact: JSON is read without floats."""
    if isinstance(value, str):
        return _trimmed(value)
    if type(value) is int:
        return str(value) if abs(value) < MAX_NUMBER else value
    if not isinstance(value, Decimal) or abs(value.adjusted()) > 18:
        return value
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _trimmed(value: str) -> str:
    """Without the blanks around it, where they are few."""
    left, right = value.lstrip(BLANKS), value.rstrip(BLANKS)
    few = len(value) - len(left) <= MAX_BLANKS and len(value) - len(right) <= MAX_BLANKS
    return value.strip(BLANKS) if few else value
