"""The words of limits: `1 per 60 days`, `500.00 USD per month`, and what is wrong where they are others.

One rule: every text ends in a value or in a Misworded, which says how it is written.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ..domain.errors import ConnectorError
from ..domain.money import Money
from .clauses import UNITS, Budget, Period, Rate
from .expressions import Spot
from .values import MAX_DURATION, Duration, EvaluationFailed, near_amount, read_amount, read_duration
from .wording import closest, quoted

MAX_COUNT: Final = 1_000_000  # cards: more are given by nobody's recipe
MAX_SHARE: Final = 90  # percent that get nothing: with more, the recipe is for nobody

_PER: Final = re.compile(r" +per +")
_EACH: Final = re.compile(r" +(?:a|an|each|every|/|in|pro|for|within) +|/", re.IGNORECASE)
_PERIOD: Final = re.compile(r"(?:(\d{1,6}) +)?([^\W\d]+)", re.ASCII)
_SHORT: Final = re.compile(r"(\d{1,6}) *([^\W\d]+)", re.ASCII)
_COUNT: Final = re.compile(r"\d{1,7}", re.ASCII)
_SHARE: Final = re.compile(r"(\d{1,2}(?:\.\d{1,2})?) *%", re.ASCII)
_NUMBERS: Final = {"one": 1, "once": 1, "two": 2, "twice": 2, "three": 3, "ten": 10}
_WORDS: Final = {
    "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year", "hourly": "hour",
    "d": "days", "days": "days", "h": "hours", "hr": "hours", "hrs": "hours", "m": "months", "mo": "months",
    "min": "minutes", "mins": "minutes", "w": "weeks", "wk": "weeks", "y": "years", "yr": "years",
    "tag": "day", "tage": "days", "monat": "month", "monate": "months", "jahr": "year", "woche": "week",
}  # fmt: skip


class Misworded(ConnectorError):
    """Words that mean nothing here; `offset` counts the characters before the first wrong one."""

    code = "faulty_files"
    title = "Words with a fault"

    def __init__(self, detail: str, offset: int = 0) -> None:
        super().__init__(detail)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class _Halves:
    """What stands before and after `per`, and where the second begins."""

    first: str
    second: str
    offset: int


def read_rate(text: str, spot: Spot, example: str = "1 per 60 days") -> Rate:
    """From `1 per 60 days`."""
    halves = _halves(text, example)
    return Rate(_count(halves.first, example), _period(halves), spot)


def read_budget(text: str, spot: Spot) -> Budget:
    """From `500.00 USD per month`."""
    example = "500.00 USD per month"
    halves = _halves(text, example)
    if re.fullmatch(r"\d+(?:\.\d+)?", halves.first, re.ASCII):
        raise Misworded(f"a budget has its currency: write `{halves.first} USD per {halves.second}`")
    try:
        amount = read_amount(halves.first)
    except EvaluationFailed as fault:
        hint = "" if fault.detail.endswith("?") else f": a budget is written like `{example}`"
        raise Misworded(fault.detail + hint) from fault
    if amount.number <= 0:
        raise Misworded("a budget is more than nothing; to stop a recipe write `status: paused`")
    return Budget(Money.of_decimal(amount.number, amount.currency), _period(halves), spot)


def read_within(text: str, example: str = "30 days") -> Duration:
    """From `30 days`, more than nothing."""
    found = read_duration(text)
    if found is None:
        raise Misworded(_no_duration(text, example))
    if found == Duration():
        raise Misworded(f"{quoted(text)} is no time at all")
    return found


def read_share(text: str) -> Decimal:
    """From `10%`: the part of the whole, 0.1."""
    found = _SHARE.fullmatch(text)
    if found is None:
        number = text.removesuffix("percent").strip()
        close = f": did you mean `{number}%`?" if re.fullmatch(r"\d{1,2}", number, re.ASCII) else ""
        raise Misworded(f"{quoted(text)} is not a share such as `10%`{close}")
    share = Decimal(found[1])
    if not 0 < share <= MAX_SHARE:
        raise Misworded(f"a control group is more than 0% and at most {MAX_SHARE}%")
    return share / 100


def _halves(text: str, example: str) -> _Halves:
    found = _PER.search(text)
    if found is not None:
        return _Halves(text[: found.start()].strip(), text[found.end() :].strip(), found.end())
    other = _EACH.search(text)
    first, second = (text[: other.start()], text[other.end() :]) if other else ("", "")
    if first.strip() and second.strip():
        raise Misworded(
            f"{quoted(text)}: did you mean `{near_amount(first) or first.strip()} per {second.strip()}`?",
            other.start() if other else 0,
        )
    head, _, last = text.rpartition(" ")
    if head and _WORDS.get(last.casefold()) in UNITS:
        raise Misworded(f"{quoted(text)}: did you mean `{head.strip()} per {_WORDS[last.casefold()]}`?")
    raise Misworded(f"{quoted(text)} has no `per`: it is written like `{example}`")


def _count(text: str, example: str) -> int:
    if _COUNT.fullmatch(text) and 0 < int(text) <= MAX_COUNT:
        return int(text)
    if _COUNT.fullmatch(text):
        raise Misworded(f"a limit is a whole number from 1 to {MAX_COUNT:,}; none at all is `status: paused`")
    number = _NUMBERS.get(text.casefold()) or _NUMBERS.get(text.partition(" ")[0].casefold())
    leading = re.match(r"\d{1,7}\b", text, re.ASCII)
    meant = str(number) if number else leading.group() if leading and "." not in text else None
    if meant is not None:
        raise Misworded(f"{quoted(text)} is not a whole number: did you mean `{meant}`?")
    raise Misworded(f"{quoted(text)} is not a whole number; it is written like `{example}`")


def _period(halves: _Halves) -> Period:
    text = halves.second
    found = _PERIOD.fullmatch(text)
    unit = None if found is None else found[2].removesuffix("s")
    if found is None or unit not in UNITS or found[2] != found[2].lower():
        raise Misworded(_no_period(text), halves.offset)
    if found[1] is None:
        if found[2] != unit:
            raise Misworded(f"{quoted(text)}: did you mean `{unit}`, or `30 {unit}s`?", halves.offset)
        return Period(unit)
    if not 0 < int(found[1]) <= MAX_DURATION:
        raise Misworded(f"a period has from 1 to {MAX_DURATION:,} {unit}s", halves.offset)
    return Period(unit, int(found[1]))


def _no_period(text: str) -> str:
    short = _SHORT.fullmatch(text)
    if short is not None:
        word = short[2].casefold()
        unit = _WORDS.get(word) or closest(word, [f"{unit}s" for unit in UNITS])
        if unit is not None:
            return f"{quoted(text)} is not a period: did you mean `{short[1]} {unit}`?"
    word = _WORDS.get(text.casefold(), "").removesuffix("s") or closest(text, UNITS)
    close = f": did you mean `{word}`?" if word else ": write `month`, `week`, `day`, or `60 days`"
    return f"{quoted(text)} is not a period{close}"


def _no_duration(text: str, example: str) -> str:
    short = _SHORT.fullmatch(text)
    word = None
    if short is not None:
        word = _WORDS.get(short[2].casefold()) or closest(short[2].casefold(), [f"{unit}s" for unit in UNITS])
    close = f": did you mean `{short[1]} {word}`?" if short is not None and word else f" such as `{example}`"
    return f"{quoted(text)} is not a duration{close}"
