"""Days of an account's calendar: which day it is there, and when a card of `12 months` ends.

A length in days, weeks, months or years ends with the last second of its last day
in the account's time zone, so that the date people read is still a good one.
"""

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from .errors import ValidationFailed

_WRITTEN: Final = re.compile(r"([1-9]\d{0,4}) (day|week|month|year)s?", re.ASCII)
_MONTHS: Final = {"month": 1, "year": 12}
_DAYS: Final = {"day": 1, "week": 7}
_MOST_YEARS: Final = 100
LAST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The last moment that anything ends at."""


def require_length(text: str) -> str:
    """The length of time itself, or ValidationFailed: `30 days`, `12 months`, `5 years`."""
    if (found := _WRITTEN.fullmatch(text)) is None or _is_too_long(int(found[1]), found[2]):
        raise ValidationFailed(
            f"A length of time is written like 30 days or 12 months; {_MOST_YEARS} years at most"
        )
    return text


def local_day(at: datetime, timezone: str) -> date:
    """Which day it is in the account's calendar."""
    try:
        return at.astimezone(ZoneInfo(timezone)).date()
    except OverflowError:  # the last evening of the calendar is over there
        return date.max


def end_of_day(day: date, timezone: str) -> datetime:
    """The last second of a day in the account's time zone, in UTC."""
    # fold: where clocks are put back at midnight, that second comes twice, and the day ends with the later.
    try:
        return datetime.combine(day, time(23, 59, 59), ZoneInfo(timezone)).replace(fold=1).astimezone(UTC)
    except OverflowError:  # west of Greenwich the last day of the calendar ends after it
        return LAST


def end_after(length: str, now: datetime, timezone: str) -> datetime:
    """When what begins `now` ends after `length`; a month's 31st becomes its last day."""
    found = _WRITTEN.fullmatch(require_length(length))
    assert found is not None
    count, unit, day = int(found[1]), found[2], local_day(now, timezone)
    if unit in _DAYS:
        return end_of_day(day + timedelta(days=count * _DAYS[unit]), timezone)
    year, month = divmod(day.year * 12 + day.month - 1 + count * _MONTHS[unit], 12)
    last = calendar.monthrange(year, month + 1)[1]
    return end_of_day(date(year, month + 1, min(day.day, last)), timezone)


def _is_too_long(count: int, unit: str) -> bool:
    if unit in _DAYS:
        return count * _DAYS[unit] > _MOST_YEARS * 365.25
    return count * _MONTHS[unit] > _MOST_YEARS * _MONTHS["year"]
