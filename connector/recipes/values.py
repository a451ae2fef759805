"""Values of the recipe language, and what may be done with them. Exact, or an error; never false by accident.

Numbers are Decimal (or int), sums of money keep their currency, durations are
calendar months and days in the account's time zone. Two kinds are never
compared: a number against a text is an error.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import (
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import Any, Final

from ..domain.errors import BadAmount, ConnectorError, RunFailed
from ..domain.events import rfc3339
from ..domain.money import EXPONENT, Money, shown
from .wording import quoted

_LOUD: Final = [InvalidOperation, DivisionByZero, Overflow]
EXACT: Final = Context(prec=100, traps=[*_LOUD, Inexact])  # sums and products come out, or fail
DIVIDE: Final = Context(prec=40, traps=_LOUD)  # a third has no exact decimal: 40 digits of it
_ROUND: Final = Context(prec=100, traps=_LOUD)
MAX_SHOWN: Final = 200  # letters of a value in a trace
MAX_SHOWN_ITEMS: Final = 20
MAX_DURATION: Final = 100_000

_MOMENT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DURATION: Final = re.compile(r"(\d{1,6}) +(minute|hour|day|week|month|year)s?", re.ASCII)
_LONGEST_MEANT: Final = 40
_LIKE: Final = "write it like 25.00 USD"
_AMOUNT_MEANT: Final = re.compile(
    r"([^\W\d_]{1,8} ?|[$€£¥] ?)?"
    r"(\d{1,3}(?:,\d{3}){0,3}(?:\.\d{1,3})?|\d{1,12}(?:[.,]\d{1,3})?)"
    r"( ?[^\W\d_]{1,8}| ?[$€£¥])?"
)
_CURRENCY_WORDS: Final = {
    **dict.fromkeys(("$", "dollar"), "USD"),
    **dict.fromkeys(("€", "euro"), "EUR"),
    **dict.fromkeys(("£", "pound"), "GBP"),
    **dict.fromkeys(("¥", "yen"), "JPY"),
}
_NUMBER: Final = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?", re.ASCII)


class EvaluationFailed(RunFailed):
    """An expression has no value for this event. `offset` is where in its text, once known."""

    def __init__(self, detail: str, *, place: str | None = None) -> None:
        super().__init__(detail, place=place)
        self.offset: int | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum while it is being worked on: `number` in major units, perhaps finer than the currency allows."""

    number: Decimal
    currency: str

    def __str__(self) -> str:
        try:
            return str(as_money(self))
        except EvaluationFailed:
            return f"{plain_number(self.number)} {self.currency}"


@dataclass(frozen=True, slots=True)
class Duration:
    """Calendar months and days (in the account's time zone), then exact seconds."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    def __str__(self) -> str:
        parts = ((self.months, "months"), (self.days, "days"), (self.seconds, "seconds"))
        return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 days"


_UNITS: Final = {
    "minute": Duration(seconds=60),
    "hour": Duration(seconds=3600),
    "day": Duration(days=1),
    "week": Duration(days=7),
    "month": Duration(months=1),
    "year": Duration(months=12),
}
_NAMES: Final = {
    "null": "nothing",
    "truth": "a yes or no",
    "number": "a number",
    "text": "a text",
    "money": "a sum of money",
    "time": "a time",
    "duration": "a duration",
    "list": "a list",
    "block": "a block of fields",
}


def kind_of(value: Any) -> str:
    """One of null, truth, number, text, money, time, duration, list, block."""
    known = _KIND_OF.get(type(value))
    if known is not None:
        return known
    for types, kind in _KINDS:
        if isinstance(value, types):
            return kind
    raise EvaluationFailed(f"a value of a kind that recipes do not know ({type(value).__name__})")


_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    ((int, Decimal), "number"),
    (str, "text"),
    (Amount, "money"),
    (datetime, "time"),
    (Duration, "duration"),
    ((list, tuple), "list"),
    (Mapping, "block"),
)
_KIND_OF: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "truth",
    **{one: kind for types, kind in _KINDS[:-1] for one in (types if isinstance(types, tuple) else (types,))},
    dict: "block",
}
"""Of the types that nearly every value has: asked for millions of times in a backtest."""


def kind_name(kind: str) -> str:
    """The kind in an operator's words."""
    return _NAMES[kind]


def from_outside(value: Any) -> Any:
    """A value as recipes see it: Money, and JSON's `{"amount", "currency"}`, become an Amount."""
    if type(value) in _INNER:
        return value
    if isinstance(value, Money):
        return Amount(value.decimal, value.currency)
    if isinstance(value, Mapping) and len(value) == 2 and "amount" in value and "currency" in value:
        amount, currency = value["amount"], value["currency"]
        if isinstance(amount, int | Decimal) and not isinstance(amount, bool):
            amount = plain_number(Decimal(amount))
        is_written = isinstance(amount, str) and isinstance(currency, str)
        if is_written and currency in EXPONENT and _NUMBER.fullmatch(amount):
            return Amount(Decimal(amount), currency)
    return value


_INNER: Final = frozenset(_KIND_OF) - {dict}


def as_money(value: Amount) -> Money:
    """Whole minor units; EvaluationFailed where the currency has fewer decimals."""
    try:
        return Money.of_decimal(value.number, value.currency)
    except ConnectorError as fault:
        raise EvaluationFailed(f"{fault.detail}; round(…) brings it to what the currency allows") from fault


def read_amount(text: str) -> Amount:
    """From `25.00 USD`; EvaluationFailed otherwise."""
    try:
        money = Money.parse_written(text)
    except ConnectorError as fault:
        meant = near_amount(text)
        said = f"{shown(text)} is not an amount: " + (f"did you mean `{meant}`?" if meant else _LIKE)
        is_form = isinstance(fault, BadAmount) and "is not an amount" in fault.detail
        raise EvaluationFailed(said if meant or is_form else fault.detail) from fault
    return Amount(money.decimal, money.currency)


