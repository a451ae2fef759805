"""What dialects write in their own way becomes a value that cannot be wrong, or is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.domain.errors import ConnectorError, ValidationFailed
from connector.web.dialects import kit


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [(2500, "USD", 25), (1250, "USD", Decimal("12.5")), (1, "USD", Decimal("0.01")), (2500, "JPY", 2500)],
)
def test_a_sum_is_a_number_of_whole_units(minor: int, currency: str, written: Any) -> None:
    shown = kit.number_of(minor, currency)

    assert shown == written and type(shown) is type(written)
    assert kit.major(currency)(shown) == kit.major(currency)(str(shown)) == minor


@pytest.mark.parametrize("value", [-1, "-0.01", "25.001", "1e3", True, None, "", [], "２５", 10**13])
def test_what_is_no_sum_is_refused(value: Any) -> None:
    with pytest.raises(ConnectorError):
        kit.major("USD")(value)


def test_moments_are_milliseconds_and_days_are_days() -> None:
    at = datetime(2023, 4, 20, 4, tzinfo=UTC)

    assert kit.moment(1681963200000) == at and kit.milliseconds(at) == 1681963200000
    assert kit.day("2024-02-29") == date(2024, 2, 29)
    for value in ("1681963200000", 1.5, True, -1, 10**16, None):
        with pytest.raises(ValueError):
            kit.moment(value)
    for value in ("2023-02-29", "20240229", "2024-2-9", 20240229, None):
        with pytest.raises(ValueError):
            kit.day(value)


def test_every_fault_of_a_body_is_told_at_once() -> None:
    sheet = kit.Sheet({"a": "x", "strange": 1, "read_only": 2, "b": None}, ("a", "b", "c"), ("read_only",))

    assert sheet.require("a", kit.as_field("whole")) is None
    assert sheet.require("b", kit.as_field("text")) is None
    assert sheet.take("c", kit.as_field("text"), otherwise="left out") == "left out"
    assert sheet.has("b") and not sheet.has("c")
    with pytest.raises(ValidationFailed) as refusal:
        sheet.require_none()

    assert {one.field for one in refusal.value.errors} == {"a", "b", "strange"}


def test_a_number_in_a_path_is_digits() -> None:
    assert [kit.whole_in(text) for text in ("0", "-7", "9007199254740993", "x", "1.0", "٣", " 1", "")] == [
        *(0, -7, 9007199254740993),
        *[None] * 5,
    ]
