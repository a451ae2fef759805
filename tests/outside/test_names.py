"""Looking names up: in few threads, once for all who ask, and nobody waits longer than it said."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest

from connector.domain.clock import Clock, SystemClock
from connector.outside.exchange import AttemptFault
from connector.outside.names import SLOW_FOR_S, SLOW_S, SLOW_TIMES, THREADS, LookUp, Resolver, system_look_up
from tests.kit.clock import FixedClock
from tests.kit.crowd import PATIENCE_S, Crowd, at_once, until

from .kit import SERVER_FAILED, UNKNOWN, Names

ADDRESS = ["192.0.2.7"]


class Slow:
    """A name server that answers names beginning with `slow` once it is let; keeps what it was asked."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.asked: list[str] = []
        self.threads: set[int] = set()

    def __call__(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        self.threads.add(threading.get_ident())
        if name.startswith("slow"):
            assert self.let.wait(PATIENCE_S)
        return ADDRESS


@contextmanager
def a_resolver(
    look_up: LookUp, threads: int = THREADS, clock: Clock | None = None, slow_threads: int = 1
) -> Iterator[Resolver]:
    """A resolver whose threads have all ended at the end."""
    before = set(threading.enumerate())
    resolver = Resolver(clock or SystemClock(), look_up, threads, slow_threads)
    yield resolver
    resolver.close()
    for thread in set(threading.enumerate()) - before:
        if thread.name == "resolver":
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def trouble(resolver: Resolver, name: str = "hooks.example.test", timeout_s: float = PATIENCE_S) -> str:
    """The error that a look-up ends with."""
    with pytest.raises(AttemptFault) as fault:
        resolver.resolve(name, timeout_s)
    assert fault.value.outcome == "unreachable"
    return fault.value.error


def test_a_name_has_the_addresses_that_the_system_knows() -> None:
    with a_resolver(system_look_up) as resolver:
        found = resolver.resolve("localhost", PATIENCE_S)

    assert {*found} <= {"127.0.0.1", "::1"}
    assert len({*found}) == len(found) > 0


def test_nothing_is_remembered_since_a_name_may_change() -> None:
    names = Names(["192.0.2.1"], ["192.0.2.2"])
    with a_resolver(names) as resolver:
        found = [resolver.resolve("hooks.example.test", PATIENCE_S) for _ in range(2)]

    assert found == [["192.0.2.1"], ["192.0.2.2"]]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (UNKNOWN, "dns_unknown"),
        ([], "dns_unknown"),
        (SERVER_FAILED, "dns_failed"),
        (socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure"), "dns_failed"),
        (OSError(24, "Too many open files"), "dns_failed"),
        (TimeoutError(), "dns_failed"),
        (UnicodeError("label empty or too long"), "dns_failed"),
    ],
)
def test_a_name_without_an_address_is_told_as_one(answer: list[str] | Exception, error: str) -> None:
    with a_resolver(Names(answer)) as resolver:
        assert trouble(resolver) == error


@pytest.mark.parametrize("name", ["a" * 64 + ".test", "a..test", "\udcff.test", "a\0.test"])
def test_what_can_be_no_name_is_told_as_one_that_failed_and_asks_nobody(name: str) -> None:
    with a_resolver(system_look_up) as resolver:
        with pytest.raises((AttemptFault, ValueError)):
            resolver.resolve(name, PATIENCE_S)

        assert resolver.resolve("localhost", PATIENCE_S)


def test_a_bug_is_handed_to_who_asked_and_costs_no_thread() -> None:
    with a_resolver(Names(KeyError("bug"), ADDRESS), threads=1) as resolver:
        with pytest.raises(KeyError):
            resolver.resolve("hooks.example.test", PATIENCE_S)

        assert resolver.resolve("hooks.example.test", PATIENCE_S) == ADDRESS


def test_who_asks_for_a_name_that_is_looked_up_already_waits_for_that_answer() -> None:
    names = Slow()
    with a_resolver(names) as resolver:
        crowd = Crowd([partial(resolver.resolve, "slow.test", PATIENCE_S)] * 12)
        until(lambda: bool(names.asked))
        names.let.set()

        assert [one.value for one in crowd.wait()] == [ADDRESS] * 12
    assert len(names.asked) < 12


def test_nobody_waits_longer_than_it_said_though_others_do() -> None:
    names = Slow()
    with a_resolver(names) as resolver:
        patient = Crowd([partial(resolver.resolve, "slow.test", PATIENCE_S)])
        until(lambda: bool(names.asked))

        assert trouble(resolver, "slow.test", timeout_s=0.01) == "dns_failed"
        names.let.set()
        assert patient.wait()[0].value == ADDRESS


def test_names_one_after_another_need_one_thread() -> None:
    names = Slow()
    with a_resolver(names) as resolver:
        for number in range(20):
            resolver.resolve(f"quick-{number}.test", PATIENCE_S)

    assert len(names.threads) == 1


