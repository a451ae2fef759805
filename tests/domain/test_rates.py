"""Between currencies: exact decimals, one rounding, and the rate as it was used."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.errors import BadAmount, CurrencyMismatch
from connector.domain.money import EXPONENT, MAX_MINOR, Money
from connector.domain.rates import NO_RATES, Rates

RATES = Rates("USD", {"EUR": Decimal("0.92"), "JPY": Decimal("155.5"), "KWD": Decimal("0.307")})


@pytest.mark.parametrize(
    ("given", "to", "minor"),
    [
        (Money(1000, "EUR"), "USD", 1087),
        (Money(1000, "USD"), "EUR", 920),
        (Money(100, "USD"), "JPY", 156),  # 155.5 yen: half to even
        (Money(300, "USD"), "JPY", 466),  # 466.5 yen
        (Money(1, "KWD"), "USD", 0),
        (Money(2500, "USD"), "USD", 2500),
    ],
)
def test_a_sum_is_converted_once_and_rounded_half_to_even(given: Money, to: str, minor: int) -> None:
    assert RATES.convert(given, to).money == Money(minor, to)


def test_the_rate_is_told_as_it_was_used() -> None:
    assert RATES.convert(Money(1000, "USD"), "EUR").rate == "USD/EUR 0.92"
    assert RATES.convert(Money(1000, "EUR"), "USD").rate == "EUR/USD 1.08695652174"


@pytest.mark.parametrize(("given", "to"), [("USD", "GBP"), ("GBP", "USD"), ("GBP", "CHF")])
def test_without_a_rate_for_both_nothing_is_converted(given: str, to: str) -> None:
    with pytest.raises(CurrencyMismatch):
        RATES.convert(Money(100, given), to)
    with pytest.raises(CurrencyMismatch):
        NO_RATES.convert(Money(100, given), to)


def test_no_currency_at_all_is_converted_into_nothing() -> None:
    with pytest.raises(CurrencyMismatch):
        NO_RATES.convert(Money(100, "USD"), "")


@given(st.integers(1, 10**11), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_what_comes_out_is_the_told_rate_times_what_went_in(minor: int, to: str) -> None:
    given = Money(minor, "USD")

    converted = RATES.convert(given, to)

    rate = Decimal(converted.rate.partition(" ")[2])
    assert abs(converted.money.decimal - given.decimal * rate) * 2 <= Decimal(1).scaleb(-EXPONENT[to])


def test_a_sum_beyond_measure_is_refused() -> None:
    with pytest.raises(BadAmount):
        RATES.convert(Money(MAX_MINOR, "USD"), "JPY")


@given(
    st.integers(1, 10**11), st.sampled_from([("USD", "EUR"), ("EUR", "JPY"), ("JPY", "KWD"), ("KWD", "USD")])
)
def test_rounded_down_no_sum_grows_on_its_way_to_another_currency_and_back(
    minor: int, way: tuple[str, str]
) -> None:
    """T28."""
    there = RATES.convert_down(Money(minor, way[0]), way[1]).money
    if there.minor:
        assert RATES.convert_down(there, way[0]).money.minor <= minor
