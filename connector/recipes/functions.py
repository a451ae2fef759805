"""The functions of the recipe language: a closed table. Nobody can add one in a recipe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from ..domain.money import EXPONENT, shown
from .names import Scene
from .operators import as_time, calculate
from .values import (
    Amount,
    EvaluationFailed,
    days_between,
    from_outside,
    kind_of,
    named,
    read_amount,
    read_number,
    rounded,
)


@dataclass(frozen=True, slots=True)
class Function:
    """`example` is what faults show; `kind` what it gives (None: depends on what it gets)."""

    least: int
    most: int
    kind: str | None
    example: str
    call: Callable[..., Any]


def _count(_scene: Scene, value: Any) -> int:
    if isinstance(value, list | tuple | Mapping):
        return len(value)
    raise EvaluationFailed(f"{named(value)} cannot be counted; a list can")


def _lower(_scene: Scene, value: Any) -> str:
    if isinstance(value, str):
        return value.lower()
    raise EvaluationFailed(f"{named(value)} is not a text")


def _number(_scene: Scene, value: Any) -> Any:
    value = from_outside(value)
    if isinstance(value, Amount):
        return value.number
    if isinstance(value, str):
        return read_number(value)
    if kind_of(value) == "number":
        return value
    raise EvaluationFailed(f"{named(value)} is not a number")


def _money(scene: Scene, value: Any, currency: Any = None) -> Amount:
    value = from_outside(value)
    if isinstance(value, str) and currency is None and " " in value:
        return read_amount(value)
    if isinstance(value, Amount):
        if currency is not None and currency != value.currency:
            raise EvaluationFailed(f"{value} is not in {shown(currency)}")
        return value
    code = scene.currency if currency is None else currency
    if not isinstance(code, str) or code not in EXPONENT:
        raise EvaluationFailed(f"{shown(code)} is not a currency code such as USD")
    return Amount(Decimal(_number(scene, value)), code)


def _percent(scene: Scene, rate: Any, of: Any) -> Any:
    """Money comes out in whole smallest units, half up: ten percent of 19.99 USD is 2.00 USD."""
    share = calculate("*", calculate("/", rate, Decimal(100), scene.zone), of, scene.zone)
    return rounded(share, down=False) if isinstance(share, Amount) else share


def _days_since(scene: Scene, value: Any) -> int:
    return days_between(as_time(value, scene.zone), scene.now, scene.zone)


def _days_until(scene: Scene, value: Any) -> int:
    return days_between(scene.now, as_time(value, scene.zone), scene.zone)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "count": Function(1, 1, "number", "count(contact.tags)", _count),
    "floor": Function(1, 1, None, "floor(2.7)", lambda _, value: rounded(from_outside(value), down=True)),
    "round": Function(1, 1, None, "round(2.5)", lambda _, value: rounded(from_outside(value), down=False)),
    "lower": Function(1, 1, "text", "lower(event.tag)", _lower),
    "number": Function(1, 1, "number", "number(event.order.total)", _number),
    "money": Function(1, 2, "money", 'money(25, "USD")', _money),
    "percent": Function(2, 2, None, "percent(10, event.order.total)", _percent),
    "days_since": Function(1, 1, "number", "days_since(contact.last_visit_at)", _days_since),
    "days_until": Function(1, 1, "number", "days_until(contact.next_expiry_at)", _days_until),
    "now": Function(0, 0, "time", "now()", lambda scene: scene.now),
}