def near_amount(text: str) -> Money | None:
    """What somebody means by `$25`, `25,00 EUR`, `usd 25` or `1,000 dollars`, or None."""
    found = _AMOUNT_MEANT.fullmatch(text.strip()[:_LONGEST_MEANT])
    if found is None:
        return None
    before, number, after = found.groups(default="")
    word = (before or after).strip()
    currency = _CURRENCY_WORDS.get(word.casefold().rstrip("s"), word.upper())
    number = re.sub(r",(\d{1,2})$", r".\1", number)  # the decimal comma of half the world
    try:
        return None if before and after else Money.parse(number.replace(",", ""), currency)
    except ConnectorError:
        return None


def read_number(text: str) -> Decimal:
    """From `25.00`; no exponent, blank or separator."""
    if not _NUMBER.fullmatch(text):
        raise EvaluationFailed(f"{shown(text)} is not a number")
    return Decimal(text)


def read_duration(text: str) -> Duration | None:
    """From `30 days`, or None where the text is no duration."""
    found = _DURATION.fullmatch(text)
    if found is None or int(found[1]) > MAX_DURATION:
        return None
    count, unit = int(found[1]), _UNITS[found[2]]
    return Duration(unit.months * count, unit.days * count, unit.seconds * count)


def read_time(text: str, zone: tzinfo) -> datetime | None:
    """From RFC 3339 text, or a date (its beginning in `zone`); None where the text is neither."""
    found = _MOMENT.fullmatch(text)
    try:
        if found is None:
            if not _DATE.fullmatch(text):
                return None
            return datetime.combine(date.fromisoformat(text), time(), zone).astimezone(UTC)
        day, clock, fraction, offset = found.groups()
        fraction = f".{(fraction or '0')[:6].ljust(6, '0')}"
        return datetime.fromisoformat(f"{day}T{clock}{fraction}{offset.upper().replace('Z', '+00:00')}")
    except (ValueError, OverflowError):
        return None


def later(at: datetime, by: Duration, zone: tzinfo, sign: int = 1) -> datetime:
    """`at` moved by a duration: months and days by the calendar of `zone`, cut to a month's last day."""
    try:
        local = at.astimezone(zone)
        if by.months:
            year, month = divmod(local.year * 12 + local.month - 1 + sign * by.months, 12)
            local = local.replace(year=year, month=month + 1, day=min(local.day, _days_in(year, month + 1)))
        if by.days:
            local = (local.replace(tzinfo=None) + sign * timedelta(days=by.days)).replace(tzinfo=zone)
        return local.astimezone(UTC) + sign * timedelta(seconds=by.seconds)
    except (ValueError, OverflowError) as fault:
        raise EvaluationFailed(f"{by} from {rfc3339(at)} is beyond the calendar") from fault


def _days_in(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - timedelta(days=1)).day


def days_between(first: datetime, last: datetime, zone: tzinfo) -> int:
    """Midnights from `first` to `last` in `zone`; negative where `last` is earlier."""
    return (last.astimezone(zone).date() - first.astimezone(zone).date()).days


def plain_number(number: int | Decimal) -> str:
    """Digits without exponent and without zeros at the end of a fraction."""
    text = f"{Decimal(number):f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def rounded(value: Any, *, down: bool) -> Any:
    """A number to a whole one, money to its currency's smallest unit; `down`, else half up."""
    rounding = ROUND_FLOOR if down else ROUND_HALF_UP
    kind = kind_of(value)
    if kind not in ("number", "money"):
        raise EvaluationFailed(f"{kind_name(kind)} cannot be rounded")
    try:
        if isinstance(value, Amount):
            unit = Decimal(1).scaleb(-EXPONENT[value.currency])
            return Amount(value.number.quantize(unit, rounding, context=_ROUND), value.currency)
        return Decimal(value).quantize(Decimal(1), rounding, context=_ROUND)
    except DecimalException as fault:
        raise EvaluationFailed("the number is out of range") from fault


def as_text(value: Any) -> str:
    """The value as it stands in a text; EvaluationFailed for lists, blocks and nothing."""
    kind = kind_of(value)
    if kind == "text":
        return str(value)
    if kind == "number":
        return plain_number(value)
    if kind == "truth":
        return "true" if value else "false"
    if kind == "time":
        return rfc3339(value)
    if kind in ("money", "duration"):
        return str(value)
    raise EvaluationFailed(f"{kind_name(kind)} cannot stand in a text")


def for_trace(value: Any, depth: int = 3) -> Any:
    """The value as a trace keeps it: JSON-ready, and cut where it is long."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        whole = Decimal(value)
        return (
            int(value) if abs(whole.adjusted()) < MAX_SHOWN and whole == whole.to_integral_value() else value
        )
    if isinstance(value, Mapping):
        if depth == 0:
            return "…"
        pairs = list(value.items())[:MAX_SHOWN_ITEMS]
        return {str(name): for_trace(item, depth - 1) for name, item in pairs}
    if isinstance(value, list | tuple):
        return [for_trace(item, depth - 1) for item in value[:MAX_SHOWN_ITEMS]] if depth else "…"
    text = rfc3339(value) if isinstance(value, datetime) else str(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def named(value: Any) -> str:
    """`the number 4`, for errors."""
    kind = kind_of(value)
    if kind in ("list", "block", "null"):
        return kind_name(kind)
    noun = kind_name(kind).split(" ", 1)[1]
    return f"the {noun} {quoted(as_text(value))}"
