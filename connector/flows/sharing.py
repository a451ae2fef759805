"""What many nodes count together, and what becomes of it while the place where they do is away.

The one rule: nobody waits for it and nobody is refused because of it. `None` says that it is
away: each node then holds its limits for itself, and asks again by itself.
"""

import threading
from collections.abc import Callable
from typing import Final, TypeVar

from limits import RateLimitItem
from limits.errors import StorageError
from limits.strategies import MovingWindowRateLimiter

from ..domain.clock import Clock
from ..logs import log
from ..outside.counts import SharedWindows

T = TypeVar("T")

AGAIN_S: Final = 2.0  # one request in so long finds out whether it is back, and waits QUICK_S at most


class Shared:
    """The counts of all nodes."""

    def __init__(self, counts: SharedWindows, clock: Clock) -> None:
        self._counts = counts
        self._windows = MovingWindowRateLimiter(counts)
        self._clock = clock
        self._lock = threading.Lock()
        self._away_until: float | None = None

    @property
    def is_away(self) -> bool:
        """Whether each node counts for itself, as was seen last."""
        return self._away_until is not None

    def look(self) -> bool:
        """Ask whether it is there, at most once in AGAIN_S while it is not."""
        self._ask(lambda: self._counts.get_moving_window("look", 1, 1))
        return not self.is_away

    def hit(self, item: RateLimitItem, *who: str) -> bool | None:
        """Count one; False, and not counted, where there is no room left."""
        return self._ask(lambda: self._windows.hit(item, *who))

    def standing(self, item: RateLimitItem, *who: str) -> tuple[float, int] | None:
        """In how many seconds the oldest that counts leaves the window, and how much is left."""
        return self._ask(lambda: self._standing(item, *who))

    def _standing(self, item: RateLimitItem, *who: str) -> tuple[float, int]:
        reset, remaining = self._windows.get_window_stats(item, *who)
        return reset - self._counts.carried(), remaining

    def _ask(self, question: Callable[[], T]) -> T | None:
        with self._lock:
            if self._away_until is not None:
                now = self._clock.monotonic()
                if now < self._away_until:
                    return None
                self._away_until = now + AGAIN_S  # this one finds out; the others do not wait for it
        try:
            found = question()
        except StorageError as fault:
            self._lost(fault.storage_error)
            return None
        self._found()
        return found

    def _lost(self, fault: Exception) -> None:
        with self._lock:
            is_news = self._away_until is None
            self._away_until = self._clock.monotonic() + AGAIN_S
        if is_news:
            log.warning("limits_apart", error=type(fault).__name__)

    def _found(self) -> None:
        with self._lock:
            is_news, self._away_until = self._away_until is not None, None
        if is_news:
            log.info("limits_shared")
