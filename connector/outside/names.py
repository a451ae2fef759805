"""Names to addresses, in a few threads of their own.

The rule that holds: a caller never waits longer than it said, though
`getaddrinfo` can neither be told a limit nor be stopped. So look-ups run in at
most eight threads, one look-up per name at a time, and whoever has waited long
enough goes away.
"""

import queue
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final

from ..domain.clock import Clock
from .exchange import AttemptFault

THREADS: Final = 8  # as many names can hang before others have to wait
LookUp = Callable[[str], Sequence[str]]
_UNKNOWN: Final = tuple(
    code for code in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)) if code is not None
)


def system_look_up(name: str) -> Sequence[str]:
    """The addresses of `name` as the operating system knows them; raises socket.gaierror or UnicodeError."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Resolver:
    """Looks names up in at most THREADS threads, made when needed."""

    def __init__(self, clock: Clock, look_up: LookUp = system_look_up, threads: int = THREADS) -> None:
        self._clock = clock
        self._look_up = look_up
        self._threads_max = threads
        self._lock = threading.Lock()
        self._threads = 0
        self._idle = 0
        self._in_progress: dict[str, Future[Sequence[str]]] = {}
        self._asked: queue.SimpleQueue[tuple[str, float] | None] = queue.SimpleQueue()

    def resolve(self, name: str, timeout_s: float) -> Sequence[str]:
        """The addresses of `name`, at least one; AttemptFault `dns_unknown` or `dns_failed`."""
        future = self._ask(name, timeout_s)
        try:
            found = future.result(timeout_s)
        except socket.gaierror as fault:
            error = "dns_unknown" if fault.errno in _UNKNOWN else "dns_failed"
            raise AttemptFault("unreachable", error, fault.strerror) from fault
        except (TimeoutError, OSError, UnicodeError) as fault:
            raise AttemptFault("unreachable", "dns_failed", type(fault).__name__) from fault
        if not found:
            raise AttemptFault("unreachable", "dns_unknown")
        return found

    def close(self) -> None:
        """Let the threads end; one that hangs in a look-up ends with it, or with the process."""
        with self._lock:
            for _ in range(self._threads):
                self._asked.put(None)

    def _ask(self, name: str, timeout_s: float) -> Future[Sequence[str]]:
        with self._lock:
            future = self._in_progress.get(name)
            if future is None:
                future = self._in_progress[name] = Future()
                self._asked.put((name, self._clock.monotonic() + timeout_s))
                if self._threads < self._threads_max and self._idle < self._asked.qsize():
                    self._threads += 1
                    # Daemons: a look-up that hangs must not hold up the end of the process.
                    threading.Thread(target=self._work, name="resolver", daemon=True).start()
            return future

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            asked = self._asked.get()
            with self._lock:
                self._idle -= 1
            if asked is None:
                return
            self._answer(*asked)

    def _answer(self, name: str, give_up_at: float) -> None:
        found: Sequence[str] = ()
        trouble: Exception | None = None
        try:
            if self._clock.monotonic() > give_up_at:  # nobody waits any more: leave the thread to others
                raise TimeoutError
            found = self._look_up(name)
        except Exception as fault:  # noqa: BLE001 -- it is the caller's: handed over below
            trouble = fault
        with self._lock:
            future = self._in_progress.pop(name)
        if trouble is not None:
            future.set_exception(trouble)
        else:
            future.set_result(found)
