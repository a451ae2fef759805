"""Values are exact: sums, calendar durations, times; nothing is guessed."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.domain.money import Money
from connector.recipes.values import (
    Amount,
    Duration,
    EvaluationFailed,
    as_money,
    as_text,
    days_between,
    for_trace,
    from_outside,
    kind_of,
    later,
    near_amount,
    read_amount,
    read_duration,
    read_number,
    read_time,
)

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("start", "by", "end"),
    [
        ("2026-01-31T12:00:00Z", Duration(months=1), "2026-02-28T12:00:00Z"),
        ("2028-01-31T12:00:00Z", Duration(months=1), "2028-02-29T12:00:00Z"),
        ("2026-11-20T15:00:00Z", Duration(months=12), "2027-11-20T15:00:00Z"),
        ("2026-12-15T12:00:00Z", Duration(months=1), "2027-01-15T12:00:00Z"),
        # Summer time begins on 29 March: noon in Berlin stays noon.
        ("2026-03-01T11:00:00Z", Duration(months=1), "2026-04-01T10:00:00Z"),
        ("2026-03-28T11:00:00Z", Duration(days=1), "2026-03-29T10:00:00Z"),
        ("2026-03-28T11:00:00Z", Duration(seconds=86_400), "2026-03-29T11:00:00Z"),
    ],
)
def test_months_and_days_go_by_the_accounts_calendar(start: str, by: Duration, end: str) -> None:
    first, last = read_time(start, UTC), read_time(end, UTC)

    assert first is not None
    assert later(first, by, BERLIN) == last


@pytest.mark.parametrize("sign", [1, -1])
def test_what_lies_beyond_the_calendar_is_an_error(sign: int) -> None:
    with pytest.raises(EvaluationFailed, match="beyond the calendar"):
        later(datetime(2026, 1, 1, tzinfo=UTC), Duration(months=100_000 * 12), UTC, sign)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026",
        "2026-13-01",
        "2026-02-30",
        "20261120",
        "2026-11-20T15:00",
        "2026-11-20T25:00:00Z",
        "²026-01-01",
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert read_time(text, UTC) is None


def test_times_have_fractions_and_offsets_and_dates_begin_in_the_accounts_zone() -> None:
    assert read_time("2026-11-20T15:00:00.123456789Z", UTC) == datetime(
        2026, 11, 20, 15, 0, 0, 123456, tzinfo=UTC
    )
    assert read_time("2026-11-20t10:00:00-05:00", UTC) == datetime(2026, 11, 20, 15, tzinfo=UTC)
    assert read_time("2026-11-20", BERLIN) == datetime(2026, 11, 19, 23, tzinfo=UTC)


def test_days_are_midnights_in_the_accounts_zone() -> None:
    late = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)  # 23:30 in Berlin
    early = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)  # 00:30 of the next day

    assert days_between(late, early, BERLIN) == 1
    assert days_between(late, early, UTC) == 0


@pytest.mark.parametrize(
    "text", ["1 day", "30 days", "12 months", "1 year", "2 weeks", "90 minutes", "1 hour"]
)
def test_a_duration_is_a_number_and_a_unit(text: str) -> None:
    assert read_duration(text) is not None


@pytest.mark.parametrize(
    "text", ["", "days", "-1 days", "1.5 days", "3 fortnights", "3days", "100001 days", "3 days "]
)
def test_what_is_no_duration_is_none(text: str) -> None:
    assert read_duration(text) is None


@pytest.mark.parametrize("text", ["", "1e3", "1_000", " 1", "+1", "１", "nan", "0x1", "1." + "0" * 41])
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(EvaluationFailed):
        read_number(text)


def test_a_sum_finer_than_its_currency_is_refused_and_never_rounded_in_silence() -> None:
    with pytest.raises(EvaluationFailed, match="round"):
        as_money(Amount(Decimal("19.999"), "USD"))


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ({"amount": "19.99", "currency": "USD"}, "19.99 USD"),
        ({"amount": 20, "currency": "JPY"}, "20 JPY"),
        ({"amount": Decimal("1.50"), "currency": "USD"}, "1.50 USD"),
        (Money(1999, "USD"), "19.99 USD"),
    ],
)
def test_sums_of_json_are_sums(value: Any, amount: str) -> None:
    assert str(from_outside(value)) == amount


@pytest.mark.parametrize(
    "value",
    [
        {"amount": "1e3", "currency": "USD"},
        {"amount": "5", "currency": "usd"},
        {"amount": "5", "currency": ["USD"]},
        {"amount": True, "currency": "USD"},
        {"amount": "5", "currency": "USD", "more": 1},
        {"amount": Decimal("1E+50"), "currency": "USD"},
    ],
)
def test_what_only_looks_like_a_sum_stays_a_block(value: Any) -> None:
    assert kind_of(from_outside(value)) == "block"


def test_a_kind_that_recipes_do_not_know_is_an_error() -> None:
    with pytest.raises(EvaluationFailed, match="float"):
        kind_of(1.5)


def test_a_value_in_a_text_is_written_as_people_write_it() -> None:
    written = [as_text(value) for value in (Decimal("5.00"), Decimal("1E+3"), True, Duration(months=12))]

    assert written == ["5", "1000", "true", "12 months"]


@pytest.mark.parametrize("value", [None, [], {}])
def test_a_list_a_block_or_nothing_cannot_stand_in_a_text(value: Any) -> None:
    with pytest.raises(EvaluationFailed, match="cannot stand in a text"):
        as_text(value)


def test_a_trace_keeps_values_short() -> None:
    kept = for_trace({"text": "x" * 5_000, "list": list(range(500)), "deep": {"a": {"b": {"c": 1}}}})

    assert len(kept["text"]) == 200
    assert len(kept["list"]) == 20
    assert kept["deep"] == {"a": {"b": "…"}}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("$25", "25.00 USD"),
        ("25$", "25.00 USD"),
        ("€ 12,50", "12.50 EUR"),
        ("25,00 EUR", "25.00 EUR"),
        ("usd 25", "25.00 USD"),
        ("25USD", "25.00 USD"),
        ("1,000.00 USD", "1000.00 USD"),
        ("1,000 dollars", "1000.00 USD"),
        ("12,5 eur", "12.50 EUR"),
        ("25.005 USD", None),
        ("25", None),
        ("25 Taler", None),
        ("USD 25 EUR", None),
        ("$" * 100_000, None),
        ("1,00,000 INR", None),
    ],
)
def test_an_amount_that_is_written_otherwise_is_told_how_it_is_meant(text: str, meant: str | None) -> None:
    found = near_amount(text)

    assert (None if found is None else str(found)) == meant
    with pytest.raises(EvaluationFailed) as refused:
        read_amount(text)
    assert meant is None or str(refused.value.detail).endswith(f"did you mean `{meant}`?")
    assert "USD USD" not in refused.value.detail