def test_as_many_names_as_there_are_threads_can_hang_before_another_has_to_wait() -> None:
    names = Slow()
    with a_resolver(names, threads=3) as resolver:
        hanging = Crowd([partial(resolver.resolve, f"slow-{n}.test", PATIENCE_S) for n in range(2)])
        until(lambda: len(names.asked) == 2)
        for number in range(50):
            assert resolver.resolve(f"quick-{number}.test", PATIENCE_S) == ADDRESS
        third = Crowd([partial(resolver.resolve, "slow-3.test", PATIENCE_S)])
        until(lambda: len(names.threads) == 3)

        assert trouble(resolver, "quick.test", timeout_s=0.05) == "dns_failed"
        names.let.set()
        assert [one.value for one in (*hanging.wait(), *third.wait())] == [ADDRESS] * 3
        assert resolver.resolve("quick.test", PATIENCE_S) == ADDRESS
    assert len(names.threads) == 3


def test_a_look_up_that_nobody_waits_for_any_more_is_not_begun() -> None:
    names, clock = Slow(), FixedClock()
    with a_resolver(names, threads=1, clock=clock) as resolver:
        first = Crowd([partial(resolver.resolve, "slow.test", PATIENCE_S)])
        until(lambda: bool(names.asked))
        assert trouble(resolver, "given-up.test", timeout_s=0.01) == "dns_failed"
        clock.forward(timedelta(seconds=1))
        names.let.set()
        first.wait()

        assert resolver.resolve("next.test", PATIENCE_S) == ADDRESS
        assert names.asked == ["slow.test", "next.test"]
        assert resolver.resolve("given-up.test", PATIENCE_S) == ADDRESS  # and can be asked for again


def test_a_look_up_that_an_impatient_caller_gave_up_is_done_for_a_patient_one() -> None:
    names, clock = Slow(), FixedClock()
    with a_resolver(names, threads=1, clock=clock) as resolver:
        first = Crowd([partial(resolver.resolve, "slow.test", PATIENCE_S)])
        until(lambda: bool(names.asked))
        assert trouble(resolver, "wanted.test", timeout_s=0.01) == "dns_failed"
        asks = threading.Event()

        def ask() -> Sequence[str]:
            asks.set()
            return resolver.resolve("wanted.test", PATIENCE_S)

        patient = Crowd([ask])
        assert asks.wait(PATIENCE_S)
        assert trouble(resolver, "wanted.test", timeout_s=0.05) == "dns_failed"  # the patient one has asked
        clock.forward(timedelta(seconds=1))
        names.let.set()

        assert first.wait()[0].value == patient.wait()[0].value == ADDRESS


def test_many_names_at_once_are_all_answered() -> None:
    names = Slow()
    with a_resolver(names) as resolver:
        calls = [partial(resolver.resolve, f"quick-{number}.test", PATIENCE_S) for number in range(64)]

        assert [one.value for one in at_once(calls)] == [ADDRESS] * 64
    assert len(names.threads) <= THREADS


def hang(resolver: Resolver, names: Slow, clock: FixedClock, name: str) -> None:
    """A look-up that takes longer than an honest one does."""
    names.let.clear()
    asked = len(names.asked)
    hanging = Crowd([partial(resolver.resolve, name, PATIENCE_S)])
    until(lambda: len(names.asked) > asked)
    clock.forward(timedelta(seconds=SLOW_S + 0.1))
    names.let.set()
    hanging.wait()


def test_names_that_hang_again_keep_no_others_waiting() -> None:
    """F14, F15. Eight names whose servers say nothing held every thread, again and again."""
    names, clock = Slow(), FixedClock()
    with a_resolver(names, threads=1, clock=clock) as resolver:
        for number in range(3):
            for _ in range(SLOW_TIMES):
                hang(resolver, names, clock, f"slow-{number}.test")
        asked = len(names.asked)

        names.let.clear()
        again = Crowd([partial(resolver.resolve, f"slow-{number}.test", PATIENCE_S) for number in range(3)])
        until(lambda: len(names.asked) > asked)

        assert resolver.resolve("quick.test", PATIENCE_S) == ADDRESS
        names.let.set()
        assert [one.value for one in again.wait()] == [ADDRESS] * 3


def test_a_name_that_was_slow_once_is_looked_up_among_the_others() -> None:
    names, clock = Slow(), FixedClock()
    with a_resolver(names, clock=clock, slow_threads=0) as resolver:
        for _ in range(2 * SLOW_TIMES):  # a packet is lost now and then, and between it is quick
            hang(resolver, names, clock, "slow.test")

            assert resolver.resolve("slow.test", PATIENCE_S) == ADDRESS


def test_a_name_that_hung_is_looked_up_among_the_others_once_that_is_long_ago() -> None:
    names, clock = Slow(), FixedClock()
    with a_resolver(names, clock=clock, slow_threads=0) as resolver:
        for _ in range(SLOW_TIMES):
            hang(resolver, names, clock, "slow.test")
        assert trouble(resolver, "slow.test", timeout_s=0.01) == "dns_failed", "it has no thread to hang in"

        clock.forward(timedelta(seconds=SLOW_FOR_S))

        assert resolver.resolve("slow.test", PATIENCE_S) == ADDRESS
