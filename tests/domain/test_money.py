"""Money is exact or refused, in every currency, whatever is written."""

from decimal import Decimal

import pytest
from babel.core import get_global
from babel.numbers import get_territory_currencies
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.errors import BadAmount, CurrencyMismatch
from connector.domain.money import (
    _FOUR,
    _NONE,
    _THREE,
    _TWO,
    EXPONENT,
    MAX_MINOR,
    Money,
    require_currency,
    shown,
)

CURRENCIES = st.sampled_from(sorted(EXPONENT))

# The display data of CLDR counts no minor unit where nobody uses coins any more. ISO 4217 still has one,
# and so has every payment platform: an amount in these is scaled by ISO's exponent.
CLDR_SHOWS_NO_DECIMALS = frozenset(
    {"AFN", "ALL", "IQD", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"}
)
# In ISO 4217, and nobody's cash: funds and units of account, and two that CLDR has retired or not yet.
NOT_CASH = frozenset(
    {"BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW", "ANG", "SVC", "VED"},
)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("25.00", "USD", 2500),
        ("25", "USD", 2500),
        ("25.5", "USD", 2550),
        ("19.99", "USD", 1999),  # int(19.99 * 100) is 1998
        ("4.35", "USD", 435),  # and this 434
        ("0", "USD", 0),
        ("-0", "USD", 0),
        ("-0.01", "USD", -1),
        ("007", "USD", 700),
        ("25.0000", "USD", 2500),
        ("2500", "JPY", 2500),
        ("2500.000000", "JPY", 2500),
        ("2.500", "KWD", 2500),
        ("0.001", "KWD", 1),
        ("0.0001", "CLF", 1),
        ("99999999.9999", "CLF", 999999999999),
        ("9999999999.99", "USD", 999999999999),
    ],
)
def test_an_amount_is_read_exactly(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    "text",
    [
        "1e9999999",
        "1e-9999999",
        "1E2",
        "0.0000000000000000000000000000000000000001",
        "0." + "0" * 40,
        "1_000",
        "1,000",
        "1.000,00",
        " 5 ",
        "5 ",
        "5\n",
        "１２",
        "٣",
        "+5",
        "--5",
        "- 5",
        "−5",
        ".5",
        "5.",
        "",
        "-",
        ".",
        "0x10",
        "$5",
        "5 USD",
        "NaN",
        "Infinity",
        "-inf",
        "null",
        "5\x00",
        "\ud800",
        "1" * 13,
        pytest.param("1" * 5_000, id="5000 digits"),
        "0.001",
        "0.019",
    ],
)
def test_what_is_no_exact_amount_in_dollars_is_refused(text: str) -> None:
    with pytest.raises(BadAmount):
        Money.parse(text, "USD")


@pytest.mark.parametrize(("text", "currency"), [("0.1", "JPY"), ("1.0001", "KWD"), ("1.00001", "CLF")])
def test_more_decimals_than_the_currency_has_are_refused_not_rounded(text: str, currency: str) -> None:
    with pytest.raises(BadAmount, match="more decimals"):
        Money.parse(text, currency)


@pytest.mark.parametrize(
    "value", [True, None, [], {}, 5, 0.1, Decimal(5), b"5", pytest.param([10**5_000], id="huge")]
)
def test_what_is_no_text_is_no_amount(value: object) -> None:
    with pytest.raises(BadAmount):
        Money.parse(value, "USD")


@pytest.mark.parametrize(
    "currency", ["usd", "Usd", "USDX", "US", "", " USD", "USD\n", "XXX", "XTS", "XAU", "ＵＳＤ", "\ud800"]
)
def test_what_is_no_currency_is_refused(currency: str) -> None:
    for refused in (
        lambda: Money.parse("5", currency),
        lambda: Money.of_decimal(5, currency),
        lambda: Money(5, currency),
        lambda: require_currency(currency),
    ):
        with pytest.raises(BadAmount, match="ISO 4217"):
            refused()


@pytest.mark.parametrize("currency", [None, 5, True, [], {}, ["USD"]])
def test_what_is_no_text_is_no_currency(currency: object) -> None:
    with pytest.raises(BadAmount, match="ISO 4217"):
        require_currency(currency)


@pytest.mark.parametrize("minor", [True, 2.0, "5", None, Decimal(5)])
def test_only_a_whole_number_makes_money(minor: int) -> None:
    with pytest.raises(BadAmount):
        Money(minor, "USD")
    with pytest.raises(BadAmount):
        Money.total(minor, "USD")


def test_the_sum_of_many_is_told_and_compared_however_much_it_is() -> None:
    """Each part is bounded; how many there are is not."""
    total = Money.total(3 * MAX_MINOR, "USD")

    assert (total.text, total.minor) == ("30000000000.00", 3 * MAX_MINOR)
    assert Money(MAX_MINOR, "USD") < total
    assert Money.total(2500, "USD") == Money(2500, "USD")
    with pytest.raises(BadAmount, match="out of range"):
        total + Money(1, "USD")
    with pytest.raises(BadAmount):
        Money.total(1, "XXX")


@pytest.mark.parametrize(
    "minor", [MAX_MINOR + 1, -MAX_MINOR - 1, 2**53, 2**63, -(2**63) - 1, pytest.param(10**5_000, id="huge")]
)
def test_no_sum_is_larger_than_every_reader_of_json_keeps_exact(minor: int) -> None:
    assert MAX_MINOR < 2**53
    assert 9_000_000 * MAX_MINOR < 2**63, "so many full cards are summed by any database"
    with pytest.raises(BadAmount, match="out of range"):
        Money(minor, "USD")


