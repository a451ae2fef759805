"""Limits in the right words become values; in the wrong ones, a hint that can be pasted."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.money import Money
from connector.recipes.clauses import Period
from connector.recipes.expressions import Spot
from connector.recipes.rates import Misworded, read_budget, read_rate, read_share, read_within
from connector.recipes.values import Duration
from connector.recipes.yamltree import Scalar

SPOT = Spot("recipes/vip.yaml", Scalar("", "", 1, 1, 0))


@pytest.mark.parametrize(
    ("text", "count", "period"),
    [
        ("1 per 60 days", 1, Period("day", 60)),
        ("50 per day", 50, Period("day")),
        ("2 per 1 week", 2, Period("week", 1)),
        ("3  per  month", 3, Period("month")),
        ("1 per 90 minutes", 1, Period("minute", 90)),
        ("1000000 per year", 1_000_000, Period("year")),
    ],
)
def test_a_rate_is_a_count_per_period(text: str, count: int, period: Period) -> None:
    rate = read_rate(text, SPOT)

    assert (rate.count, rate.period) == (count, period)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("1 each 60 days", "did you mean `1 per 60 days`?"),
        ("1 every month", "did you mean `1 per month`?"),
        ("1/month", "did you mean `1 per month`?"),
        ("1 a day", "did you mean `1 per day`?"),
        ("1 in 60 days", "did you mean `1 per 60 days`?"),
        ("1 monthly", "did you mean `1 per month`?"),
        ("once per month", "`once` is not a whole number: did you mean `1`?"),
        ("one per month", "did you mean `1`?"),
        ("1 card per month", "did you mean `1`?"),
        ("1.5 per month", "is not a whole number"),
        ("0 per month", "a whole number from 1 to 1,000,000"),
        ("-1 per month", "is not a whole number"),
        ("1 per 60days", "did you mean `60 days`?"),
        ("1 per 60d", "did you mean `60 days`?"),
        ("1 per 60 dyas", "did you mean `60 days`?"),
        ("1 per mnth", "did you mean `month`?"),
        ("1 per monthly", "did you mean `month`?"),
        ("1 per days", "did you mean `day`, or `30 days`?"),
        ("1 per Month", "did you mean `month`?"),
        ("1 per 0 days", "from 1 to 100,000 days"),
        ("1 per 999999 days", "from 1 to 100,000 days"),
        ("1 per blue moon", "write `month`, `week`, `day`, or `60 days`"),
        ("five", "has no `per`: it is written like `1 per 60 days`"),
        ("5", "has no `per`"),
        ("", "has no `per`"),
        ("per month", "has no `per`"),
        ("1 per ", "`` is not a period: write `month`"),
        ("${{ vars.x }} per month", "is not a whole number"),
    ],
)
def test_a_rate_in_other_words_is_told_the_right_ones(text: str, hint: str) -> None:
    with pytest.raises(Misworded) as caught:
        read_rate(text, SPOT)

    assert hint in caught.value.detail


def test_the_column_of_a_wrong_period_is_the_periods() -> None:
    with pytest.raises(Misworded) as caught:
        read_rate("1 per mnth", SPOT)

    assert caught.value.offset == 6


@pytest.mark.parametrize(
    ("text", "money", "period"),
    [
        ("500.00 USD per month", Money(50_000, "USD"), Period("month")),
        ("5000 JPY per 7 days", Money(5_000, "JPY"), Period("day", 7)),
    ],
)
def test_a_budget_is_money_per_period(text: str, money: Money, period: Period) -> None:
    budget = read_budget(text, SPOT)

    assert (budget.money, budget.period, str(budget)) == (money, period, f"{money} per {period}")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("500.00 per month", "write `500.00 USD per month`"),
        ("500 per month", "write `500 USD per month`"),
        ("500", "has no `per`"),
        ("500.00 USD", "has no `per`: it is written like `500.00 USD per month`"),
        ("500.00 USD / month", "did you mean `500.00 USD per month`?"),
        ("500.00 USD monthly", "did you mean `500.00 USD per month`?"),
        ("500.00 USDD per month", "is written like"),
        ("500.001 USD per month", "more decimals"),
        ("1,000.00 USD per month", "did you mean `1000.00 USD`?"),
        ("0.00 USD per month", "more than nothing"),
        ("-5.00 USD per month", "more than nothing"),
        ("500.00 USD per mouth", "did you mean `month`?"),
    ],
)
def test_a_budget_in_other_words_is_told_the_right_ones(text: str, hint: str) -> None:
    with pytest.raises(Misworded) as caught:
        read_budget(text, SPOT)

    assert hint in caught.value.detail


def test_a_time_to_wait_is_a_duration() -> None:
    assert read_within("3 days") == Duration(days=3)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("3days", "did you mean `3 days`?"),
        ("3 d", "did you mean `3 days`?"),
        ("3 dyas", "did you mean `3 days`?"),
        ("3", "such as `30 days`"),
        ("soon", "such as `30 days`"),
        ("0 days", "no time at all"),
        ("-3 days", "such as `30 days`"),
        ("999999 days", "is not a duration"),
    ],
)
def test_a_duration_in_other_words_is_told_the_right_ones(text: str, hint: str) -> None:
    with pytest.raises(Misworded) as caught:
        read_within(text)

    assert hint in caught.value.detail


def test_a_share_is_a_part_of_the_whole() -> None:
    assert (read_share("10%"), read_share("2.5 %")) == (Decimal("0.1"), Decimal("0.025"))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("10", "did you mean `10%`?"),
        ("10 percent", "did you mean `10%`?"),
        ("0.1", "is not a share such as `10%`"),
        ("0%", "more than 0%"),
        ("91%", "at most 90%"),
        ("100%", "is not a share"),
        ("a tenth", "is not a share"),
    ],
)
def test_a_share_in_other_words_is_told_the_right_ones(text: str, hint: str) -> None:
    with pytest.raises(Misworded) as caught:
        read_share(text)

    assert hint in caught.value.detail


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(["1", "50", "per", "a", "/", "month", "days", "60", "USD", "5.00", "%", "é", "²"]),
        max_size=5,
    ).map(" ".join)
    | st.text(max_size=30)
)
def test_any_words_are_a_value_or_a_fault(text: str) -> None:
    for read in (
        read_within,
        read_share,
        lambda one: read_rate(one, SPOT),
        lambda one: read_budget(one, SPOT),
    ):
        try:
            assert read(text) is not None
        except Misworded as fault:
            assert fault.detail and 0 <= fault.offset <= len(text)
