"""What happens at the product's named pause points: nothing, until a test says what."""

import threading
from collections import Counter
from collections.abc import Callable

from tests.kit.crowd import PATIENCE_S


class Pauses:
    """A `store.writer.Pause` to hand in. `passed` counts how often each point was passed."""

    def __init__(self) -> None:
        self._deeds: dict[str, Callable[[], None]] = {}
        self.passed: Counter[str] = Counter()

    def at(self, point: str, deed: Callable[[], None]) -> None:
        """From now on, do this at that point, in the thread that comes by."""
        self._deeds[point] = deed

    def nowhere(self) -> None:
        """From now on, go through everywhere."""
        self._deeds.clear()

    def __call__(self, point: str) -> None:
        self.passed[point] += 1
        deed = self._deeds.get(point)
        if deed is not None:
            deed()


class Gate:
    """Holds the first thread that comes by, until it is opened; everybody else goes through."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self.reached = threading.Event()
        self._opened = threading.Event()

    def open(self) -> None:
        self._opened.set()

    def __call__(self) -> None:
        with self._lock:
            is_first, self._is_taken = not self._is_taken, True
        if is_first:
            self.reached.set()
            assert self._opened.wait(PATIENCE_S), "nobody opened the gate"
