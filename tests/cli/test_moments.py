"""Moments on the command line: exact, or refused with a word on how to write them."""

import contextlib
from datetime import UTC, datetime

import click
import pytest

from connector.cli.moments import absolute_option, read_moment
from connector.domain.errors import ValidationFailed

NOW = datetime(2026, 10, 31, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2027-01-31T12:00:00Z", datetime(2027, 1, 31, 12, tzinfo=UTC)),
        ("2027-01-31t12:00:00.5z", datetime(2027, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("2027-01-31T12:00:00+02:00", datetime(2027, 1, 31, 10, tzinfo=UTC)),
        ("1 second", datetime(2026, 10, 31, 15, 0, 1, tzinfo=UTC)),
        ("90 minutes", datetime(2026, 10, 31, 16, 30, tzinfo=UTC)),
        ("24 hours", datetime(2026, 11, 1, 15, tzinfo=UTC)),
        ("2 weeks", datetime(2026, 11, 14, 15, tzinfo=UTC)),
        ("1 month", datetime(2026, 11, 30, 15, tzinfo=UTC)),
        ("4 months", datetime(2027, 2, 28, 15, tzinfo=UTC)),
        ("12 months", datetime(2027, 10, 31, 15, tzinfo=UTC)),
        ("2 years", datetime(2028, 10, 31, 15, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_time_or_a_span_from_now(text: str, meant: datetime) -> None:
    assert read_moment(text).after(NOW, "UTC") == meant


def test_days_go_by_the_account_s_calendar_and_hours_by_the_clock() -> None:
    # Clocks in New York go back an hour on 1 November 2026, at 2 in the morning.
    assert read_moment("1 day").after(NOW, "America/New_York") == datetime(2026, 11, 1, 16, tzinfo=UTC)
    assert read_moment("24 hours").after(NOW, "America/New_York") == datetime(2026, 11, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("", "tomorrow", "12", "12months", "0 days", "-1 day", "1.5 days", "1000000 days", "１２ months"),
        *(
            "12 months ",
            "2027-02-30",
            "2027-1-31",
            "2027-01-31T12:00:00",
            "2027-02-30T12:00:00Z",
            "2027-01-31 12:00:00Z",
        ),
        *("0001-01-01T00:00:00+23:59", "2027-01-31T25:00:00Z", "2027-01-31T12:00:00+99:00", "\ud800 days"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no moment|is not in the calendar"):
        read_moment(text)


def test_a_day_is_its_beginning_or_its_end_by_the_account_s_calendar() -> None:
    day = read_moment("2027-01-31")

    assert day.after(NOW, "America/New_York") == datetime(2027, 1, 31, 5, tzinfo=UTC)
    end = datetime(2027, 2, 1, 4, 59, 59, tzinfo=UTC)
    assert day.after(NOW, "America/New_York", is_end=True) == end


@pytest.mark.parametrize("text", ["yesterday", "12 months", "2027-02-30", ""])
def test_an_option_without_spans_offers_none(text: str) -> None:
    command = click.Command("it", params=[click.Option(["--since"], callback=absolute_option)])

    with pytest.raises(click.BadParameter, match=r"is no moment: write 2027-01-31 or 2027-01-31T12:00:00Z$"):
        command.main(["--since", text], standalone_mode=False)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31"])
def test_a_day_at_the_edge_of_the_calendar_is_told_or_refused_and_no_crash(text: str) -> None:
    for zone in ("Asia/Tokyo", "America/New_York"):
        for is_end in (True, False):
            with contextlib.suppress(ValidationFailed):
                assert read_moment(text).after(NOW, zone, is_end=is_end).tzinfo == UTC


@pytest.mark.parametrize("text", ["999999 years", "999999 months", "99999 years"])
def test_a_span_beyond_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed, match="beyond the calendar"):
        read_moment(text).after(NOW, "UTC")