def test_sums_are_bounded_like_their_parts() -> None:
    with pytest.raises(BadAmount, match="out of range"):
        Money(MAX_MINOR, "USD") + Money(1, "USD")
    with pytest.raises(BadAmount, match="out of range"):
        Money.parse("999999999999.9999", "CLF")


@pytest.mark.parametrize(
    ("number", "currency", "minor"),
    [
        (Decimal("25.00"), "USD", 2500),
        (Decimal("25.000000000000"), "USD", 2500),
        (Decimal("1E+3"), "USD", 100_000),
        (Decimal("-0"), "USD", 0),
        (Decimal("2.5"), "KWD", 2500),
        (80, "USD", 8000),
        (-80, "JPY", -80),
        (9_999_999_999, "USD", 999_999_999_900),
    ],
)
def test_a_number_of_json_is_taken_exactly(number: Decimal | int, currency: str, minor: int) -> None:
    assert Money.of_decimal(number, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    "number",
    [
        Decimal("0.001"),
        Decimal("1e99"),
        Decimal("1e-99"),
        Decimal("1E+999999"),
        Decimal("0E+999999"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("1." + "0" * 40 + "1"),
        10**12,
        pytest.param(10**5_000, id="huge"),
        -(10**12),
        0.1,
        25.0,
        True,
        False,
        None,
        "25.00",
        [],
    ],
)
def test_a_number_that_is_not_exact_is_refused(number: object) -> None:
    with pytest.raises(BadAmount):
        Money.of_decimal(number, "USD")


@given(text=st.one_of(st.text(max_size=30), st.from_regex(r"-?[0-9_.,eE+ ]{0,24}")), currency=CURRENCIES)
@settings(max_examples=1_000)
def test_any_text_is_exact_or_refused(text: str, currency: str) -> None:
    try:
        money = Money.parse(text, currency)
    except BadAmount:
        return
    assert money.decimal == Decimal(text)


@given(minor=st.integers(-(10**12) + 1, 10**12 - 1), currency=CURRENCIES)
def test_what_is_written_is_read_again(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.parse(money.text, currency) == money
    assert Money.parse_written(str(money)) == money
    assert Money.of_decimal(money.decimal, currency) == money
    assert len(money.text.partition(".")[2]) == EXPONENT[currency]


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(2500, "USD"), "25.00 USD"),
        (Money(5, "USD"), "0.05 USD"),
        (Money(-5, "USD"), "-0.05 USD"),
        (Money(-2500, "USD"), "-25.00 USD"),
        (Money(2500, "JPY"), "2500 JPY"),
        (Money(-1, "JPY"), "-1 JPY"),
        (Money(2500, "KWD"), "2.500 KWD"),
        (Money(1, "CLF"), "0.0001 CLF"),
    ],
)
def test_money_is_written_with_its_currencys_own_decimals(money: Money, text: str) -> None:
    assert str(money) == text
    assert money.as_json() == {"amount": text.split()[0], "currency": text.split()[1]}


def test_the_decimal_is_exact_at_the_limit() -> None:
    assert Money(MAX_MINOR, "USD").decimal * 100 == MAX_MINOR


@pytest.mark.parametrize(
    "text", ["25.00", "USD", "25.00USD", "25.00  USD", " 25.00 USD", "25.00 USD ", "", None, 25]
)
def test_a_written_amount_needs_its_currency(text: object) -> None:
    with pytest.raises(BadAmount):
        Money.parse_written(text)


def test_sums_and_comparisons_stay_within_one_currency() -> None:
    five, two = Money(500, "USD"), Money(200, "USD")
    assert (five + two, five - two, two - five) == (Money(700, "USD"), Money(300, "USD"), Money(-300, "USD"))
    assert two < five
    assert two <= two
    assert max(two, five) == five
    yen = Money(500, "JPY")
    assert five != yen
    for mixed in (lambda: five + yen, lambda: five - yen, lambda: five < yen, lambda: five <= yen):
        with pytest.raises(CurrencyMismatch, match="different currencies"):
            mixed()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("5 ", "'5 '"),
        ("\x1b[31m\ud800", "'\\x1b[31m\\ud800'"),
        pytest.param(10**5_000, "a very large number", id="huge"),
        (None, "None"),
        pytest.param([10**5_000], "a list", id="huge-list"),
        ({}, "a dict"),
    ],
)
def test_what_came_from_outside_is_shown_harmlessly(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    "value", ["x" * 1_000_000, Decimal("1" * 5_000), "\x00" * 1_000], ids=["long", "digits", "nul"]
)
def test_what_came_from_outside_is_shown_short(value: object) -> None:
    assert len(shown(value)) < 300


def test_the_table_has_every_currency_that_is_legal_tender_somewhere() -> None:
    tender = {
        currency
        for territory in get_global("territory_currencies")
        for currency in get_territory_currencies(territory, tender=True)
    }
    assert set(EXPONENT) - NOT_CASH == tender


def test_the_exponents_are_those_of_cldr_but_where_it_leaves_out_coins_out_of_use() -> None:
    fractions = get_global("currency_fractions")
    differing = {
        currency
        for currency, places in EXPONENT.items()
        if places != fractions.get(currency, fractions["DEFAULT"])[0]
    }
    assert differing - NOT_CASH == CLDR_SHOWS_NO_DECIMALS
    assert all(fractions[currency][0] == 0 for currency in CLDR_SHOWS_NO_DECIMALS)


def test_the_table_names_no_currency_twice() -> None:
    assert len(EXPONENT) == sum(len(group.split()) for group in (_TWO, _NONE, _THREE, _FOUR))
    assert all(len(currency) == 3 and currency.isascii() and currency.isupper() for currency in EXPONENT)
    assert (EXPONENT["JPY"], EXPONENT["USD"], EXPONENT["KWD"], EXPONENT["CLF"]) == (0, 2, 3, 4)
