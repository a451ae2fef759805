"""The comparison of times sees what is there, and nothing that is not."""

import random

import pytest

from tests.kit.timing import compare, compared


def some(count: int, seed: int, later_ns: int = 0) -> list[int]:
    """Times as a machine has them: two milliseconds, now and then many more."""
    drawn = random.Random(seed)
    return [int(2_000_000 + drawn.expovariate(1 / 50_000)) + later_ns for _ in range(count)]


def test_the_same_told_twice_tells_nothing() -> None:
    found = compared(some(3_000, 1), some(3_000, 2))

    assert found.tells_nothing, found


@pytest.mark.parametrize("later_ns", [10_000, -10_000])
def test_ten_microseconds_in_two_thousand_are_seen(later_ns: int) -> None:
    found = compared(some(3_000, 1), some(3_000, 2, later_ns))

    assert not found.tells_nothing
    assert (found.z > 4, found.auc > 0.53) == (later_ns > 0, later_ns > 0)


def test_times_that_are_all_alike_and_all_apart_are_the_two_ends() -> None:
    assert (compared([5] * 10, [5] * 10).auc, compared([5] * 10, [5] * 10).z) == (0.5, 0.0)
    assert compared([1, 2, 3], [4, 5, 6]).auc == 1.0
    assert compared([4, 5, 6], [1, 2, 3]).auc == 0.0
    assert compared([1, 3], [2, 3]).auc == 0.625


def test_each_kind_is_asked_as_often_as_the_other_and_neither_always_first() -> None:
    asked: list[str] = []

    found = compare(lambda number: asked.append("a"), lambda number: asked.append("b"), 200)

    assert (found.count, asked.count("a"), asked.count("b")) == (200, 250, 250)
    firsts = asked[100::2]
    assert 50 < firsts.count("a") < 150
    assert str(found).startswith("2x200: z ")
