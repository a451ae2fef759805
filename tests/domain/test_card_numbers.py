"""Payment card numbers are found however they are written, and little else is."""

from datetime import datetime
from typing import Any

import pytest

from connector.domain.card_numbers import hide_fields, is_luhn, mask
from connector.domain.clock import SystemClock

# The networks' own numbers for testing.
NUMBERS = [
    "30569309025904",
    "38520000023237",
    "378282246310005",
    "341111111111111",
    "4242424242424242",
    "4111111111111111",
    "5555555555554444",
    "2223003122003222",
    "6011111111111117",
    "3566002020360505",
    "6759649826438453",
    "6205500000000000004",
]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_card_number_is_masked_down_to_its_last_four(number: str) -> None:
    """T69, row 74."""
    hidden = "****" + number[-4:]

    assert is_luhn(number)
    assert mask(number) == hidden
    assert mask(f"My card is {number}, thanks") == f"My card is {hidden}, thanks"
    assert mask(int(number)) == hidden


@pytest.mark.parametrize(
    "written",
    [
        *("4242 4242 4242 4242", "4242-4242-4242-4242", "4242.4242.4242.4242"),
        *("4242\u00a04242\u00a04242\u00a04242", "4242\u20134242\u20134242\u20134242", "424242 4242424242"),
    ],
)
def test_it_is_seen_through_the_ways_of_grouping_it(written: str) -> None:
    assert mask(f"a{written}b") == "a****4242b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Order 123 4242-4242-4242-4242 777", "Order 123 ****4242 777"),
        ("4242 4242 4242 4242 5555 5555 5555 4444", "****4242 ****4444"),
        ("3782 822463 10005", "****0005"),
        ("4242424242424242/4111111111111111", "****4242/****1111"),
    ],
)
def test_it_is_found_among_other_digits(text: str, shown: str) -> None:
    assert mask(text) == shown


@pytest.mark.parametrize(
    "value",
    [
        *("", "4242", "4242 4242 4242 4241", "4" * 40, "tel +1 212 555 0101 212 555 0102", "25.00"),
        *("+4242424242424242", "+42 424242 42424242", "4222222222222", "4915112345678"),
        *("1763650800000", "1763650800000000", 1763650800000000, 2500, True, None, 1.5),
        *("gc_01JD4Z8Q5W6X7Y8Z9A0B1C2D3E", "0000000000000000", "1234567812345670", "4242\n4242\n4242\n4242"),
    ],
)
def test_what_no_network_issues_is_left_as_it_is(value: Any) -> None:
    assert mask(value) == value
    assert type(mask(value)) is type(value)


def test_it_is_found_at_any_depth_and_in_names() -> None:
    now: datetime = SystemClock().now()
    given = {"a": [{"4242424242424242": "4242 4242 4242 4242"}, ("378282246310005",)], "at": now}

    assert mask(given) == {"a": [{"****4242": "****4242"}, ["****0005"]], "at": now}


@pytest.mark.parametrize("digits", ["4242424242424241", "2424242424242424", "4242424242424224"])
def test_a_slip_of_the_pen_shows(digits: str) -> None:
    assert not is_luhn(digits)


def test_a_named_field_is_hidden_wherever_it_stands_and_no_other_is() -> None:
    told = {"gan": "7783320007480908", "deep": [{"gan": 12345678, "id": "7783320007480908"}], "code": "x"}
    assert hide_fields(told, {"gan"}) == {
        "gan": "****0908",
        "deep": [{"gan": "****5678", "id": "7783320007480908"}],
        "code": "x",
    }


@pytest.mark.parametrize("value", ["1234567", 7, {"a": "7783320007480908"}, ["7783320007480908"]])
def test_what_is_too_short_or_no_text_is_hidden_whole(value: Any) -> None:
    assert hide_fields({"gan": value}, {"gan"}) == {"gan": "****"}


@pytest.mark.parametrize("value", [None, "", True])
def test_where_there_is_no_code_nothing_is_hidden(value: Any) -> None:
    assert hide_fields({"gan": value}, {"gan"}) == {"gan": value}
