"""Where a period begins that something is counted in: the calendar's, or so long before now.

Months and days are the account's.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from .clauses import Period
from .values import Duration, later

_ONE: Final = {
    "minute": Duration(seconds=60),
    "hour": Duration(seconds=3600),
    "day": Duration(days=1),
    "week": Duration(days=7),
    "month": Duration(months=1),
    "year": Duration(months=12),
}


def beginning(period: Period, now: datetime, zone: tzinfo) -> datetime:
    """The first moment that counts, in UTC; `now` is aware."""
    if period.count is not None:
        one = _ONE[period.unit]
        whole = Duration(one.months * period.count, one.days * period.count, one.seconds * period.count)
        return later(now, whole, zone, sign=-1)
    local = now.astimezone(zone)
    start = local.replace(second=0, microsecond=0)
    if period.unit != "minute":
        start = start.replace(minute=0)
    if period.unit in ("minute", "hour"):
        return start.astimezone(UTC)
    start = start.replace(hour=0, fold=0)
    if period.unit == "week":
        start = (start.replace(tzinfo=None) - timedelta(days=start.weekday())).replace(tzinfo=zone)
    if period.unit in ("month", "year"):
        start = start.replace(day=1)
    if period.unit == "year":
        start = start.replace(month=1)
    return start.astimezone(UTC)
