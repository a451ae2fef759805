"""The tests' own clock keeps what the rest of the suite builds on."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest

from connector.domain.clock import Clock
from tests.kit.clock import THE_MOMENT, FixedClock

A_MINUTE = timedelta(minutes=1)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


def test_it_stands_still_until_it_is_moved() -> None:
    clock: Clock = FixedClock()
    assert clock.now() == clock.now() == THE_MOMENT
    assert clock.monotonic() == clock.monotonic()


def test_wall_and_monotonic_time_move_together() -> None:
    clock = FixedClock()
    before = clock.monotonic()
    clock.forward(A_MINUTE)
    assert clock.now() - THE_MOMENT == A_MINUTE
    assert clock.monotonic() - before == A_MINUTE.total_seconds()


def test_a_wrong_wall_clock_moves_no_monotonic_time() -> None:
    clock = FixedClock()
    before = clock.monotonic()
    clock.jump(-A_MINUTE)
    assert (clock.now(), clock.monotonic()) == (THE_MOMENT - A_MINUTE, before)


def test_it_never_goes_back() -> None:
    with pytest.raises(ValueError, match="forward"):
        FixedClock().forward(-A_MINUTE)


def test_a_wait_ends_when_the_event_is_set(pool: ThreadPoolExecutor) -> None:
    clock, event = FixedClock(), threading.Event()
    answer = _waiting(pool, clock, event)
    event.set()
    assert answer.result(timeout=10) is True


def test_a_wait_ends_when_the_clock_is_moved_to_its_deadline(pool: ThreadPoolExecutor) -> None:
    clock, event = FixedClock(), threading.Event()
    answer = _waiting(pool, clock, event)
    clock.forward(A_MINUTE)
    assert answer.result(timeout=10) is False
    assert clock.waiting == 0


def test_a_wait_goes_on_while_its_deadline_is_not_reached(pool: ThreadPoolExecutor) -> None:
    clock, event = FixedClock(), threading.Event()
    answer = _waiting(pool, clock, event)
    clock.forward(A_MINUTE - timedelta(seconds=1))
    assert not answer.done()
    clock.forward(timedelta(seconds=1))
    assert answer.result(timeout=10) is False


def test_a_wait_for_no_time_only_looks() -> None:
    clock, event = FixedClock(), threading.Event()
    assert clock.wait(event, 0) is False
    event.set()
    assert clock.wait(event, 0) is True


def test_many_threads_may_move_it_at_once(pool: ThreadPoolExecutor) -> None:
    clock = FixedClock()
    moves = [pool.submit(clock.forward, timedelta(seconds=1)) for _ in range(200)]
    for move in moves:
        move.result(timeout=10)
    assert clock.now() == THE_MOMENT + timedelta(seconds=200)


def _waiting(pool: ThreadPoolExecutor, clock: FixedClock, event: threading.Event) -> "Future[bool]":
    answer = pool.submit(clock.wait, event, A_MINUTE.total_seconds())
    while not clock.waiting:
        event.wait(0.001)
    return answer
