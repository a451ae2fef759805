"""Two kinds that do not go together are refused by every operator."""

from datetime import UTC
from decimal import Decimal
from typing import Any

import pytest

from connector.recipes.operators import calculate, compare, holds
from connector.recipes.values import Amount, Duration, EvaluationFailed

from .making import NOW

ONE_OF_EACH: dict[str, Any] = {
    "number": 5,
    "text": "5",
    "money": Amount(Decimal(5), "USD"),
    "time": NOW,
    "duration": Duration(days=5),
    "truth": True,
    "list": [5],
    "block": {"a": 5},
    "null": None,
}
PAIRS = [(left, right) for left in ONE_OF_EACH for right in ONE_OF_EACH if left != right]


@pytest.mark.parametrize(("left", "right"), PAIRS)
@pytest.mark.parametrize("sign", ["<", "<=", ">", ">=", "==", "!="])
def test_no_two_kinds_are_ever_compared(left: str, right: str, sign: str) -> None:
    if "null" in (left, right) and sign in ("==", "!="):
        assert compare(sign, ONE_OF_EACH[left], ONE_OF_EACH[right], UTC) is (sign == "!=")
        return
    with pytest.raises(EvaluationFailed):
        compare(sign, ONE_OF_EACH[left], ONE_OF_EACH[right], UTC)


@pytest.mark.parametrize("sign", ["+", "-", "*", "/"])
def test_arithmetic_works_on_what_it_should_only(sign: str) -> None:
    works = set()
    for left, first in ONE_OF_EACH.items():
        for right, second in ONE_OF_EACH.items():
            try:
                calculate(sign, first, second, UTC)
            except EvaluationFailed:
                continue
            works.add((left, right))

    same = {("number", "number"), ("money", "money"), ("duration", "duration"), ("time", "duration")}
    assert (
        works
        == {
            "+": same,
            "-": same | {("time", "time")},
            "*": {("number", "number"), ("money", "number"), ("number", "money")},
            "/": {("number", "number"), ("money", "number"), ("money", "money")},
        }[sign]
    )


def test_a_third_is_cut_and_a_product_is_not() -> None:
    assert len(str(calculate("/", 1, 3, UTC))) == 42
    with pytest.raises(EvaluationFailed, match="too many digits"):
        calculate("*", Decimal("9" * 60), Decimal("9" * 60), UTC)


def test_an_empty_list_holds_nothing_and_a_mixed_one_finds_its_own_kind() -> None:
    assert holds([], "VIP", UTC) is False
    assert holds([5, "VIP"], "VIP", UTC) is True
    with pytest.raises(EvaluationFailed, match="cannot be compared"):
        holds([5, "New"], "VIP", UTC)
