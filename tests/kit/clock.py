"""The clock that tests hand in: it stands still until a test moves it. Nothing here sleeps."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

THE_MOMENT: Final = datetime(2026, 11, 20, 15, tzinfo=UTC)
_LOOK_AGAIN_S: Final = 0.005  # one cannot wait for an Event and a moved clock together: look at both


class FixedClock:
    """A `domain.clock.Clock` whose wall and monotonic time move together, and only by `forward`.

    Safe to share between threads: a worker may wait on it while the test moves it.
    """

    def __init__(self, at: datetime = THE_MOMENT) -> None:
        self._lock = threading.Lock()
        self._now = at
        self._monotonic = 1_000.0
        self._waiting = 0

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        with self._lock:
            return self._monotonic

    def forward(self, by: timedelta) -> None:
        """Let `by` pass; whoever waited for no longer than that goes on."""
        if by < timedelta(0):
            raise ValueError("time only goes forward; a wall clock that was wrong is moved by jump()")
        with self._lock:
            self._now += by
            self._monotonic += by.total_seconds()

    def jump(self, by: timedelta) -> None:
        """Somebody sets the machine's wall clock, forwards or back: no time has passed."""
        with self._lock:
            self._now += by

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """True once `event` is set, False once the clock was moved `seconds` on from here."""
        with self._lock:
            deadline = self._monotonic + seconds
            self._waiting += 1
        try:
            while self.monotonic() < deadline:
                if event.wait(_LOOK_AGAIN_S):
                    return True
            return event.is_set()
        finally:
            with self._lock:
                self._waiting -= 1

    @property
    def waiting(self) -> int:
        """How many threads wait on this clock now: a test moves it only when those it means do."""
        with self._lock:
            return self._waiting
