"""The machine's own clock, which only this module asks."""

import threading
from datetime import UTC

from connector.domain.clock import Clock, SystemClock


def test_the_present_moment_is_in_utc_and_goes_on() -> None:
    clock: Clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert first.tzinfo is UTC
    assert second >= first
    assert clock.monotonic() <= clock.monotonic()


def test_a_wait_ends_with_the_event_or_with_the_time() -> None:
    clock, event = SystemClock(), threading.Event()
    started = clock.monotonic()
    assert clock.wait(event, 0.01) is False
    assert clock.monotonic() - started >= 0.005
    event.set()
    assert clock.wait(event, 3_600) is True
