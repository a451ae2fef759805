"""The threads that run stored deliveries while the gateway serves.

The one rule: a platform's API that hangs holds up the deliveries of its own source, and nobody else's.
"""

import threading
from collections import Counter
from functools import partial
from typing import Final

from ..domain.errors import ConnectorError
from ..logs import log
from ..store import deliveries
from . import backlog
from .dispatch import LOOK_EVERY_S, Looper
from .parts import Parts

THREADS: Final = 16  # sources whose platforms are asked at one time
EACH: Final = 4  # of these, for one account


class BacklogLoops:
    """One loop runs what asks nobody; what asks a platform has a thread for each source, made when needed.

    To be used as a `Looper` is.
    """

    def __init__(self, parts: Parts, look_every_s: float = LOOK_EVERY_S) -> None:
        self._parts = parts
        self._askers = [slug for slug, one in sorted(parts.adapters.items()) if one.lookup is not None]
        self._lock = threading.Lock()
        self._running: dict[int, tuple[int, threading.Thread]] = {}
        self._is_ending = threading.Event()
        self._plain = Looper("backlog", partial(backlog.run_due, parts, but=self._askers), look_every_s)
        self._asking = Looper("lookups", self._begin, look_every_s)

    def start(self) -> None:
        self._plain.start()
        self._asking.start()

    def wake(self) -> None:
        self._plain.wake()
        self._asking.wake()

    def end(self) -> None:
        """Begin nothing more; `stop` waits for what has begun."""
        self._is_ending.set()
        self._plain.end()
        self._asking.end()

    def stop(self, wait_s: float = 15.0) -> None:
        """End, and wait for it: `wait_s` at most. What a platform says nothing to until then is still due."""
        until = self._parts.clock.monotonic() + wait_s
        self.end()
        self._plain.stop(wait_s)
        self._asking.stop(max(0.0, until - self._parts.clock.monotonic()))
        with self._lock:
            threads = [thread for _, thread in self._running.values()]
        for thread in threads:
            thread.join(max(0.0, until - self._parts.clock.monotonic()))

    def _begin(self) -> int:
        """A thread for each source that has something due and none yet. Always 0: one that ends wakes us."""
        with self._lock:
            busy = sorted(self._running)
        with self._parts.engines.reading() as connection:
            waiting = deliveries.due_sources(
                connection, self._parts.clock.now(), self._askers, without=busy, limit=THREADS * EACH
            )
        for source_id, account_id in waiting:
            self._begin_one(source_id, account_id)
        return 0

    def _begin_one(self, source_id: int, account_id: int) -> None:
        with self._lock:
            each = Counter(account for account, _ in self._running.values())
            if len(self._running) >= THREADS or each[account_id] >= EACH or self._is_ending.is_set():
                return
            work = partial(self._work, source_id)
            thread = threading.Thread(target=work, name=f"lookups-{source_id}", daemon=True)
            thread.start()  # before it counts: where no thread can be had, the next look tries again
            self._running[source_id] = account_id, thread

    def _work(self, source_id: int) -> None:
        ran = 0
        try:
            ran = backlog.run_due(self._parts, source_id=source_id, is_over=self._is_ending.is_set)
        except ConnectorError as error:
            log.error("look_failed", loop="lookups", error=error.code)
        except Exception as fault:  # noqa: BLE001 - the next look begins another thread
            log.error("look_failed", loop="lookups", error=type(fault).__name__)
        finally:
            with self._lock:
                del self._running[source_id]
            if ran:
                self._asking.wake()
