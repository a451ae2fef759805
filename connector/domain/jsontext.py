"""JSON, read strictly and written exactly.

Reading refuses what two readers could understand differently: duplicate keys,
NaN, NUL, lone surrogates, another encoding than UTF-8, endless depth or digits.
Numbers with a fraction become `Decimal`, never `float`.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from .errors import BadJson

MAX_DEPTH: Final = 32  # no platform that we know nests deeper than 12
MAX_DIGITS: Final = 64  # a 128-bit id has 39 digits
MAX_EXPONENT: Final = 99
_MAX_WRITTEN: Final = 2 * MAX_DIGITS  # a number with its sign, point, zeros and exponent
MAX_KEY: Final = 1_024

_quoted: Final = json.encoder.encode_basestring_ascii
_OWN: Final = json.JSONDecoder(parse_float=Decimal)  # made once: a decoder costs what a small text does
_STRUCTURE: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)  # linear, whatever it meets


def loads(body: bytes) -> Any:
    """The value that `body` holds, or BadJson with the position of the fault.

    Objects are dicts, arrays lists, whole numbers int, others Decimal.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise BadJson(f"The body is not UTF-8: byte {fault.start} cannot be read") from fault
    if text.startswith("\ufeff"):
        raise BadJson("The body begins with a byte order mark; send plain UTF-8")
    _require_shallow(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_fraction,
            parse_int=_whole,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as fault:
        said = fault.msg.removesuffix(" at")
        place = f"line {fault.lineno}, column {fault.colno}"
        raise BadJson(f"The body is not JSON: {said} at {place}") from fault
    if "\\u" in text:  # only an escape can write a NUL or a lone surrogate
        _require_clean(value)
    return value


def read_own(text: str) -> Any:
    """What `dumps` wrote, read again: exact, and without the limits on what comes from outside.

    What came in just within them stands deeper in what we keep of it.
    """
    value, end = _OWN.raw_decode(text)
    if end != len(text):
        raise ValueError("more than one value")
    return value


def load_object(body: bytes) -> dict[str, Any]:
    """As `loads`, where only an object will do."""
    value = loads(body)
    if not isinstance(value, dict):
        raise BadJson("The body must be a JSON object")
    return value


def dumps(value: Any) -> str:
    """Canonical JSON: sorted keys, no blanks, ASCII only, decimals exact.

    Takes what `loads` gives. A float has no place here and raises TypeError.
    """
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts)


def _write(value: Any, parts: list[str]) -> None:
    """Exact types first, most frequent first: this runs for every event, trace and message."""
    kind = type(value)
    if kind is str:
        parts.append(_quoted(value))
    elif kind is dict:
        mark = "{"
        for key in sorted(value):
            if type(key) is not str:
                raise TypeError("a key of JSON is a text")
            parts.append(f"{mark}{_quoted(key)}:")
            _write(value[key], parts)
            mark = ","
        parts.append("{}" if mark == "{" else "}")
    elif value is None:
        parts.append("null")
    elif kind is bool:
        parts.append("true" if value else "false")
    elif kind is int:
        parts.append(str(value))
    elif kind is list or kind is tuple:
        mark = "["
        for item in value:
            parts.append(mark)
            _write(item, parts)
            mark = ","
        parts.append("[]" if mark == "[" else "]")
    elif kind is Decimal:
        parts.append(_number(value))
    elif isinstance(value, str | int):  # a kind of text or number of somebody else's
        parts.append(json.dumps(value))
    else:
        raise TypeError(f"{kind.__name__} has no place in JSON of ours")


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise TypeError("JSON has no such number")
    if abs(value.adjusted()) <= MAX_EXPONENT:
        plain = f"{value:f}"
        if len(plain) <= MAX_DIGITS:  # what is written here can be read here again
            return plain
    return str(value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise BadJson(f"The key {key[:60]!r} stands twice in one object")
            seen.add(key)
    for key in found:
        if len(key) > MAX_KEY:
            raise BadJson(f"A key is longer than {MAX_KEY} characters")
    return found


def _whole(text: str) -> int:
    if len(text) - text.startswith("-") > MAX_DIGITS:
        raise BadJson(f"A number has more than {MAX_DIGITS} digits")
    return int(text)


def _fraction(text: str) -> Decimal:
    if len(text) > _MAX_WRITTEN:
        raise BadJson(f"A number is written with more than {_MAX_WRITTEN} characters")
    try:
        number = Decimal(text)
    except InvalidOperation as fault:  # an exponent beyond what Decimal can hold
        raise BadJson("A number is out of range") from fault
    if len(number.as_tuple().digits) > MAX_DIGITS:
        raise BadJson(f"A number has more than {MAX_DIGITS} digits")
    # Of a nought too: `0e999999999` is a trap for whoever prints it.
    if abs(number.adjusted()) > MAX_EXPONENT:
        raise BadJson("A number is out of range")
    return number


def _constant(name: str) -> Any:
    raise BadJson(f"{name} is not a number that JSON knows")


def _require_shallow(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for found in _STRUCTURE.finditer(text):
        mark = found.group()
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise BadJson(f"The body is nested deeper than {MAX_DEPTH} levels")
        elif mark in "]}":
            depth -= 1


def _require_clean(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise BadJson("A text holds a NUL")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as fault:
            raise BadJson("A text holds half a surrogate pair") from fault
    elif isinstance(value, dict):
        for key, item in value.items():
            _require_clean(key)
            _require_clean(item)
    elif isinstance(value, list):
        for item in value:
            _require_clean(item)
