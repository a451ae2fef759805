"""When a schedule is due: the five fields of cron as moments, in an account's time zone.

A time of the day that the change of clocks skips is shifted past the gap; one that
comes twice counts once, the first time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from .schedules import FIELDS

HORIZON: Final = timedelta(days=9 * 366)  # 29 February, past a year such as 2100, which has none
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Cron:
    """`is_either`: with both a day of the month and of the week, one of them is enough, as in any cron."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_either: bool

    def wants(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return of_month or of_week if self.is_either else of_month and of_week


def following(cron: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first moment after `after`; None where there is none within nine years."""
    fields, first = _fields(cron), after.astimezone(zone).date()
    day = first - _DAY  # a gap may have shifted yesterday's last moments into today
    while day - first <= HORIZON:
        # Of a day that is skipped as a whole, the moments are those of the next.
        later = [moment for one in (day, day + _DAY) for moment in _moments(fields, zone, one)]
        found = min((moment for moment in later if moment > after), default=None)
        if found is not None:
            return found
        day += _DAY
    return None


def latest(cron: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The last moment up to `now`; None where there is none within nine years."""
    fields, last = _fields(cron), now.astimezone(zone).date()
    day = last
    while last - day <= HORIZON:
        earlier = [moment for one in (day - _DAY, day) for moment in _moments(fields, zone, one)]
        found = max((moment for moment in earlier if moment <= now), default=None)
        if found is not None:
            return found
        day -= _DAY
    return None


def _moments(fields: _Cron, zone: ZoneInfo, day: date) -> Iterator[datetime]:
    """Those of one day of the calendar, in UTC. `fold` 0: the first of two, and past a gap what it skips."""
    if fields.wants(day):
        for hour in fields.hours:
            for minute in fields.minutes:
                yield datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


@lru_cache(maxsize=1_000)
def _fields(cron: str) -> _Cron:
    minutes, hours, days, months, weekdays = (
        frozenset(number for part in field.split(",") for number in _numbers(part, place))
        for place, field in enumerate(cron.split())
    )
    _, _, day, _, weekday = cron.split()
    return _Cron(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        days,
        months,
        frozenset(number % 7 for number in weekdays),
        not (day.startswith("*") or weekday.startswith("*")),
    )


def _numbers(part: str, place: int) -> range:
    """What `5`, `1-5`, `*/15`, `5/15` or `mon` stands for; read_cron has let through nothing else."""
    _, least, most, names = FIELDS[place]
    whole, _, step = part.partition("/")
    if whole == "*":
        return range(least, most + 1, int(step or 1))
    first, _, last = (names.get(end.casefold(), end) for end in whole.partition("-"))
    end = int(last) if last != "" else most if step else int(first)
    return range(int(first), end + 1, int(step or 1))
