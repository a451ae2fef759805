"""Rate limits: how often a key, an address or a source may ask: here, and by all nodes together.

The one rule: what this process counted holds, whatever the others say or Redis forgets. Time is how
long something took, not what the wall says: nobody gets new requests by a clock that is set.
"""

import math
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from limits import RateLimitItemPerSecond
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from ..domain.clock import Clock
from ..domain.errors import RateLimited
from .sharing import Shared

MOST_KEPT: Final = 20_000  # callers remembered at a time, some ten megabytes: who floods us fills no more
SPANS: Final = 100  # a window is counted in hundredths at the finest, so that a large limit stays small


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` in each `period_s` seconds."""

    count: int
    period_s: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How often may be asked; None: as often as anybody likes.

    `per_key` with a key, `per_address` without a good one, `per_source` deliveries of
    one source. Wrong codes have a budget of their own: `Guesses`.
    """

    per_key: Rate | None = None
    per_address: Rate | None = None
    per_source: Rate | None = None


NO_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands: its limit, what is left of it, and in how many seconds some comes back."""

    limit: int
    remaining: int
    reset_s: int

    @property
    def is_spent(self) -> bool:
        return self.remaining <= 0

    @property
    def wait(self) -> timedelta:
        return timedelta(seconds=max(1, self.reset_s))


@dataclass
class _Window:
    """What was counted under one key: first and last moment of each span, and how much."""

    expiry: float
    total: int = 0
    spans: deque[list[float]] = field(default_factory=deque)

    def prune(self, now: float) -> None:
        while self.spans and self.spans[0][1] <= now - self.expiry:
            self.total -= int(self.spans.popleft()[2])

    def add(self, now: float, amount: int) -> None:
        # A span counts until its last moment has left: never too little is counted.
        if self.spans and now - self.spans[-1][0] < self.expiry / SPANS:
            self.spans[-1][1] = now
            self.spans[-1][2] += amount
        else:
            self.spans.append([now, now, amount])
        self.total += amount


class Windows(Storage, MovingWindowSupport):
    """A storage of `limits` in memory, by our clock; whoever was longest not seen is forgotten first."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock, most: int = MOST_KEPT) -> None:
        super().__init__()
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        with self._lock:
            now = self._clock.monotonic()
            window = self._seen(key, expiry, now)
            if window.total + amount > limit:
                return False
            window.add(now, amount)
            return True

    def get_moving_window(self, key: str, _limit: int = 0, _expiry: int = 0) -> tuple[float, int]:
        """When the oldest that still counts was counted, and how much counts; never makes a window."""
        with self._lock:
            now = self._clock.monotonic()
            window = self._windows.get(key)
            if window is None:
                return now, 0
            window.prune(now)
            return (window.spans[0][1] if window.spans else now), window.total

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        with self._lock:
            now = self._clock.monotonic()
            window = self._seen(key, expiry, now)
            window.add(now, amount)
            return window.total

    def get(self, key: str) -> int:
        return self.get_moving_window(key)[1]

    def get_expiry(self, key: str) -> float:
        oldest, _ = self.get_moving_window(key)
        with self._lock:
            window = self._windows.get(key)
            return oldest if window is None else oldest + window.expiry

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
            return count

    def clear(self, key: str) -> None:
        with self._lock:
            self._windows.pop(key, None)

    def _seen(self, key: str, expiry: float, now: float) -> _Window:
        window = self._windows.get(key)
        if window is None:
            while len(self._windows) >= self._most:
                self._windows.popitem(last=False)
            window = self._windows[key] = _Window(expiry)
        self._windows.move_to_end(key)
        window.prune(now)
        return window


class Limiter:
    """Counts under a rate; `kind` parts what is counted for different reasons, `who` names the caller.

    `shared` is where all nodes count; None: there is this process alone. What passes is
    counted in both, so that a node on its own goes on with what it knows.
    """

    def __init__(self, clock: Clock, shared: Shared | None = None) -> None:
        self._clock = clock
        self._shared = shared
        self._windows = MovingWindowRateLimiter(Windows(clock))

    def hit(self, rate: Rate, kind: str, *who: str) -> bool:
        """Count one; False, and not counted, where there is no room left."""
        item = _item(rate, kind)
        if self._shared is None:
            return self._windows.hit(item, *who)
        if not self._windows.test(item, *who):
            return False  # all together counted no less than we did
        return self._shared.hit(item, *who) is not False and self._windows.hit(item, *who)

    def standing(self, rate: Rate, kind: str, *who: str) -> Standing:
        """Where a caller stands, nothing being counted."""
        item = _item(rate, kind)
        reset, remaining = self._windows.get_window_stats(item, *who)
        found = (reset - self._clock.monotonic(), remaining)
        everybodys = None if self._shared is None else self._shared.standing(item, *who)
        if everybodys is not None and everybodys[1] <= remaining:
            found = everybodys
        wait, left = min(float(rate.period_s), max(0.0, found[0])), max(0, found[1])
        return Standing(rate.count, left, 0 if left >= rate.count else math.ceil(wait))


def too_many(standing: Standing) -> RateLimited:
    """The refusal, with when to come again."""
    return RateLimited(
        f"{standing.limit} are the most; try again in {max(1, standing.reset_s)} s.",
        retry_after=standing.wait,
    )


def _item(rate: Rate, kind: str) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(rate.count, rate.period_s, namespace=kind)
