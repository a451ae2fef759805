"""The time. The only module that may ask the machine for it."""

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for what people see, monotonic time for how long something took."""

    def now(self) -> datetime:
        """The present moment, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean anything."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for `event`, at most `seconds` of this clock; True if it was set."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


def thread_s() -> float:
    """Seconds of a processor that the calling thread has used so far."""
    return time.thread_time()
