"""Actions speak flat: sums as text, people by their e-mail, phone or external id, cards by id or code."""

from decimal import Decimal
from typing import Any

import pytest

from connector.domain.errors import ValidationFailed
from connector.operations.registry import operations
from connector.web import fields, flat

ISSUE, REDEEM, CHECK, POINTS = (
    operations()[name] for name in ("issue", "redeem", "check_balance", "add_points")
)


def fold(operation: Any, given: dict[str, Any], currency: str = "USD") -> dict[str, Any]:
    return flat.command_fields(operation, fields.read(flat.shape_of(operation), given), currency)


def faults(operation: Any, given: dict[str, Any], currency: str = "USD") -> dict[str, str]:
    with pytest.raises(ValidationFailed) as refused:
        fold(operation, given, currency)
    return {error.field: error.message for error in refused.value.errors}


@pytest.mark.parametrize(
    ("text", "named", "own", "minor", "currency"),
    [
        ("25.00", None, "USD", 2500, "USD"),
        ("25", None, "USD", 2500, "USD"),
        ("25.00", "EUR", "USD", 2500, "EUR"),
        ("2500", None, "JPY", 2500, "JPY"),
        ("2.500", "KWD", "USD", 2500, "KWD"),
        ("19.99", None, "USD", 1999, "USD"),
    ],
)
def test_a_sum_is_exact_in_its_currency_or_the_accounts(
    text: str, named: str | None, own: str, minor: int, currency: str
) -> None:
    given = {"amount": text, **({"currency": named} if named else {})}

    assert fold(ISSUE, given, own) == {"amount": minor, "currency": currency}


@pytest.mark.parametrize(
    "text", ["", "25,00", "1e3", "25.001", "$25", "2 5", "NaN", "-", "1_000", "１２", "25.00 USD", "9" * 90]
)
def test_a_sum_that_is_not_exact_is_refused(text: str) -> None:
    assert set(faults(ISSUE, {"amount": text})) == {"amount"}


@pytest.mark.parametrize(
    "value", [Decimal("19.999"), Decimal("1e30"), Decimal("1e-30"), 10**30, True, None, [], {}, " "]
)
def test_what_is_no_exact_sum_is_refused(value: Any) -> None:
    assert faults(ISSUE, {"amount": value})["amount"]


@pytest.mark.parametrize(
    ("value", "minor"),
    [
        (25, 2500),
        (Decimal("25.5"), 2550),
        (Decimal("25.00"), 2500),
        (Decimal("25.000000"), 2500),
        (Decimal("1e1"), 1000),
        (" 25.00 ", 2500),
        ("25\n", 2500),
    ],
)
def test_a_number_is_a_sum_in_major_units(value: Any, minor: int) -> None:
    assert fold(ISSUE, {"amount": value})["amount"] == minor


def test_a_yen_has_no_decimals() -> None:
    assert "decimals" in faults(ISSUE, {"amount": "25.50"}, "JPY")["amount"]


def test_a_person_is_put_together_from_flat_fields() -> None:
    found = fold(ISSUE, {"amount": "1.00", "email": "mia@example.com", "first_name": "Mia"})

    assert found["contact"] == {"email": "mia@example.com", "first_name": "Mia"}


def test_a_contact_can_be_named_by_our_id() -> None:
    assert fold(ISSUE, {"amount": "1.00", "contact_id": "ct_1"})["contact_id"] == "ct_1"


@pytest.mark.parametrize(
    "given",
    [
        {"email": "mia@example.com"},
        {"phone": "+14155550113", "email": "mia@example.com"},
        {"external_id": "c-7", "email": "mia@example.com"},
    ],
)
def test_whoever_is_only_looked_for_is_looked_for_by_all_that_is_told(given: dict[str, Any]) -> None:
    assert fold(CHECK, given) == {"contact_id": given}


@pytest.mark.parametrize(
    ("told", "read"), [(100, 100), ("100", 100), ("0", 0), ("-5", -5), (" 1", 1), ("10.0", 10)]
)
def test_a_count_may_be_text(told: Any, read: int) -> None:
    assert fold(POINTS, {"points": told, "email": "mia@example.com"})["points"] == read


@pytest.mark.parametrize(
    "told", ["1.5", "1.", ".0", "ten", "", "1e3", "1,000", "9" * 16, 1.5, True, None, [1]]
)
def test_a_count_that_is_no_whole_number_is_refused(told: Any) -> None:
    assert "points" in faults(POINTS, {"points": told, "email": "mia@example.com"})


def test_recipient_and_giver_are_flat_too() -> None:
    given = {
        "amount": "1.00",
        "email": "mia@example.com",
        "name": "Mia Moss",
        "tags": "VIP, regular",
        "recipient_name": "Ada",
        "recipient_email": "ada@example.com",
        "recipient_phone": 12125550147,
        "sender_name": "Mia",
    }

    found = fold(ISSUE, given)

    assert found["contact"] == {"email": "mia@example.com", "name": "Mia Moss", "tags": "VIP, regular"}
    assert found["recipient"] == {"name": "Ada", "email": "ada@example.com", "phone": "12125550147"}
    assert found["sender"] == {"name": "Mia"}
    assert not {name for name in found if name.startswith(("recipient_", "sender_"))}


def test_a_recipient_is_told_in_one_way() -> None:
    given = {"amount": "1.00", "recipient": {"name": "Ada"}, "recipient_name": "Ada"}

    assert "not both" in faults(ISSUE, given)["recipient_name"]


@pytest.mark.parametrize("amount", ["0", "-5", 0, "0.00"])
def test_a_sum_is_above_nothing_where_it_is_not_a_correction(amount: Any) -> None:
    assert faults(ISSUE, {"amount": amount}) == {"amount": "must be above 0"}


def test_two_ways_to_name_a_contact_are_one_too_many() -> None:
    assert "not both" in faults(CHECK, {"contact_id": "ct_1", "email": "mia@example.com"})["email"]


@pytest.mark.parametrize("name", ["card", "code", "gift_card_id"])
def test_a_card_goes_by_id_or_code(name: str) -> None:
    assert fold(REDEEM, {name: "7K2Q-M4XA", "all": True}) == {"card": "7K2Q-M4XA", "all": True}


def test_a_card_is_named_once() -> None:
    assert "not both" in faults(REDEEM, {"card": "gc_1", "code": "AAAA", "all": True})["code"]
    assert "not both" in faults(REDEEM, {"code": "AAAA", "gift_card_id": "gc_1", "all": True})["gift_card_id"]
    assert "required" in faults(REDEEM, {"amount": "1.00"})["card"]


def test_the_code_of_a_new_card_is_its_own_field() -> None:
    assert fold(ISSUE, {"amount": "1.00", "code": "SUMMER-25"})["code"] == "SUMMER-25"


def test_all_of_a_card_needs_no_currency() -> None:
    assert "currency" not in fold(REDEEM, {"card": "gc_1", "all": True})


@pytest.mark.parametrize("name", ["contact", "balance", "id", "status", "created_at", "account"])
def test_what_is_no_flat_field_is_refused(name: str) -> None:
    assert "is not a field of this call" in faults(ISSUE, {"amount": "1.00", name: "x"})[name]


def test_a_required_field_is_asked_for() -> None:
    assert "is required" in faults(ISSUE, {})["amount"]


def test_every_action_can_be_read_flat() -> None:
    for operation in operations().values():
        if operation.action is not None:
            shape = flat.shape_of(operation)
            assert shape.required <= shape.fields.keys()
            assert not {field.kind for field in shape.fields.values()} & {"money"}
