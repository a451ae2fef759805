"""Where a period begins: on the account's calendar, or so long before now."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from connector.recipes.clauses import Period
from connector.recipes.periods import beginning

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 20, 3, 30, 20, tzinfo=UTC)  # a Thursday evening in New York


@pytest.mark.parametrize(
    ("period", "since"),
    [
        (Period("minute"), "2026-11-20T03:30:00+00:00"),
        (Period("hour"), "2026-11-20T03:00:00+00:00"),
        (Period("day"), "2026-11-19T05:00:00+00:00"),
        (Period("week"), "2026-11-16T05:00:00+00:00"),
        (Period("month"), "2026-11-01T04:00:00+00:00"),  # in summer time still
        (Period("year"), "2026-01-01T05:00:00+00:00"),
        (Period("minute", 90), "2026-11-20T02:00:20+00:00"),
        (Period("day", 60), "2026-09-21T02:30:20+00:00"),  # the same hour there
        (Period("week", 1), "2026-11-13T03:30:20+00:00"),
        (Period("month", 1), "2026-10-20T02:30:20+00:00"),
        (Period("year", 1), "2025-11-20T03:30:20+00:00"),
    ],
)
def test_a_period_begins_on_the_accounts_calendar_or_so_long_ago(period: Period, since: str) -> None:
    assert beginning(period, NOW, NEW_YORK) == datetime.fromisoformat(since)


def test_the_first_hour_of_a_day_that_is_set_back_belongs_to_it() -> None:
    now = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # the second 1:30 of that night

    assert beginning(Period("day"), now, NEW_YORK) == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert beginning(Period("hour"), now, NEW_YORK) == datetime(2026, 11, 1, 6, tzinfo=UTC)
