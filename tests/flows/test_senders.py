"""Threads that send: few where receivers answer at once, many where they keep us waiting; none is lost."""

import queue
import threading
from collections.abc import Iterator

import pytest

from connector.flows.senders import Senders
from tests.kit.clock import FixedClock
from tests.kit.crowd import until


class Processor:
    """How busy we say it is."""

    def __init__(self) -> None:
        self.used_s = 0.0

    def __call__(self) -> float:
        return self.used_s


class Receivers:
    """Each attempt waits until it is let go, and says that it has begun."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self._gates: dict[int, threading.Event] = {}
        self._lock = threading.Lock()

    def send(self, number: int) -> None:
        with self._lock:
            gate = self._gates.setdefault(number, threading.Event())
        self.begun.append(number)
        assert gate.wait(10)
        self.ended.append(number)

    def answer(self, *numbers: int) -> None:
        for number in numbers:
            with self._lock:
                self._gates.setdefault(number, threading.Event()).set()


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    made = Receivers()
    yield made
    made.answer(*range(100))


def test_one_is_sent_after_another_while_they_are_answered_at_once(receivers: Receivers) -> None:
    processor = Processor()
    senders = Senders(receivers.send, 8, processor)
    senders.put([1, 2, 3])
    until(lambda: receivers.begun == [1])
    processor.used_s += 9.0  # as busy as can be
    senders.look()
    assert senders.is_waiting

    receivers.answer(1, 2, 3)

    until(lambda: sorted(receivers.ended) == [1, 2, 3])
    until(lambda: not senders.is_waiting)


def test_more_are_sent_at_once_where_the_processor_has_time_left_up_to_the_slots(
    receivers: Receivers,
) -> None:
    senders = Senders(receivers.send, 4, Processor())
    senders.put(range(9))
    until(lambda: len(receivers.begun) == 1)

    for _ in range(4):
        senders.look()
    until(lambda: len(receivers.begun) == 4)
    assert senders.is_waiting, "the slots are the most"

    receivers.answer(*range(9))
    until(lambda: len(receivers.ended) == 9)
    assert sorted(receivers.begun) == list(range(9))
    senders.close()


def test_who_hangs_holds_up_nobody_however_busy_we_are(receivers: Receivers) -> None:
    processor = Processor()
    senders = Senders(receivers.send, 8, processor)
    receivers.answer(*range(3, 50))
    senders.put([1, 2, *range(3, 50)])

    def is_all_sent() -> bool:
        processor.used_s += 9.0
        senders.look()
        return sorted(receivers.ended) == list(range(3, 50))

    until(is_all_sent)
    assert receivers.begun[:2] == [1, 2]
    senders.close()


def test_who_hangs_holds_up_nobody_though_nobody_looks(receivers: Receivers) -> None:
    """Whoever puts them may be held by a database for seconds."""
    senders = Senders(receivers.send, 8, Processor())
    senders.start()
    receivers.answer(3, 4)

    senders.put([1, 2, 3])

    until(lambda: receivers.ended == [3])
    senders.put([4])
    until(lambda: receivers.ended == [3, 4])
    until(lambda: sorted(receivers.begun) == [1, 2, 3, 4])
    senders.close()


def test_what_waits_already_has_threads_of_its_own_at_once_and_before_all_others(
    receivers: Receivers,
) -> None:
    processor = Processor()
    senders = Senders(receivers.send, 8, processor)
    senders.put([1, 2])
    until(lambda: receivers.begun == [1])
    processor.used_s += 9.0
    senders.look()

    senders.put_begun([3, 4])

    until(lambda: sorted(receivers.begun) == [1, 3, 4])
    assert senders.take_back() == [2], "what was begun is nobody's to give back"
    receivers.answer(1, 3, 4)
    until(lambda: sorted(receivers.ended) == [1, 3, 4])
    senders.close()


def test_what_nobody_has_begun_is_taken_back_once(receivers: Receivers) -> None:
    senders = Senders(receivers.send, 8, Processor())
    senders.put([1, 2, 3])
    until(lambda: receivers.begun == [1])

    assert senders.take_back() == [2, 3]
    assert senders.take_back() == []
    receivers.answer(1)
    until(lambda: receivers.ended == [1])
    senders.close()


def test_everything_is_sent_once_though_it_is_put_while_threads_end() -> None:
    sent: queue.SimpleQueue[int] = queue.SimpleQueue()
    senders = Senders(sent.put, 4)
    for number in range(500):
        senders.put([number])

    until(lambda: sent.qsize() == 500)
    assert sorted(sent.get() for _ in range(500)) == list(range(500))
    senders.close()


def test_where_no_thread_is_to_be_had_those_that_run_send_all(
    receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit of the machine: nothing is lost, and the next look tries again."""
    senders = Senders(receivers.send, 8, Processor())
    senders.put([1])
    until(lambda: receivers.begun == [1])

    def none(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as bounded:
        bounded.setattr(threading.Thread, "start", none)
        senders.look()
        senders.put([2, 3])
    receivers.answer(1, 2, 3)

    until(lambda: sorted(receivers.ended) == [1, 2, 3])
    until(lambda: not senders.is_waiting)
    senders.close()


def test_where_no_thread_was_to_be_had_for_long_as_many_run_at_once_as_before(
    receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And who hangs holds up nobody: what was queued for threads that did not come is forgotten."""
    processor = Processor()
    senders = Senders(receivers.send, 4, processor, FixedClock())

    def none(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as bounded:
        bounded.setattr(threading.Thread, "start", none)
        senders.put([1, 2, 3])
        for _ in range(9):
            processor.used_s += 9.0
            senders.look()
    receivers.answer(1, 2, 3)
    senders.look()
    until(lambda: sorted(receivers.ended) == [1, 2, 3])
    for _ in range(2):
        processor.used_s += 9.0
        senders.look()

    senders.put_begun([4, 5])
    until(lambda: sorted(receivers.begun) == [1, 2, 3, 4, 5])
    receivers.answer(4, 5)
    until(lambda: len(receivers.ended) == 5)
    senders.put(range(6, 30))

    for number in range(6, 30):
        until(lambda at=number: at in receivers.begun)  # type: ignore[misc]
        assert max(receivers.begun) == number, "one at a time, as before"
        receivers.answer(number)
    until(lambda: len(receivers.ended) == 29)
    senders.close()
