"""The threads that send: few where receivers answer at once, many where they keep us waiting.

The one rule: whoever waits for a receiver holds up nobody, and no more run beside them than keep the
processor busy: threads that all have something to compute only take the interpreter from each other.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Generic, TypeVar

from ..domain.clock import Clock, SystemClock, thread_s
from ..logs import log

LOOK_EVERY_S: Final = 0.005  # while something waits for a thread
WAITS_FROM_S: Final = 0.02  # an attempt that takes so long waits for its receiver: its thread does not count
LEAST: Final = 1  # run at once: 1,750 attempts a second; 1,400 with two, 1,250 with 64 (two processors)
BUSY: Final = 0.7  # of a processor: below it, what waits for a thread waits in vain

T = TypeVar("T")


class Senders(Generic[T]):
    """Does `send` with each of what is put, in that order, in at most `slots` threads, made when needed.

    `look` is to be called every few milliseconds while something `is_waiting`, which after `start` a
    thread of its own does: whoever puts things may be held by a database, and these must not be held
    with it. `send` must be total.
    """

    def __init__(
        self,
        send: Callable[[T], None],
        slots: int,
        busy_s: Callable[[], float] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._send = send
        self._slots = slots
        self._used_s = 0.0
        self._busy_s = busy_s or self._used  # by these threads: what else computes must not slow them down
        self._clock = clock or SystemClock()
        self._threads = _threads(slots)
        self._is_closed = False
        self._is_called = threading.Event()
        self._watch = threading.Thread(target=self._look_on, name="senders", daemon=True)
        self._lock = threading.Lock()
        self._todo: deque[T] = deque()
        self._begun_before: deque[T] = deque()  # these wait already: each has its thread at once
        self._begun: dict[int, float] = {}  # by thread: when its attempt began
        self._running = 0
        self._asked: set[object] = set()  # of the running, those that have not begun yet
        self._width = min(LEAST, slots)
        self._looked = (self._clock.monotonic(), self._busy_s())

    @property
    def is_waiting(self) -> bool:
        """Whether something waits for a thread."""
        return bool(self._begun_before or self._todo)

    def start(self) -> None:
        """Look by themselves from now on, until they are closed."""
        self._watch.start()

    def put(self, items: Sequence[T]) -> None:
        """Send these, as soon as may be."""
        with self._lock:
            if not self._todo:
                self._looked = (self._clock.monotonic(), self._busy_s())
            self._todo.extend(items)
        self._start()
        self._call()

    def put_begun(self, items: Sequence[T]) -> None:
        """Go on with these in threads of their own, before all others: they wait for their receivers."""
        with self._lock:
            self._begun_before.extend(items)
        self._start()
        self._call()

    def look(self) -> None:
        """Let more run at once where the processor has time left, fewer where it has none."""
        now, busy = self._clock.monotonic(), self._busy_s()
        with self._lock:
            before, busy_before = self._looked
            self._looked = (now, busy)
            is_busy = busy - busy_before >= BUSY * (now - before)
            width = self._width // 2 if is_busy else self._width * 2
            self._width = max(min(LEAST, self._slots), min(width, self._slots))
        self._start()

    def take_back(self) -> list[T]:
        """What nobody has begun; nobody will."""
        with self._lock:
            taken = list(self._todo)
            self._todo.clear()
        return taken

    def close(self) -> None:
        """Begin nothing more; what is under way ends by itself."""
        self.take_back()
        with self._lock:
            self._is_closed = True
        self._is_called.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _call(self) -> None:
        if self.is_waiting:
            self._is_called.set()

    def _look_on(self) -> None:
        rest = threading.Event()  # which nobody sets
        while not self._is_closed:
            if not self.is_waiting:
                self._is_called.wait()
                self._is_called.clear()
            rest.wait(LOOK_EVERY_S)
            if self.is_waiting:
                self.look()

    def _used(self) -> float:
        return self._used_s

    def _start(self) -> None:
        with self._lock:
            waiting = len(self._begun_before) + len(self._todo)
            more = max(0, min(waiting, self._most() - self._running))
            asked = [object() for _ in range(more)]
            self._asked.update(asked)
            self._running += more
        for one in asked:
            try:
                self._threads.submit(self._run, one)
            except RuntimeError as fault:  # no more threads are to be had: those that run go on with it
                self._call_off()
                log.error("sender_not_begun", error=str(fault))
                return

    def _call_off(self) -> None:
        """Of what was asked for, nothing begins any more; whoever starts next asks anew.

        Asked anew of other threads: what an executor queued for a thread that did not come runs later
        all the same, and makes it believe that threads are idle which are not.
        """
        with self._lock:
            self._running -= len(self._asked)
            self._asked.clear()
            if self._is_closed:
                return
            failed, self._threads = self._threads, _threads(self._slots)
        failed.shutdown(wait=False, cancel_futures=True)

    def _most(self) -> int:
        """How many may run now, with those that wait; the lock is held."""
        since = self._clock.monotonic() - WAITS_FROM_S
        waiting = len(self._begun_before) + sum(at <= since for at in self._begun.values())
        return min(self._slots, self._width + waiting)

    def _run(self, asked: object) -> None:
        with self._lock:
            if asked not in self._asked:
                return
            self._asked.remove(asked)
        try:
            while (self._begun_before or self._todo) and (found := self._next()):
                before = thread_s()
                self._send(found[0])
                used = thread_s() - before
                with self._lock:
                    self._used_s += used
        finally:
            with self._lock:
                self._begun.pop(threading.get_ident(), None)
                self._running -= 1
        if self._begun_before or self._todo:  # put when this thread was about to end
            self._start()

    def _next(self) -> tuple[T] | None:
        """The next to be sent, unless there is none, or too many run by now."""
        own = threading.get_ident()
        with self._lock:
            self._begun.pop(own, None)
            if self._begun_before:
                self._begun[own] = float("-inf")
                return (self._begun_before.popleft(),)
            if not self._todo or self._running > self._most():
                return None
            self._begun[own] = self._clock.monotonic()
            return (self._todo.popleft(),)


def _threads(slots: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(slots, thread_name_prefix="sender")
