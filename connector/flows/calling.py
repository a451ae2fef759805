"""How a worker learns at once of what another process queued: by calls, which are hints as all wake-ups.

The one rule: whoever tells does not wait, and whoever hears goes on hearing: where the line broke, anew.
"""

import threading
from collections.abc import Callable
from typing import Final

from ..domain.errors import Unavailable
from ..logs import log
from ..store import calls
from ..store.engine import Engines
from .dispatch import Dispatcher

AGAIN_AFTER_S: Final = 1.0


class Calls:
    """A process's part in it: one with doors tells, one with a worker hears. Nothing on SQLite."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._is_due = threading.Event()
        self._is_over = threading.Event()
        self._teller: threading.Thread | None = None
        self._hearer: threading.Thread | None = None

    def start_telling(self) -> None:
        """Tell in the background from now on: many calls at about the same time are one."""
        if not self._engines.is_sqlite:
            self._teller = threading.Thread(target=self._tell_on, name="teller", daemon=True)
            self._teller.start()

    def start_hearing(self, wake: Callable[[], None]) -> None:
        """Do `wake` whenever another process calls."""
        if not self._engines.is_sqlite:
            self._hearer = threading.Thread(target=self._hear_on, args=(wake,), name="hearer", daemon=True)
            self._hearer.start()

    def wake(self, worker: Dispatcher | None) -> None:
        """Something was queued: for this process's own worker, or else for those of others.

        Where nothing tells in the background, as in the command line, they are told before this returns.
        """
        if worker is not None:
            worker.wake()
        elif self._teller is None:
            calls.tell(self._engines)
        else:
            self._is_due.set()

    def stop(self) -> None:
        self._is_over.set()
        self._is_due.set()
        if self._teller is not None:
            self._teller.join(AGAIN_AFTER_S)  # without a database it may be at its own patience
        if self._hearer is not None:
            calls.tell(self._engines)  # our own call is what wakes it
            self._hearer.join(AGAIN_AFTER_S)

    def _tell_on(self) -> None:
        while not self._is_over.is_set():
            self._is_due.wait()
            self._is_due.clear()
            calls.tell(self._engines)

    def _hear_on(self, wake: Callable[[], None]) -> None:
        while not self._is_over.is_set():
            try:
                calls.hear(self._engines, self._is_over.is_set, wake)
            except Unavailable as error:
                log.warning("calls_not_heard", error=error.code)
                self._is_over.wait(AGAIN_AFTER_S)
