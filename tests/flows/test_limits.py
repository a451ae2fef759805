"""How often may be asked: counted by our clock, in little room, refused with when to come again."""

from datetime import timedelta

import pytest

from connector.flows.limits import Limiter, Rate, Windows, too_many
from tests.kit.clock import FixedClock
from tests.kit.crowd import at_once

THREE = Rate(3, 60)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def limiter(clock: FixedClock) -> Limiter:
    return Limiter(clock)


def test_no_more_than_the_rate_passes_in_any_window(limiter: Limiter, clock: FixedClock) -> None:
    passed = []
    for second in range(300):
        if limiter.hit(THREE, "key", "a"):
            passed.append(second)
        clock.forward(timedelta(seconds=1))

    assert all(len([at for at in passed if start <= at < start + 60]) <= 3 for start in range(300))
    assert len(passed) >= 13, "and not much fewer"


def test_a_refused_request_is_not_counted(limiter: Limiter, clock: FixedClock) -> None:
    assert [limiter.hit(THREE, "key", "a") for _ in range(50)].count(True) == 3

    clock.forward(timedelta(seconds=60))

    assert limiter.hit(THREE, "key", "a")


def test_callers_kinds_and_rates_are_counted_apart(limiter: Limiter) -> None:
    for _ in range(3):
        limiter.hit(THREE, "key", "a")

    assert not limiter.hit(THREE, "key", "a")
    assert limiter.hit(THREE, "key", "b")
    assert limiter.hit(THREE, "address", "a")
    assert limiter.hit(Rate(4, 60), "key", "a")


def test_a_wall_clock_that_is_set_gives_nobody_new_requests(limiter: Limiter, clock: FixedClock) -> None:
    for _ in range(3):
        limiter.hit(THREE, "key", "a")

    clock.jump(timedelta(days=1))
    assert not limiter.hit(THREE, "key", "a")
    clock.jump(timedelta(days=-2))
    assert not limiter.hit(THREE, "key", "a")


def test_many_at_once_get_no_more_than_the_rate(limiter: Limiter) -> None:
    ended = at_once([lambda: limiter.hit(Rate(10, 60), "key", "a")] * 40)

    assert sum(one.value for one in ended) == 10


def test_where_a_caller_stands_is_seen_without_counting(limiter: Limiter, clock: FixedClock) -> None:
    assert limiter.standing(THREE, "key", "a").remaining == 3
    limiter.hit(THREE, "key", "a")
    clock.forward(timedelta(seconds=20))

    seen = [limiter.standing(THREE, "key", "a") for _ in range(5)]

    assert {(one.limit, one.remaining, one.reset_s) for one in seen} == {(3, 2, 40)}


def test_a_large_limit_is_counted_in_little_room(clock: FixedClock) -> None:
    windows = Windows(clock)
    for _ in range(5_000):
        assert windows.acquire_entry("a", 1_000_000, 86_400)
        clock.forward(timedelta(seconds=10))

    [window] = windows._windows.values()
    assert len(window.spans) <= 102
    assert window.total == 5_000


def test_a_coarse_span_never_lets_more_through(clock: FixedClock) -> None:
    windows = Windows(clock)
    passed = []
    for step in range(4_000):
        if windows.acquire_entry("a", 500, 100):
            passed.append(step)
        clock.forward(timedelta(seconds=0.1))

    for start in range(0, 4_000, 50):
        assert len([at for at in passed if start <= at < start + 1_000]) <= 500


def test_a_flood_of_callers_fills_no_more_than_its_room(clock: FixedClock) -> None:
    windows = Windows(clock, most=100)
    for number in range(1_000):
        windows.acquire_entry(f"caller {number}", 1, 60)

    assert windows.reset() == 100
    assert windows.acquire_entry("caller 999", 1, 60), "forgotten with all the others"


def test_the_rest_of_the_interface_of_a_storage(clock: FixedClock) -> None:
    windows = Windows(clock)

    assert (windows.incr("a", 60), windows.incr("a", 60, 2), windows.get("a"), windows.get("b")) == (
        1,
        3,
        3,
        0,
    )
    assert windows.get_expiry("a") == clock.monotonic() + 60
    assert windows.get_expiry("b") == clock.monotonic()
    assert windows.check()
    windows.clear("a")
    assert windows.get("a") == 0
    assert windows.base_exceptions is ValueError


def test_the_refusal_says_when(limiter: Limiter, clock: FixedClock) -> None:
    limiter.hit(Rate(1, 60), "key", "a")
    clock.forward(timedelta(seconds=18))

    refusal = too_many(limiter.standing(Rate(1, 60), "key", "a"))

    assert refusal.detail == "1 are the most; try again in 42 s."
    assert refusal.retry_after == timedelta(seconds=42)
