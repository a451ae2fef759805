"""Moments as people write them: a day, `2027-01-31T12:00:00Z`, or a span from now such as `12 months`.

The one rule: a day is its beginning in the account's time zone, or its end where something ends then,
as in an import.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import click

from ..domain.errors import ValidationFailed
from ..domain.validity import end_of_day

_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SPAN: Final = re.compile(r"([1-9]\d{0,5}) (second|minute|hour|day|week|month|year)s?", re.ASCII)
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3_600}
_DAYS: Final = {"day": 1, "week": 7}
_MONTHS: Final = {"month": 1, "year": 12}


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment, a day, or a span from now; `text` is how it was written."""

    text: str
    at: datetime | None = None
    day: date | None = None
    months: int = 0
    days: int = 0
    seconds: int = 0

    def after(self, now: datetime, timezone: str, *, is_end: bool = False) -> datetime:
        """When it is, in UTC. Days and months go by the calendar of `timezone` (an IANA name).

        A month's missing day is its last one. `is_end`: a day means its last second. ValidationFailed
        beyond the calendar.
        """
        if self.at is not None:
            return self.at
        zone = ZoneInfo(timezone)
        local = now.astimezone(zone).replace(tzinfo=None)
        try:
            if self.day is not None:
                return _of_day(self.day, timezone, is_end=is_end)
            year, month = divmod(local.year * 12 + local.month - 1 + self.months, 12)
            local = local.replace(year=year, month=month + 1, day=min(local.day, _days_in(year, month + 1)))
            local += timedelta(days=self.days)
            return local.replace(tzinfo=zone).astimezone(UTC) + timedelta(seconds=self.seconds)
        except (ValueError, OverflowError) as fault:
            raise ValidationFailed(f"{self.text} is beyond the calendar.") from fault


def read_moment(text: str) -> Moment:
    """A Moment, or ValueError saying how to write one."""
    span = _SPAN.fullmatch(text)
    if span is not None:
        count, unit = int(span[1]), span[2]
        return Moment(
            text,
            months=count * _MONTHS.get(unit, 0),
            days=count * _DAYS.get(unit, 0),
            seconds=count * _SECONDS.get(unit, 0),
        )
    try:
        if _MOMENT.fullmatch(text):
            return Moment(text, at=datetime.fromisoformat(text.upper()).astimezone(UTC))
        if _DAY.fullmatch(text):
            return Moment(text, day=date.fromisoformat(text))
    except (ValueError, OverflowError) as fault:
        raise ValueError(f"{text[:60]!r} is not in the calendar") from fault
    raise ValueError(f"{text[:60]!r} is no moment: write '12 months', 2027-01-31 or 2027-01-31T12:00:00Z")


def moment_option(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Moment | None:
    """The callback of an option that takes a moment."""
    try:
        return None if value is None else read_moment(value)
    except ValueError as fault:
        raise click.BadParameter(str(fault)) from fault


def absolute_option(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Moment | None:
    """As moment_option, without spans: they lie in the future, where such an option does not look."""
    try:
        found = None if value is None or _SPAN.fullmatch(value) else read_moment(value)
    except ValueError as fault:
        raise _no_moment(value) from fault
    if found is None and value is not None:
        raise _no_moment(value)
    return found


def _no_moment(text: str | None) -> click.BadParameter:
    return click.BadParameter(f"{(text or '')[:60]!r} is no moment: write 2027-01-31 or 2027-01-31T12:00:00Z")


def _of_day(day: date, timezone: str, *, is_end: bool) -> datetime:
    if is_end:
        return end_of_day(day, timezone)
    return datetime.combine(day, time(0), ZoneInfo(timezone)).astimezone(UTC)


def _days_in(year: int, month: int) -> int:
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return (following - timedelta(days=1)).day
