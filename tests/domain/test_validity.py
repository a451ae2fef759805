"""How long a card lives: by the calendar of the account, to the end of the last day."""

from datetime import UTC, date, datetime

import pytest

from connector.domain.errors import ValidationFailed
from connector.domain.validity import LAST, end_after, end_of_day, local_day, require_length

NEW_YORK = "America/New_York"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "now", "ends"),
    [
        ("1 day", "2026-11-20T15:00:00", "2026-11-22T04:59:59"),
        ("2 weeks", "2026-11-20T15:00:00", "2026-12-05T04:59:59"),
        ("12 months", "2026-11-20T15:00:00", "2027-11-21T04:59:59"),
        ("5 years", "2026-11-20T15:00:00", "2031-11-21T04:59:59"),
        ("1 month", "2027-01-31T15:00:00", "2027-03-01T04:59:59"),  # the 28th of February
        ("1 year", "2028-02-29T15:00:00", "2029-03-01T04:59:59"),
        ("1 month", "2026-10-15T15:00:00", "2026-11-16T04:59:59"),  # clocks were put back between
        ("1 day", "2026-11-21T03:00:00", "2026-11-22T04:59:59"),  # still the 20th in New York
    ],
)
def test_a_card_ends_with_the_last_second_of_its_last_day(length: str, now: str, ends: str) -> None:
    assert end_after(length, utc(now), NEW_YORK) == utc(ends)


def test_the_account_s_zone_says_which_day_it_is() -> None:
    at = utc("2026-11-21T03:00:00")

    assert local_day(at, NEW_YORK) == date(2026, 11, 20)
    assert local_day(at, "Asia/Tokyo") == date(2026, 11, 21)


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
)
def test_the_last_day_of_the_calendar_is_a_day_everywhere(zone: str) -> None:
    """Often written for never."""
    assert end_of_day(date.max, zone) <= LAST
    assert local_day(end_of_day(date.max, zone), zone) == local_day(LAST, "UTC") == date.max
    assert local_day(LAST, "Europe/Berlin") == date.max


def test_a_day_that_ends_twice_ends_with_the_later() -> None:
    """In the Azores clocks were put back to 23:00 at midnight."""
    assert end_of_day(date(2026, 10, 24), "America/Havana") == utc("2026-10-25T03:59:59")
    assert end_of_day(date(1992, 9, 26), "Atlantic/Azores").minute == 59


@pytest.mark.parametrize(
    "text",
    [
        *("", "12", "months", "12 moons", "0 days", "-1 days", "12  months", " 12 months", "12 months "),
        *("1.5 years", "101 years", "99999 months", "36526 days", "１２ months", "12 MONTHS", "1 hour"),
    ],
)
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed):
        require_length(text)


@pytest.mark.parametrize("text", ["1 day", "1 days", "100 years", "36525 days", "12 months"])
def test_what_is_one_is_taken_as_it_is(text: str) -> None:
    assert require_length(text) == text
    assert end_after(text, utc("2026-11-20T15:00:00"), "UTC") > utc("2026-11-20T15:00:00")
