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
TURN_S: Final = 15.0  # after which a source begins no further delivery before others had their turn
LOOKED_AT: Final = 1_000  # sources that wait, of which those go first that had no turn for longest


class BacklogLoops:
    """One loop runs what asks nobody; what asks a platform has a thread for each source, made when needed.

    To be used as a `Looper` is.
    """

    def __init__(self, parts: Parts, look_every_s: float = LOOK_EVERY_S, threads: int = THREADS) -> None:
        self._parts = parts
        self._threads = threads
        self._askers = [slug for slug, one in sorted(parts.adapters.items()) if one.lookup is not None]
        self._lock = threading.Lock()
        self._running: dict[int, tuple[int, threading.Thread]] = {}
        self._turns = 0
        self._last_turns: dict[int, int] = {}  # by source: the number of its last one
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
            busy, full = sorted(self._running), self._full()
        with self._parts.engines.reading() as connection:
            waiting = deliveries.due_sources(
                connection,
                self._parts.clock.now(),
                self._askers,
                without=busy,
                full=full,
                limit=LOOKED_AT,
            )
        for source_id, account_id in sorted(waiting, key=lambda one: self._last_turns.get(one[0], 0)):
            self._begin_one(source_id, account_id)
        return 0

    def _begin_one(self, source_id: int, account_id: int) -> None:
        with self._lock:
            if len(self._running) >= self._threads or account_id in self._full() or self._is_ending.is_set():
                return
            work = partial(self._work, source_id, self._parts.clock.monotonic() + TURN_S)
            thread = threading.Thread(target=work, name=f"lookups-{source_id}", daemon=True)
            thread.start()  # before it counts: where no thread can be had, the next look tries again
            self._running[source_id] = account_id, thread
            self._turns += 1
            self._last_turns[source_id] = self._turns

    def _full(self) -> list[int]:
        """Accounts that have all the threads that one may have; the lock is held."""
        each = Counter(account for account, _ in self._running.values())
        return [account for account, count in each.items() if count >= EACH]

    def _work(self, source_id: int, until: float) -> None:
        ran = 0
        try:
            ran = backlog.run_due(self._parts, source_id=source_id, is_over=partial(self._is_over, until))
        except ConnectorError as error:
            log.error("look_failed", loop="lookups", error=error.code)
        except Exception as fault:  # noqa: BLE001 - the next look begins another thread
            log.error("look_failed", loop="lookups", error=type(fault).__name__)
        finally:
            with self._lock:
                del self._running[source_id]
            if ran:
                self._asking.wake()

    def _is_over(self, until: float) -> bool:
        return self._is_ending.is_set() or self._parts.clock.monotonic() > until
