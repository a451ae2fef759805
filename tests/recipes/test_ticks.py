"""When a schedule is due: a skipped hour shifts, a doubled one counts once, whatever the zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.recipes.ticks import following, latest

NEW_YORK = ZoneInfo("America/New_York")
NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)  # a Friday, in New York


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 10 * * *", "2026-11-21 15:00"),
        ("0 12 * * *", "2026-11-21 17:00"),
        ("1 12 * * *", "2026-11-20 17:01"),
        ("0 10 * * 2", "2026-11-24 15:00"),
        ("0 10 * * tue", "2026-11-24 15:00"),
        ("0 10 * * 0", "2026-11-22 15:00"),
        ("0 10 * * 7", "2026-11-22 15:00"),
        ("30 9 * * 1-5", "2026-11-23 14:30"),
        ("0 10 1 * *", "2026-12-01 15:00"),
        ("0 10 31 * *", "2026-12-31 15:00"),
        ("0 8 2 jan *", "2027-01-02 13:00"),
        ("0 10 1 * 2", "2026-11-24 15:00"),  # a day of both kinds: one is enough
        ("*/20 * * * *", "2026-11-20 17:20"),
        ("5/20 * * * *", "2026-11-20 17:05"),
        ("0 9-17/4 * * *", "2026-11-20 18:00"),
        ("0 8 29 2 *", "2028-02-29 13:00"),
        ("0 0 31 2,4,6 *", None),
    ],
)
def test_what_follows_is_what_the_five_fields_say(cron: str, expected: str | None) -> None:
    assert following(cron, NEW_YORK, NOON) == (None if expected is None else at(expected))


def test_a_leap_day_is_found_past_a_year_that_has_none() -> None:
    assert following("0 12 29 2 *", NEW_YORK, at("2096-03-01")) == at("2104-02-29 17:00")


def test_an_hour_that_is_skipped_shifts_past_the_gap() -> None:
    """Spring: the clock goes from 2:00 to 3:00 on 14 March 2027, at 7:00 UTC."""
    shifted = following("30 2 * * *", NEW_YORK, at("2027-03-13 12:00"))

    assert shifted == at("2027-03-14 07:30"), "3:30 of the new time"
    assert following("30 2 * * *", NEW_YORK, shifted) == at("2027-03-15 06:30")
    assert latest("30 2 * * *", NEW_YORK, at("2027-03-14 07:29")) == at("2027-03-13 07:30")


def test_an_hour_that_comes_twice_counts_once() -> None:
    """Autumn: the clock goes from 2:00 back to 1:00 on 1 November 2026, at 6:00 UTC."""
    once = following("30 1 * * *", NEW_YORK, at("2026-10-31 12:00"))

    assert once == at("2026-11-01 05:30")
    assert following("30 1 * * *", NEW_YORK, once) == at("2026-11-02 06:30")
    assert latest("30 1 * * *", NEW_YORK, at("2026-11-01 06:40")) == once


def test_every_quarter_of_an_hour_comes_in_order_over_the_gap() -> None:
    moment, found = at("2027-03-14 06:40"), []
    for _ in range(4):
        moment = following("*/15 * * * *", NEW_YORK, moment) or moment
        found.append(moment)
    assert found == [at(f"2027-03-14 {clock}") for clock in ("06:45", "07:00", "07:15", "07:30")]


def test_a_day_that_a_country_skipped_is_made_up_for_by_the_next() -> None:
    """Samoa had no 30 December 2011."""
    samoa = ZoneInfo("Pacific/Apia")
    assert following("0 12 30 12 *", samoa, at("2011-12-30 00:00")) == at("2011-12-30 22:00")


MOMENTS = st.integers(0, 8 * 366 * 24 * 3_600).map(lambda s: at("2024-01-01") + timedelta(seconds=s))
ZONES = st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata"])
CRONS = st.sampled_from(["30 2 * * *", "*/15 * * * *", "0 0 * * 1", "59 23 28 * *", "15 1,2,3 * * *"])


@given(MOMENTS, ZONES, CRONS)
@settings(max_examples=60, deadline=None)
def test_forward_and_back_agree(now: datetime, name: str, cron: str) -> None:
    zone = ZoneInfo(name)
    ahead, behind = following(cron, zone, now), latest(cron, zone, now)
    assert ahead is not None and behind is not None
    assert behind <= now < ahead
    assert latest(cron, zone, ahead) == ahead
    assert following(cron, zone, behind) == ahead
    assert latest(cron, zone, ahead - timedelta(microseconds=1)) == behind
