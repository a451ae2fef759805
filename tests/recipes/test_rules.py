"""Depth is bounded across names too, and an error keeps the innermost place."""

import pytest

from connector.recipes.language import MAX_DEPTH, BadExpression, parse
from connector.recipes.names import Let, Scope
from connector.recipes.rules import compile_term, truth
from connector.recipes.values import EvaluationFailed

from .making import a_scene


def test_a_name_counts_with_the_depth_of_what_it_stands_for() -> None:
    deep = Let("number", MAX_DEPTH, lambda _: 1)

    with pytest.raises(BadExpression, match="its `let` names counted"):
        compile_term(parse("let.deep > 0"), Scope(lets={"deep": deep}))


def test_the_innermost_part_that_failed_gives_the_place() -> None:
    code = compile_term(parse("(1 + 2) * (3 / (1 - 1)) > 0"), Scope())

    with pytest.raises(EvaluationFailed) as caught:
        code.run(a_scene())

    assert caught.value.offset == 11


@pytest.mark.parametrize("value", [1, "true", None, [], {}])
def test_nothing_but_a_yes_or_no_is_a_condition(value: object) -> None:
    with pytest.raises(EvaluationFailed, match="is not a condition"):
        truth(value)
