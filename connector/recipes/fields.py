"""Fields of steps: from what the recipe says to what the deed takes, by the field's kind.

A literal is checked at load; a template when it is rendered. Nothing is guessed:
an amount without a currency is a fault, not a sum in the account's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..domain.events import CUSTOM_PREFIX, is_event_type, rfc3339
from ..domain.money import Money, shown
from ..domain.steps import StepField
from .names import Scene
from .templates import Template
from .values import (
    Amount,
    Duration,
    EvaluationFailed,
    as_money,
    as_text,
    from_outside,
    later,
    named,
    read_amount,
    read_duration,
    read_time,
)
from .wording import quoted, suggest

_UTC: Final = ZoneInfo("UTC")

WORDED: Final = ("text", "card", "contact", "custom_type")
"""Kinds that take what stands there as its letters: `01234` is no number."""

Fill = Callable[[Scene], Any]


@dataclass(frozen=True, slots=True)
class Filled:
    """One field of one step. `source` is what the recipe says, for traces of what was not performed."""

    name: str
    source: Any
    fill: Fill


def literal_fault(field: StepField, value: Any) -> str | None:
    """What is wrong with a literal for this field, or None."""
    if value is None:
        return f"`{field.name}` is null: leave it out instead"
    kind = field.kind
    if kind == "money" and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return f"`{field.name}` has no currency: write it like `{Decimal(value):.2f} USD`"
    if kind == "moment" and isinstance(value, str) and read_duration(value) is None:
        if read_time(value, _UTC) is None:
            return f"{quoted(value)} is neither a duration such as `12 months` nor a date"
        return None
    if kind == "moment" and isinstance(value, str):
        return None
    try:
        coerce(field, value, None)
    except EvaluationFailed as fault:
        return fault.detail
    return None


def filled(field: StepField, template: Template) -> Filled:
    """A field whose value is rendered for each event, and brought to its kind."""

    def fill(scene: Scene) -> Any:
        wants_text = field.kind in WORDED
        value = template.render(scene)
        if wants_text and not isinstance(value, Mapping):
            value = template.render_text(scene)
        try:
            return coerce(field, value, scene)
        except EvaluationFailed as fault:
            if fault.place is None:
                fault.place = template.spot.place()
            raise

    return Filled(field.name, template.source, fill)


def literal(field: StepField, value: Any) -> Filled:
    """A field that is the same for every event (times but for their now)."""
    if field.kind == "moment":
        return Filled(field.name, value, lambda scene: coerce(field, value, scene))
    ready = coerce(field, value, None)
    return Filled(field.name, value, lambda _: ready)


def coerce(field: StepField, value: Any, scene: Scene | None) -> Any:
    """The value as the deed takes it; EvaluationFailed where it is of another kind.

    money → Money, moment → aware datetime, whole → int, flag → bool, mapping →
    dict in JSON's kinds, text, card and contact → str.
    """
    value = from_outside(value)
    work = _BY_KIND.get(field.kind)
    result = as_json(value) if work is None else work(field, value, scene)
    for one in result if isinstance(result, list) and field.kind == "texts" else [result]:
        if field.choices and one not in field.choices:
            raise EvaluationFailed(
                f"`{field.name}`: {quoted(str(one))} is not a choice{suggest(str(one), field.choices)}"
            )
    if field.above_zero and (result.minor if isinstance(result, Money) else result) <= 0:
        raise EvaluationFailed(f"`{field.name}` is {result}, and must be above zero")
    return result


def as_json(value: Any) -> Any:
    """The value in JSON's kinds: sums as `{"amount", "currency"}`, times as RFC 3339 text."""
    value = from_outside(value)
    if isinstance(value, Mapping):
        return {str(name): as_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, Amount):
        return as_money(value).as_json()
    if isinstance(value, datetime):
        return rfc3339(value)
    return str(value) if isinstance(value, Duration) else value


def _money(field: StepField, value: Any, _scene: Scene | None) -> Money:
    if isinstance(value, str):
        value = read_amount(value)
    if not isinstance(value, Amount):
        raise EvaluationFailed(f"`{field.name}` is {named(value)}, where a sum such as 25.00 USD is expected")
    return as_money(value)


def _moment(field: StepField, value: Any, scene: Scene | None) -> Any:
    if scene is None:
        return value
    if isinstance(value, str):
        value = read_duration(value) or read_time(value, scene.zone) or value
    if isinstance(value, Duration):
        return later(scene.now, value, scene.zone)
    if not isinstance(value, datetime):
        raise EvaluationFailed(f"`{field.name}` is {named(value)}, where a time or a duration is expected")
    return value


def _flag(field: StepField, value: Any, _scene: Scene | None) -> bool:
    if not isinstance(value, bool):
        raise EvaluationFailed(f"`{field.name}` is {named(value)}, where `true` or `false` is expected")
    return value


def _whole(field: StepField, value: Any, _scene: Scene | None) -> int:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if not is_number or value != int(value) or abs(value) >= 10**18:
        raise EvaluationFailed(f"`{field.name}` is {named(value)}, where a whole number is expected")
    return int(value)


def _text(_field: StepField, value: Any, _scene: Scene | None) -> str:
    return as_text(value)


def _custom_type(field: StepField, value: Any, _scene: Scene | None) -> str:
    """Ours alone begin otherwise: a subscriber believes of `gift_card.issued` that there is a card."""
    text = as_text(value)
    if not (text.startswith(CUSTOM_PREFIX) and is_event_type(text)):
        raise EvaluationFailed(
            f"`{field.name}` is {quoted(text)}: a recipe sends `custom.<name>` messages only, "
            "whose name has letters, digits, `_`, `-` and dots"
        )
    return text


def _id(field: StepField, value: Any, _scene: Scene | None) -> str:
    """A card or a contact: its id, or a step's result that has one."""
    if isinstance(value, Mapping) and isinstance(value.get("id"), str):
        return str(value["id"])
    if isinstance(value, Mapping):
        raise EvaluationFailed(f"`{field.name}` has no id among {shown(sorted(map(str, value)))}")
    return as_text(value)


def _mapping(field: StepField, value: Any, _scene: Scene | None) -> Any:
    if isinstance(value, Amount) or not isinstance(value, Mapping):
        raise EvaluationFailed(f"`{field.name}` is {named(value)}, where a block of fields is expected")
    return as_json(value)


def _texts(field: StepField, value: Any, _scene: Scene | None) -> list[str]:
    given = value if isinstance(value, list) else [value]
    if not given or not all(isinstance(one, str) for one in given):
        raise EvaluationFailed(f"`{field.name}` is one word or a list of them, such as `[email, sms]`")
    return list(given)


_BY_KIND: Final[Mapping[str, Callable[[StepField, Any, Scene | None], Any]]] = {
    "money": _money,
    "moment": _moment,
    "flag": _flag,
    "whole": _whole,
    "text": _text,
    "card": _id,
    "contact": _id,
    "mapping": _mapping,
    "texts": _texts,
    "custom_type": _custom_type,
}
