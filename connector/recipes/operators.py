"""What `== < has in + - * /` do with two values. Kinds that do not go together are an error.

Pure functions: values in, a value or EvaluationFailed out.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal, DecimalException, Inexact
from typing import Any, Final

from .values import (
    DIVIDE,
    EXACT,
    Amount,
    Duration,
    EvaluationFailed,
    from_outside,
    kind_name,
    kind_of,
    later,
    named,
    read_time,
)

ORDERED: Final = ("number", "money", "time", "duration")
EQUATED: Final = (*ORDERED, "text", "truth", "null")

_ORDER: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": lambda left, right: bool(left == right),
    "!=": lambda left, right: bool(left != right),
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
}


_NUMBERS: Final = frozenset((int, Decimal))


def compare(sign: str, left: Any, right: Any, zone: tzinfo) -> bool:
    """`left sign right`, for one of == != < <= > >=."""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return _ORDER[sign](left, right)
    left, right = _paired(from_outside(left), from_outside(right), sign, zone)
    kind, other = kind_of(left), kind_of(right)
    if "null" in (kind, other) and sign in ("==", "!="):
        return (kind == other) == (sign == "==")
    if kind != other:
        raise EvaluationFailed(f"{named(left)} cannot be compared with {named(right)}")
    if kind not in (ORDERED if sign not in ("==", "!=") else EQUATED):
        raise EvaluationFailed(f"`{sign}` does not work on {kind_name(kind)}")
    if kind == "money":
        return _ORDER[sign](left.number, _same_currency(left, right))
    if kind == "duration":
        return _ORDER[sign](*_lengths(left, right))
    return _ORDER[sign](left, right)


def _paired(left: Any, right: Any, sign: str, zone: tzinfo) -> tuple[Any, Any]:
    """Texts that tell a time are read as one where the other side is a time, or where order is asked."""
    if isinstance(left, str) and isinstance(right, str) and sign not in ("==", "!="):
        first, second = read_time(left, zone), read_time(right, zone)
        return (left, right) if first is None or second is None else (first, second)
    if isinstance(left, datetime) and isinstance(right, str):
        return left, _require_time(right, zone)
    if isinstance(left, str) and isinstance(right, datetime):
        return _require_time(left, zone), right
    return left, right


def as_time(value: Any, zone: tzinfo) -> datetime:
    """A time, or RFC 3339 text that tells one."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return _require_time(value, zone)
    raise EvaluationFailed(f"{named(value)} is not a time")


def _require_time(text: str, zone: tzinfo) -> datetime:
    at = read_time(text, zone)
    if at is None:
        raise EvaluationFailed(f"{named(text)} is not a time such as 2026-11-20T15:00:00Z, nor a date")
    return at


def _same_currency(left: Amount, right: Amount) -> Decimal:
    if left.currency != right.currency:
        raise EvaluationFailed(f"{left} and {right} have different currencies")
    return right.number


def _lengths(left: Duration, right: Duration) -> tuple[int, int]:
    if left.months or right.months:
        if left.days or right.days or left.seconds or right.seconds:
            raise EvaluationFailed(f"{left} cannot be compared with {right}: months differ in length")
        return left.months, right.months
    day = int(timedelta(days=1).total_seconds())
    return left.days * day + left.seconds, right.days * day + right.seconds


def holds(container: Any, item: Any, zone: tzinfo) -> bool:
    """`container has item`: a list an item, a text a part, a block a field."""
    kind = kind_of(container)
    if kind == "text" and isinstance(item, str):
        return item in container
    if isinstance(container, Mapping) and isinstance(item, str):
        return item in container
    if kind != "list":
        raise EvaluationFailed(f"{named(container)} cannot hold {named(item)}")
    misfit: Any = None
    wanted = kind_of(from_outside(item))
    for each in container:
        if kind_of(from_outside(each)) != wanted:
            misfit = each
        elif compare("==", each, item, zone):
            return True
    if misfit is not None:
        raise EvaluationFailed(f"the list holds {named(misfit)}, which cannot be compared with {named(item)}")
    return False


def calculate(sign: str, left: Any, right: Any, zone: tzinfo) -> Any:
    """`left sign right`, for one of + - * /."""
    left, right = from_outside(left), from_outside(right)
    work = _WORK.get((kind_of(left), sign, kind_of(right)))
    if work is None:
        raise EvaluationFailed(f"`{sign}` does not work on {named(left)} and {named(right)}")
    if sign == "/" and not (right.number if isinstance(right, Amount) else right):
        raise EvaluationFailed("a division by zero")
    try:
        return work(left, right, zone)
    except Inexact as fault:
        raise EvaluationFailed("the result has too many digits") from fault
    except DecimalException as fault:
        raise EvaluationFailed("the result is out of range") from fault


def _span(left: datetime, right: datetime) -> Duration:
    return Duration(seconds=int((left - right).total_seconds()))


def _joined(left: Duration, right: Duration, sign: int = 1) -> Duration:
    return Duration(
        left.months + sign * right.months, left.days + sign * right.days, left.seconds + sign * right.seconds
    )


_WORK: Final[dict[tuple[str, str, str], Callable[[Any, Any, tzinfo], Any]]] = {
    ("number", "+", "number"): lambda a, b, _: EXACT.add(a, b),
    ("number", "-", "number"): lambda a, b, _: EXACT.subtract(a, b),
    ("number", "*", "number"): lambda a, b, _: EXACT.multiply(a, b),
    ("number", "/", "number"): lambda a, b, _: DIVIDE.divide(a, b),
    ("money", "+", "money"): lambda a, b, _: Amount(EXACT.add(a.number, _same_currency(a, b)), a.currency),
    ("money", "-", "money"): lambda a, b, _: Amount(
        EXACT.subtract(a.number, _same_currency(a, b)), a.currency
    ),
    ("money", "*", "number"): lambda a, b, _: Amount(EXACT.multiply(a.number, b), a.currency),
    ("number", "*", "money"): lambda a, b, _: Amount(EXACT.multiply(a, b.number), b.currency),
    ("money", "/", "number"): lambda a, b, _: Amount(DIVIDE.divide(a.number, b), a.currency),
    ("money", "/", "money"): lambda a, b, _: DIVIDE.divide(a.number, _same_currency(a, b)),
    ("time", "+", "duration"): lambda a, b, zone: later(a, b, zone),
    ("time", "-", "duration"): lambda a, b, zone: later(a, b, zone, -1),
    ("time", "-", "time"): lambda a, b, _: _span(a, b),
    ("duration", "+", "duration"): lambda a, b, _: _joined(a, b),
    ("duration", "-", "duration"): lambda a, b, _: _joined(a, b, -1),
}
