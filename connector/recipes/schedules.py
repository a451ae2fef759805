"""The words of schedules, `every tuesday at 10:00`, to the five fields of cron; and cron as it is written.

One rule: what comes out can be read by any cron, minute first, Sunday as 0.
"""

import re
from collections.abc import Mapping
from typing import Final

from .rates import Misworded
from .wording import closest, quoted

DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
EXAMPLES: Final = (
    "`every day at 10:00`, `every tuesday at 10:00`, `every weekday at 9:30` or "
    "`every month on the 1st at 10:00`"
)
MAX_CRON: Final = 120  # letters; the fullest sensible one has some 40

_WORDS: Final = re.compile(r"every +(.+?) +at +(\S+)")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)", re.ASCII)
_LOOSE_CLOCK: Final = re.compile(r"(\d{1,2})(?:[:.h](\d\d))? *(am|pm|uhr|h)?", re.ASCII | re.IGNORECASE)
_MONTHLY: Final = re.compile(r"month +on +the +(\d{1,2})(st|nd|rd|th|\.)?", re.ASCII)
_YEARLY: Final = re.compile(r"year +on +([a-z]+) +(\d{1,2})(?:st|nd|rd|th)?", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,2}", re.ASCII)
_STEP: Final = re.compile(r"(.+?)(?:/(\d{1,2}))?")
_LENGTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

FIELDS: Final[tuple[tuple[str, int, int, Mapping[str, int]], ...]] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name[:3]: number for number, name in enumerate(MONTHS, start=1)}),
    ("day of the week", 0, 7, {name[:3]: number for number, name in enumerate(DAYS)}),
)  # fmt: skip
"""Of cron: name, least, most, and the words that stand for numbers."""


def read_words(text: str) -> str:
    """The cron of `every tuesday at 10:00`, or Misworded."""
    words = " ".join(text.split()).casefold()
    found = _WORDS.fullmatch(words)
    if found is None:
        raise Misworded(_no_words(words))
    minute, hour = _clock(found[2])
    return f"{minute} {hour} {_days(found[1])}"


def read_cron(text: str) -> str:
    """The five fields, set apart by one blank each, or Misworded."""
    fields = text.split()
    if text.strip().startswith("@"):
        raise Misworded(f"{quoted(text)} is not known: `cron` has five fields, such as `0 10 * * 2`")
    if len(fields) != len(FIELDS) or len(text) > MAX_CRON:
        raise Misworded(
            f"`cron` has five fields (minute, hour, day, month, weekday), such as `0 10 * * 2`; "
            f"{quoted(text)} has {len(fields)}"
        )
    offset = 0
    for field, (name, least, most, names) in zip(fields, FIELDS, strict=True):
        offset = text.index(field, offset)
        for part in field.split(","):
            _require_part(part, name, (least, most), names, offset)
        offset += len(field)
    if fields[2].isdigit() and fields[3].isdigit() and int(fields[2]) > _LENGTHS[int(fields[3]) - 1]:
        raise Misworded(f"{MONTHS[int(fields[3]) - 1].title()} never has {fields[2]} days")
    return " ".join(fields)


def _require_part(
    part: str, name: str, bounds: tuple[int, int], names: Mapping[str, int], offset: int
) -> None:
    """One of a field's parts: `*`, `5`, `1-5`, `*/15`, `mon`."""
    least, most = bounds
    whole = _STEP.fullmatch(part)
    ends = [] if whole is None or whole[1] == "*" else whole[1].split("-")
    numbers = [names.get(end.casefold(), int(end) if _NUMBER.fullmatch(end) else -1) for end in ends]
    is_good = whole is not None and len(ends) <= 2 and all(least <= number <= most for number in numbers)
    if not is_good or numbers != sorted(numbers) or (whole and whole[2] is not None and int(whole[2]) == 0):
        raise Misworded(f"{quoted(part)} is not a {name} of `cron`: {least} to {most}, `*`, or `1-5`", offset)


def _clock(text: str) -> tuple[int, int]:
    found = _CLOCK.fullmatch(text)
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return int(found[2]), int(found[1])
    loose = _LOOSE_CLOCK.fullmatch(text)
    close = " such as `10:00`"
    if loose is not None:
        hour, minute = int(loose[1]), int(loose[2] or 0)
        hour = hour % 12 + 12 * (loose[3].casefold() == "pm") if loose[3] and loose[3][1:] == "m" else hour
        if hour < 24 and minute < 60:
            close = f": did you mean `{hour}:{minute:02}`?"
    raise Misworded(f"{quoted(text)} is not a time of the day{close}")


def _days(text: str) -> str:
    """The last three fields of cron."""
    if text == "day":
        return "* * *"
    if text == "weekday":
        return "* * 1-5"
    if text in DAYS:
        return f"* * {DAYS.index(text)}"
    monthly = _MONTHLY.fullmatch(text)
    if monthly is not None:
        return _monthly(int(monthly[1]))
    yearly = _YEARLY.fullmatch(text)
    if yearly is not None and yearly[1] in MONTHS:
        month, day = MONTHS.index(yearly[1]) + 1, int(yearly[2])
        if not 1 <= day <= _LENGTHS[month - 1]:
            raise Misworded(f"{yearly[1].title()} has no day {day}")
        return f"{day} {month} *"
    close = closest(text.removesuffix("s"), (*DAYS, "day", "weekday", "month on the 1st"))
    if text == "month":
        close = "month on the 1st"
    hint = f": did you mean `every {close} at …`?" if close else f"; write {EXAMPLES}"
    raise Misworded(f"{quoted('every ' + text)} is not known{hint}")


def _monthly(day: int) -> str:
    if not 1 <= day <= 31:
        raise Misworded(f"a month has no day {day}")
    if day > 28:
        raise Misworded(f"not every month has a day {day}: take the 28th or one before it")
    return f"{day} * *"


def _no_words(words: str) -> str:
    if words in ("daily", "weekly", "monthly") or words.startswith(("daily ", "weekly ", "monthly ")):
        meant = {"d": "every day", "w": "every monday", "m": "every month on the 1st"}[words[0]]
        at = words.partition(" at ")[2] or "10:00"
        return f"{quoted(words)} is not known: did you mean `{meant} at {at}`?"
    if words.startswith("every ") and " at " not in words:
        return f"{quoted(words)} has no time of the day: did you mean `{words} at 10:00`?"
    if (
        len(words.split()) == 5
        and re.fullmatch(r"[\d*,/ a-z-]+", words)
        and any(c in "*0123456789" for c in words)
    ):
        return f'{quoted(words)}: did you mean `cron: "{words}"`?'
    if " at " in words and closest(words.split()[0], ("every",)):
        return f"{quoted(words.split()[0])} is not known: did you mean `every`?"
    return f"{quoted(words)} is not a schedule: write {EXAMPLES}"
