"""Moments as people write them: `2027-01-31T12:00:00Z`, or a span from now such as `12 months`."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import click

from ..domain.errors import ValidationFailed

_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_SPAN: Final = re.compile(r"([1-9]\d{0,5}) (second|minute|hour|day|week|month|year)s?", re.ASCII)
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3_600}
_DAYS: Final = {"day": 1, "week": 7}
_MONTHS: Final = {"month": 1, "year": 12}


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment, or a span from now; `text` is how it was written."""

    text: str
    at: datetime | None = None
    months: int = 0
    days: int = 0
    seconds: int = 0

    def after(self, now: datetime, timezone: str) -> datetime:
        """When it is, in UTC. Days and months go by the calendar of `timezone` (an IANA name).

        A month's missing day is its last one. ValidationFailed beyond the calendar.
        """
        if self.at is not None:
            return self.at
        zone = ZoneInfo(timezone)
        local = now.astimezone(zone).replace(tzinfo=None)
        try:
            year, month = divmod(local.year * 12 + local.month - 1 + self.months, 12)
            local = local.replace(year=year, month=month + 1, day=min(local.day, _days_in(year, month + 1)))
            local += timedelta(days=self.days)
            return local.replace(tzinfo=zone).astimezone(UTC) + timedelta(seconds=self.seconds)
        except (ValueError, OverflowError) as fault:
            raise ValidationFailed(f"{self.text} from now is beyond the calendar.") from fault


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
    except (ValueError, OverflowError) as fault:
        raise ValueError(f"{text[:60]!r} is not in the calendar") from fault
    raise ValueError(f"{text[:60]!r} is no moment: write '12 months' or 2027-01-31T12:00:00Z")


def moment_option(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Moment | None:
    """The callback of an option that takes a moment."""
    try:
        return None if value is None else read_moment(value)
    except ValueError as fault:
        raise click.BadParameter(str(fault)) from fault


def absolute(moment: Moment, option: str) -> datetime:
    """The moment itself; a span from now would lie in the future, where this option does not look."""
    if moment.at is None:
        raise click.BadParameter(
            f"{moment.text!r} is no moment: write 2027-01-31T12:00:00Z", param_hint=option
        )
    return moment.at


def _days_in(year: int, month: int) -> int:
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return (following - timedelta(days=1)).day
