"""How a deed looks to a recipe: plain data that cannot be wrong."""

import pytest

from connector.domain.steps import FIELD_KINDS, StepField, StepSpec


@pytest.mark.parametrize("kind", FIELD_KINDS)
def test_a_field_has_one_of_the_kinds(kind: str) -> None:
    field = StepField("amount", kind)
    assert (field.required, field.help, field.choices) == (False, "", ())


@pytest.mark.parametrize("kind", ["", "number", "Money", "text "])
def test_another_kind_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="not a kind"):
        StepField("amount", kind)


def test_a_step_changes_things_unless_it_says_otherwise() -> None:
    assert StepSpec("issue_card", "Issue a card", (StepField("amount", "money", required=True),)).changes
    assert not StepSpec("check_balance", "Look", (), gives=("balance",), changes=False).changes


def test_the_kinds_are_each_there_once() -> None:
    assert len(FIELD_KINDS) == len(set(FIELD_KINDS))
