"""Values out of payloads: exact, or refused with the field's name."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.adapters.reading import at, block, blocks, form, is_path, missing, moment, money, text, whole
from connector.domain.errors import BadJson, NotUnderstood
from connector.domain.money import Money


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-20T15:00:00Z", "2026-11-20T15:00:00"),
        ("2026-11-20t15:00:00z", "2026-11-20T15:00:00"),
        ("2026-11-20T15:00Z", "2026-11-20T15:00:00"),
        ("2026-11-20T10:00:00-05:00", "2026-11-20T15:00:00"),
        ("2026-11-20T10:00:00-0500", "2026-11-20T15:00:00"),
        ("2026-11-20T10:00:00-05", "2026-11-20T15:00:00"),
        ("2026-11-20 15:00:00 +00:00", "2026-11-20T15:00:00"),
        ("2026-11-20 15:00:00 UTC", "2026-11-20T15:00:00"),
        ("2026-11-20T15:00:00 gmt", "2026-11-20T15:00:00"),
        ("2026-11-20T15:00:00.123456789Z", "2026-11-20T15:00:00.123456"),
        ("2026-11-20T15:00:00.5Z", "2026-11-20T15:00:00.500000"),
        (" 2026-11-20T15:00:00Z ", "2026-11-20T15:00:00"),
        (1795186800, "2026-11-20T15:00:00"),
        ("1795186800", "2026-11-20T15:00:00"),
        (1795186800123, "2026-11-20T15:00:00.123000"),
        ("1795186800123", "2026-11-20T15:00:00.123000"),
        (Decimal("1795186800.25"), "2026-11-20T15:00:00.250000"),
    ],
)
def test_a_moment_is_read_in_every_usual_spelling(value: Any, expected: str) -> None:
    assert moment(value, "at", "America/New_York") == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-20T10:00:00", "2026-11-20T15:00:00"),
        ("2026-07-01 10:00", "2026-07-01T14:00:00"),
        ("2026-11-20", "2026-11-20T05:00:00"),
        ("2026-11-01T01:30:00", "2026-11-01T05:30:00"),  # shown twice: the first, still summer time
        ("2026-03-08T02:30:00", "2026-03-08T07:30:00"),  # left out: the offset from before the change
    ],
)
def test_without_an_offset_the_sources_clock_counts(value: str, expected: str) -> None:
    assert moment(value, "at", "America/New_York") == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("value", [None, "", "  ", "null", "None"])
def test_what_is_absent_is_no_moment(value: Any) -> None:
    assert moment(value, "at", "UTC") is None


@pytest.mark.parametrize(
    "value",
    [
        "tomorrow",
        "Jan 15, 2026 10:00AM",
        "15/01/2026",
        "2026-02-30T10:00:00Z",
        "2026-11-20T25:00:00Z",
        "2026-11-20T15:00:00+99:00",
        "2026-11-20Z",
        "2026-11-20 UTC",
        "2026-11-20 10:00:00 EST",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1999-12-31T23:59:59Z",
        "2026-11-20T15:00:00Z; DROP",
        "２０２６-11-20T15:00:00Z",
        "T" * 100_000,
        0,
        -1,
        5,
        10**18,
        10**60,
        1795186800 * 10**6,
        Decimal("1E+99"),
        Decimal("1E-99"),
        True,
        [],
        {},
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_moment_is_refused(value: Any) -> None:
    with pytest.raises(NotUnderstood, match="`at`"):
        moment(value, "at", "America/New_York")


def test_a_zone_that_is_none_is_refused_not_raised() -> None:
    with pytest.raises(NotUnderstood):
        moment("2026-11-20T10:00:00", "at", "Mars/Olympus")


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        ("25.00", "USD", 2500),
        ("25", "usd", 2500),
        (25, "USD", 2500),
        (Decimal("150.1"), "USD", 15010),
        (Decimal("25.000"), "USD", 2500),
        (" 25.00 ", " usd ", 2500),
        (97, "JPY", 97),
        ("1.234", "KWD", 1234),
        ("19.99", None, 1999),
        ("4.35", "", 435),
        (0, "USD", 0),
    ],
)
def test_a_sum_is_exact_in_major_units(value: Any, currency: Any, minor: int) -> None:
    found = money(value, currency, "amount", "USD")
    assert found is not None
    assert found.minor == minor


@pytest.mark.parametrize(
    "value",
    [
        "1,234.50",
        "1.234,50",
        "25,00",
        "$25.00",
        "25.00 USD",
        "1e3",
        "25.001",
        "-5.00",
        -5,
        "１２",
        "1_000",
        "NaN",
        "9" * 13,
        10**12,
        10**60,
        Decimal("25.001"),
        Decimal("1E+90"),
        Decimal("1E-90"),
        True,
        [25],
        {"amount": 25},
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_sum_that_could_be_two_sums_or_none_is_refused(value: Any) -> None:
    with pytest.raises(NotUnderstood, match="`amount`"):
        money(value, "USD", "amount", "EUR")


@pytest.mark.parametrize("currency", ["USDX", "XXX", "dollar", "ＵＳＤ", 840, [], True])
def test_a_currency_that_is_none_is_refused(currency: Any) -> None:
    with pytest.raises(NotUnderstood):
        money("25.00", currency, "amount", "USD")


def test_a_sum_without_any_currency_is_refused() -> None:
    with pytest.raises(NotUnderstood, match="`currency`"):
        money("25.00", None, "amount", "")


def test_no_sum_is_no_sum_whatever_the_currency() -> None:
    assert money(None, "nonsense", "amount", "USD") is None
    assert money("null", None, "amount", "") is None


def test_sums_in_the_smallest_unit_are_whole() -> None:
    assert money(2500, "USD", "amount", "", minor=True) == Money(2500, "USD")
    assert money("2500", "JPY", "amount", "", minor=True) == Money(2500, "JPY")
    for bad in ("25.00", Decimal("25.5"), 10**15, "9" * 18, True, "x"):
        with pytest.raises(NotUnderstood):
            money(bad, "USD", "amount", "", minor=True)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", {"b": [{"c": 1}, "text"]}),
        ("a.b.0.c", 1),
        ("a.b.1", "text"),
        ("a.b.1.c", None),
        ("a.b.-1", None),
        ("a.b.2", None),
        ("a.b.1000000000", None),
        ("a.b.٠", None),
        ("a.b.c", None),
        ("x.y", None),
        ("", None),
        ("." * 50, None),
    ],
)
def test_a_path_ends_in_a_value_or_in_nothing(path: str, expected: Any) -> None:
    """Threats, row 88."""
    assert at({"a": {"b": [{"c": 1}, "text"]}}, path) == expected


def test_what_is_a_path() -> None:
    assert is_path("a")
    assert is_path("a.0.b c")
    for bad in ("", ".", "a.", "a..b", 7, None, "a" + ".a" * 12):
        assert not is_path(bad)


def test_a_form_is_read_and_a_field_sent_twice_is_not() -> None:
    assert form(b"a=1&b=two+words&c=&d=%C3%A9") == {"a": "1", "b": "two words", "c": "", "d": "é"}
    assert form("a=é".encode()) == {"a": "é"}
    for bad in (b"a=1&a=2", b"a=%FF", b"a=%00", b"\xff", b"&".join([b"a%d=1" % n for n in range(501)])):
        with pytest.raises(BadJson):
            form(bad)


def test_texts_are_trimmed_and_words_for_nothing_are_nothing() -> None:
    assert text(" a b ", "f") == "a b"
    assert text(820982911946154508, "f") == "820982911946154508"
    for absent in (None, "", "  ", "null", "NULL", "undefined", "None"):
        assert text(absent, "f") is None
    refused: list[Any] = [True, [], {}, Decimal("1.5"), "x" * 256, 10**300]
    for bad in refused:
        with pytest.raises(NotUnderstood, match="`f`"):
            text(bad, "f")


def test_whole_numbers_are_whole() -> None:
    assert whole(120, "points") == whole("120", "points") == whole(Decimal("120.0"), "points") == 120
    assert whole(None, "points") is whole("", "points") is None


@pytest.mark.parametrize(
    "value",
    [-1, "-1", "1.5", Decimal("1.5"), "1e3", True, [], 10**10, "9" * 400, "１２", Decimal("1E+99")],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(NotUnderstood, match="`points`"):
        whole(value, "points")


def test_what_is_missing_is_said_with_what_was_there_instead() -> None:
    said = missing("No type", ["type", "event"], {"kind": "x", "k" * 500: 1})
    assert said.detail == f"No type: looked for `type`, `event`; found `kind`, `{'k' * 40}`"
    assert [error.field for error in said.errors] == ["type", "event"]
    assert missing("No type", ["type"], {}).detail.endswith("found no field at all")
    assert missing("No type", ["type"], [1]).detail.endswith("found a JSON list")


def test_a_block_is_its_fields_and_anything_else_has_none() -> None:
    assert block({"a": 1}) == {"a": 1}
    others: tuple[object, ...] = (None, [], {}, "x", 7)
    assert [block(value) for value in others] == [{}] * 5
    assert blocks([{"a": 1}, 7, None, {"b": 2}]) == [{"a": 1}, {"b": 2}]
    assert [blocks(value) for value in others] == [[]] * 5
