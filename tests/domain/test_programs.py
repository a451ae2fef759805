"""What a program allows its cards to begin with, and what is usual with its kind."""

from dataclasses import replace
from typing import Any

import pytest

from connector.domain.errors import CurrencyMismatch, ValidationFailed
from connector.domain.money import Money
from connector.domain.programs import Program, program_json, require_fits, usual_at_expiry
from tests.kit.clock import THE_MOMENT


def a_program(**changed: Any) -> Program:
    whole = Program(
        id=1,
        public_id="prg_1",
        account_id=1,
        slug="spa",
        name="Spa day",
        currency="USD",
        kind="paid",
        is_active=True,
        created_at=THE_MOMENT,
        updated_at=THE_MOMENT,
    )
    return replace(whole, **changed)


@pytest.mark.parametrize(
    ("rules", "lawful", "unlawful"),
    [
        ({}, (1, 10**12), ()),
        ({"amounts": (2500, 5000)}, (2500, 5000), (2499, 2501, 7500)),
        ({"min_amount": 1000, "max_amount": 50_000}, (1000, 1001, 50_000), (999, 50_001)),
        ({"min_amount": 1000}, (1000, 10**12), (999,)),
        ({"max_amount": 1000}, (1, 1000), (1001,)),
    ],
)
def test_the_amounts_are_those_of_the_list_or_range(
    rules: dict[str, Any], lawful: tuple[int, ...], unlawful: tuple[int, ...]
) -> None:
    """S004-29, S004-30."""
    program = a_program(**rules)

    for amount in lawful:
        require_fits(program, Money(amount, "USD"))
    for amount in unlawful:
        with pytest.raises(ValidationFailed) as refused:
            require_fits(program, Money(amount, "USD"))
        assert [one.field for one in refused.value.errors] == ["amount"]


def test_the_refusal_names_the_amounts_there_are() -> None:
    with pytest.raises(ValidationFailed) as refused:
        require_fits(a_program(amounts=(2500, 5000)), Money(100, "USD"))

    assert "must be one of 25.00, 50.00 USD (in minor units 2500, 5000)" in str(refused.value)


def test_another_currency_is_refused_whatever_the_amount() -> None:
    with pytest.raises(CurrencyMismatch, match="is in USD, not EUR"):
        require_fits(a_program(), Money(2500, "EUR"))


def test_what_was_paid_stays_owed_and_what_was_given_lapses() -> None:
    assert (usual_at_expiry("paid"), usual_at_expiry("promotional")) == ("block", "move")
    assert a_program().at_expiry == "block"
    assert a_program(kind="promotional").at_expiry == "move"
    assert a_program(on_expiry="move").at_expiry == "move"


def test_a_program_is_shown_with_every_rule() -> None:
    shown = program_json(a_program(amounts=(2500,), countries=("US",), design={"color": "red"}))

    assert shown["amounts"] == [2500]
    assert shown["countries"] == ["US"]
    assert shown["design"] == {"color": "red"}
    assert shown["on_expiry"] == "block"
    assert (shown["max_balance"], shown["per_day"], shown["cash_out_below"]) == (0, 0, 0)
    assert shown["valid_for"] is None
