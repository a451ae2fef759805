"""What a recipe says beside its steps is told in the words in which it was written."""

import pytest

from connector.recipes.clauses import Period


@pytest.mark.parametrize(
    ("period", "words"),
    [(Period("month"), "month"), (Period("day", 60), "60 days"), (Period("week", 1), "1 week")],
)
def test_a_period_is_told_as_it_was_written(period: Period, words: str) -> None:
    assert str(period) == words
