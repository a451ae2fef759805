"""Names to addresses, in a few threads of their own.

The rule that holds: a caller never waits longer than it said, though
`getaddrinfo` can neither be told a limit nor be stopped. So look-ups run in a few
threads, one look-up per name at a time, and whoever has waited long enough goes
away. Names whose servers took long have threads of their own: somebody's name
servers that answer nothing keep nobody else's deliveries waiting.
"""

import queue
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from ..domain.clock import Clock
from .exchange import AttemptFault

THREADS: Final = 8  # as many names can hang for the first time before others have to wait
SLOW_THREADS: Final = 4  # beside them, for all names that hung before
SLOW_S: Final = 1.0  # a look-up that took longer; an honest one takes milliseconds
SLOW_TIMES: Final = 2  # in a row make a name slow: one packet that was lost makes none
SLOW_FOR_S: Final = 600.0  # and so long it is remembered that it did, not what it said
SLOW_NAMES: Final = 4_096  # remembered at most: half a megabyte
LookUp = Callable[[str], Sequence[str]]
_UNKNOWN: Final = tuple(
    code for code in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)) if code is not None
)


def system_look_up(name: str) -> Sequence[str]:
    """The addresses of `name` as the operating system knows them; raises socket.gaierror or UnicodeError."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(slots=True, eq=False)
class _Asked:
    """A look-up that is wanted until `wanted_until`, by one caller or more."""

    name: str
    wanted_until: float
    future: Future[Sequence[str]] = field(default_factory=Future)


class Resolver:
    """Looks names up in at most `threads` threads, made when needed; what hung before, in `slow_threads`."""

    def __init__(
        self,
        clock: Clock,
        look_up: LookUp = system_look_up,
        threads: int = THREADS,
        slow_threads: int = SLOW_THREADS,
    ) -> None:
        self._clock = clock
        self._look_up = look_up
        self._slow: dict[str, tuple[int, float]] = {}  # how often in a row, and until when that counts
        self._lock = threading.Lock()
        self._lanes = _Lane(clock, self._timed, threads), _Lane(clock, self._timed, slow_threads)

    def resolve(self, name: str, timeout_s: float) -> Sequence[str]:
        """The addresses of `name`, at least one; AttemptFault `dns_unknown` or `dns_failed`."""
        with self._lock:
            is_slow = self._slow_times(name) >= SLOW_TIMES
        return self._lanes[is_slow].resolve(name, timeout_s)

    def close(self) -> None:
        """Let the threads end; one that hangs in a look-up ends with it, or with the process."""
        for lane in self._lanes:
            lane.close()

    def _timed(self, name: str) -> Sequence[str]:
        began = self._clock.monotonic()
        try:
            return self._look_up(name)
        finally:
            ended = self._clock.monotonic()
            with self._lock:
                times = self._slow_times(name)
                self._slow.pop(name, None)
                if ended - began > SLOW_S:
                    self._slow[name] = times + 1, ended + SLOW_FOR_S
                while len(self._slow) > SLOW_NAMES:
                    del self._slow[next(iter(self._slow))]

    def _slow_times(self, name: str) -> int:
        times, until = self._slow.get(name, (0, 0.0))
        return times if until > self._clock.monotonic() else 0


class _Lane:
    """Some of its threads: who waits here, waits for nobody in another."""

    def __init__(self, clock: Clock, look_up: LookUp, threads: int) -> None:
        self._clock = clock
        self._look_up = look_up
        self._threads_max = threads
        self._lock = threading.Lock()
        self._threads = 0
        self._in_progress: dict[str, _Asked] = {}
        self._waiting: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()

    def resolve(self, name: str, timeout_s: float) -> Sequence[str]:
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
        with self._lock:
            for _ in range(self._threads):
                self._waiting.put(None)

    def _ask(self, name: str, timeout_s: float) -> Future[Sequence[str]]:
        with self._lock:
            until = self._clock.monotonic() + timeout_s
            asked = self._in_progress.get(name)
            if asked is not None:
                asked.wanted_until = max(asked.wanted_until, until)
                return asked.future
            # As many threads as look-ups: none ever waits for one that hangs while there may be more.
            if self._threads < min(self._threads_max, len(self._in_progress) + 1):
                # Daemons: a look-up that hangs must not hold up the end of the process.
                threading.Thread(target=self._work, name="resolver", daemon=True).start()
                self._threads += 1
            asked = self._in_progress[name] = _Asked(name, until)
            self._waiting.put(asked)
            return asked.future

    def _work(self) -> None:
        while (asked := self._waiting.get()) is not None:
            if self._is_wanted(asked):
                self._answer(asked)
            else:
                asked.future.set_exception(TimeoutError())

    def _is_wanted(self, asked: _Asked) -> bool:
        """Whether somebody still waits; if not, the next to ask for this name begins anew."""
        with self._lock:
            is_wanted = self._clock.monotonic() <= asked.wanted_until
            if not is_wanted:
                del self._in_progress[asked.name]
            return is_wanted

    def _answer(self, asked: _Asked) -> None:
        found: Sequence[str] = ()
        trouble: Exception | None = None
        try:
            found = self._look_up(asked.name)
        except Exception as fault:  # noqa: BLE001 -- it is the caller's: handed over below
            trouble = fault
        with self._lock:
            del self._in_progress[asked.name]
        if trouble is not None:
            asked.future.set_exception(trouble)
        else:
            asked.future.set_result(found)
