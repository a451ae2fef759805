"""A field comes to its deed in its own kind, or not at all."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.domain.money import Money
from connector.domain.steps import FIELD_KINDS, StepField
from connector.recipes.fields import coerce, literal_fault
from connector.recipes.values import Amount, Duration, EvaluationFailed

from .making import NOW, a_scene


def brought(kind: str, value: Any) -> Any:
    return coerce(StepField("f", kind), value, a_scene())


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        ("money", "25.00 USD", Money(2500, "USD")),
        ("money", Amount(Decimal("25"), "JPY"), Money(25, "JPY")),
        ("money", {"amount": "19.99", "currency": "USD"}, Money(1999, "USD")),
        ("moment", "12 months", datetime(2027, 11, 20, 15, tzinfo=UTC)),
        ("moment", Duration(days=1), datetime(2026, 11, 21, 15, tzinfo=UTC)),
        ("moment", "2027-01-01", datetime(2027, 1, 1, tzinfo=UTC)),
        ("moment", "2027-01-01T10:00:00Z", datetime(2027, 1, 1, 10, tzinfo=UTC)),
        ("moment", NOW, NOW),
        ("flag", True, True),
        ("whole", Decimal("5.0"), 5),
        ("text", Decimal("5"), "5"),
        ("text", NOW, "2026-11-20T15:00:00Z"),
        ("card", "gc_1", "gc_1"),
        ("card", {"id": "gc_1", "balance": 5}, "gc_1"),
        ("contact", {"id": "ct_1"}, "ct_1"),
        ("custom_type", "custom.vip.card-2", "custom.vip.card-2"),
        ("any", None, None),
        (
            "mapping",
            {"sum": Money(1, "USD"), "at": NOW, "list": [Duration(days=2)]},
            {"sum": {"amount": "0.01", "currency": "USD"}, "at": "2026-11-20T15:00:00Z", "list": ["2 days"]},
        ),
    ],
)
def test_a_value_comes_in_its_fields_kind(kind: str, value: Any, result: Any) -> None:
    found = brought(kind, value)

    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("money", 25),
        ("money", "25.00"),
        ("money", "25.00 USX"),
        ("money", Amount(Decimal("0.001"), "USD")),
        ("money", True),
        ("moment", "soon"),
        ("moment", 5),
        ("flag", "true"),
        ("flag", 1),
        ("whole", Decimal("5.5")),
        ("whole", True),
        ("whole", "5"),
        ("whole", Decimal("1E+50")),
        ("text", ["a"]),
        ("text", None),
        ("card", {"code": "x"}),
        ("custom_type", "gift_card.issued"),
        ("custom_type", "custom."),
        ("custom_type", "custom.two words"),
        ("custom_type", "custom." + "x" * 81),
        ("custom_type", "Custom.vip"),
        ("custom_type", 5),
        ("mapping", "a"),
        ("mapping", [1]),
        ("mapping", {"amount": "5", "currency": "USD"}),
    ],
)
def test_another_kind_is_an_error(kind: str, value: Any) -> None:
    with pytest.raises(EvaluationFailed):
        brought(kind, value)


def test_every_kind_of_the_domain_is_known_here() -> None:
    assert set(FIELD_KINDS) == {
        "text",
        "money",
        "moment",
        "flag",
        "whole",
        "card",
        "contact",
        "mapping",
        "texts",
        "custom_type",
        "any",
    }
    for kind in FIELD_KINDS:
        assert literal_fault(StepField("f", kind), None) == "`f` is null: leave it out instead"


def test_a_closed_set_of_texts_says_what_was_meant() -> None:
    field = StepField("kind", "text", choices=("promotional", "paid"))

    with pytest.raises(EvaluationFailed, match="did you mean `paid`"):
        coerce(field, "payed", a_scene())


def test_a_bare_number_for_a_sum_shows_how_to_write_it() -> None:
    assert literal_fault(StepField("amount", "money"), 25) == (
        "`amount` has no currency: write it like `25.00 USD`"
    )


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [("money", "0.00 USD", "0.00 USD"), ("money", "-5.00 USD", "-5.00 USD"), ("whole", 0, "0")],
)
def test_what_must_be_above_zero_is_refused_before_a_deed_would(kind: str, value: Any, told: str) -> None:
    field = StepField("f", kind, above_zero=True)

    assert literal_fault(field, value) == f"`f` is {told}, and must be above zero"
    assert literal_fault(StepField("f", kind), value) is None
    with pytest.raises(EvaluationFailed, match="must be above zero"):
        coerce(field, value, a_scene())
