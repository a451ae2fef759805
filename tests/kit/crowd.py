"""Many callers at the same moment: each in a thread of its own, and what became of each."""

import threading
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

PATIENCE_S: Final = 30.0  # nothing in a test takes so long: who is not back by then never comes

T = TypeVar("T")


class Ended(Generic[T]):
    """What became of one call: its value, or the error that it raised; neither while it runs."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self.error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return bool(self.values)

    @property
    def value(self) -> T:
        if self.error is not None:
            raise self.error
        return self.values[0]


class Crowd(Generic[T]):
    """Threads that have been started; `wait` for them all."""

    def __init__(self, calls: Sequence[Callable[[], T]]) -> None:
        self.ended: list[Ended[T]] = [Ended() for _ in calls]
        self._threads = [
            threading.Thread(target=_run, args=(call, ended), daemon=True)
            for call, ended in zip(calls, self.ended, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def wait(self) -> list[Ended[T]]:
        """Each call's end, in the order of the calls; fails the test where one never ends."""
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "a caller was never answered"
        return self.ended


def at_once(calls: Sequence[Callable[[], T]]) -> list[Ended[T]]:
    """Run all calls at the same time; each one's end, in their order."""
    return Crowd(calls).wait()


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another thread is about to do; fails the test where it never does."""
    looked = threading.Event()
    for _ in range(int(PATIENCE_S * 1000)):
        if is_so():
            return
        looked.wait(0.001)
    raise AssertionError("what was waited for never came")


def _run(call: Callable[[], T], ended: Ended[T]) -> None:
    try:
        ended.values.append(call())
    except BaseException as error:  # noqa: BLE001 - it is the caller's, and is handed to the test
        ended.error = error
