"""A run comes to one of a closed set of ends, and a failure says where."""

from connector.domain.errors import RunFailed
from connector.recipes.decision import OUTCOMES, Decision, Failed


def test_the_outcomes_are_eight_words() -> None:
    assert len(set(OUTCOMES)) == 8


def test_only_a_run_that_stands_still_has_something_to_go_on_from() -> None:
    assert (Decision("done").journal, Decision("done").until) == (None, None)


def test_a_failure_carries_its_place_and_trace() -> None:
    failed = Failed("`contact.email` is not there", "recipes/vip.yaml:3:9", [{"line": 3}])

    assert isinstance(failed, RunFailed)
    assert (failed.detail, failed.place, failed.trace) == (
        failed.reason,
        "recipes/vip.yaml:3:9",
        [{"line": 3}],
    )
