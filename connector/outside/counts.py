"""Counts that many nodes share, in Redis: how often somebody asked, by one clock for all of them.

The one rule: whatever is wrong with Redis is `limits`' StorageError within a moment, so that whoever
asked can go on without it. What stands there are ids of keys, addresses, names of sources: never a
code, never a secret.
"""

from typing import Final

from limits.storage import RedisStorage

from ..domain.clock import Clock

QUICK_S: Final = 0.25  # unless the URL says otherwise; a healthy Redis answers in a thousandth of a second
TIME_KEPT_S: Final = 60.0  # a node's clock drifts by less than a hundredth of a second in it
PREFIX: Final = "connector"


class SharedWindows(RedisStorage):
    """Moving windows of `limits` in Redis, by Redis' own time.

    The library takes each node's wall clock: one that goes ten seconds fast would hold
    every caller of the others to what it counted ten seconds long.
    """

    STORAGE_SCHEME: list[str] = []  # noqa: RUF012 - the library's; found by nobody's URL, made here

    def __init__(self, url: str, clock: Clock) -> None:
        # Here, since most gateways have no Redis: its client costs 40 ms of the start and 4 MB.
        from redis import ConnectionError as Lost
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        # Once more on a new connection: Redis closes idle ones, and drops all when it restarts.
        again = Retry(NoBackoff(), 1, supported_errors=(Lost,))
        super().__init__(
            url,
            key_prefix=PREFIX,
            wrap_exceptions=True,
            socket_connect_timeout=QUICK_S,
            socket_timeout=QUICK_S,
            retry=again,  # type: ignore[arg-type]
        )
        self._clock = clock
        self._kept: tuple[float, float] | None = None

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """What becomes a StorageError: also a name that leads nowhere, an answer that makes no sense."""
        return (self.dependency.RedisError, OSError, ValueError)

    def now(self) -> float:
        """Redis' time, carried on by this node's monotonic clock, so that it costs no question each."""
        at = self._clock.monotonic()
        kept = self._kept
        if kept is None or at - kept[0] > TIME_KEPT_S:
            seconds, micros = self.storage.time()
            self._kept = (at, seconds + micros / 1_000_000)
        return self.carried()

    def carried(self) -> float:
        """The same without a question: after one that was answered."""
        at, told = self._kept or (0.0, 0.0)
        return told + self._clock.monotonic() - at

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        told = [self.now(), limit, expiry, amount]
        return bool(self.lua_acquire_moving_window([self.prefixed_key(key)], told))

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest that still counts was counted, and how much counts."""
        now = self.now()
        found = self.lua_moving_window([self.prefixed_key(key)], [now - expiry, limit])
        return (float(found[0]), int(found[1])) if found else (now, 0)
