"""Sums and days as people read them."""

from datetime import UTC, datetime

import pytest

from connector.domain.spoken import last_day, spoken_sum


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


def test_the_last_good_day_is_that_of_the_shop() -> None:
    midnight_in_new_york = datetime(2027, 11, 20, 5, tzinfo=UTC)

    assert last_day(midnight_in_new_york, "America/New_York") == "19 November 2027"
    assert last_day(midnight_in_new_york, "UTC") == "20 November 2027"
