"""Sums and days as people read them."""

from datetime import UTC, datetime

import pytest

from connector.domain.spoken import first_day, last_day, locale_named, spoken_sum


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (2500, "USD", "$25.00"),
        (0, "USD", "$0.00"),
        (123456789, "EUR", "€1,234,567.89"),
        (2500, "JPY", "¥2,500"),
        (1250, "CAD", "CA$12.50"),
        (1, "KWD", "KWD\xa00.001"),
    ],
)
def test_a_sum_says_its_currency(minor: int, currency: str, text: str) -> None:
    assert spoken_sum(minor, currency) == text


@pytest.mark.parametrize(
    ("locale", "text", "day"),
    [
        ("en_US", "$12,345.67", "31 January 2027"),
        ("en_GB", "US$12,345.67", "31 January 2027"),
        ("de", "12.345,67\xa0$", "31. Januar 2027"),
        ("es", "12.345,67\xa0US$", "31 de enero de 2027"),
    ],
)
def test_a_locale_writes_sums_and_days_its_own_way(locale: str, text: str, day: str) -> None:
    """S004-77."""
    assert spoken_sum(1234567, "USD", locale) == text
    assert last_day(datetime(2027, 2, 1, tzinfo=UTC), "UTC", locale) == day


@pytest.mark.parametrize(
    ("text", "name"),
    [("de-AT", "de_AT"), ("de_at", "de_AT"), (" fr ", "fr"), ("", None), ("xx-YY", None), ("de/../x", None)],
)
def test_a_locale_is_one_that_somebody_has(text: str, name: str | None) -> None:
    assert locale_named(text) == name


def test_the_last_good_day_is_that_of_the_shop() -> None:
    midnight_in_new_york = datetime(2027, 11, 20, 5, tzinfo=UTC)

    assert last_day(midnight_in_new_york, "America/New_York") == "19 November 2027"
    assert last_day(midnight_in_new_york, "UTC") == "20 November 2027"
    assert first_day(midnight_in_new_york, "America/New_York") == "20 November 2027"
    assert first_day(midnight_in_new_york, "UTC", "de") == "20. November 2027"
