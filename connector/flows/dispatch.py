"""Outbox to endpoints: lease, send, record, in turns.

No transaction is open while a socket is. Results are written in groups, with the
next leases; a wake-up is a hint, the rows are the truth.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final

from ..domain.clock import SystemClock
from ..domain.errors import ConnectorError, OutcomeUnknown, Unavailable
from ..logs import log
from ..store import leases, settling, turns
from ..store.leases import Leased
from ..store.turns import Place, Slots
from ..store.writer import Writing
from .at_once import Waiting, finish, send_at_once
from .own_line import OwnLine
from .parts import Parts
from .senders import Senders
from .sending import Sent, record_all, send

SLOTS: Final = 128  # threads, made when needed: fifty receivers that hang leave room for the others
LEASE_FOR: Final = timedelta(seconds=45)  # three times the longest attempt
BEGIN_WITHIN_S: Final = 30.0  # an attempt begun later could outlast its lease, and another worker's begin
GROUP: Final = 64  # results that are written at once, with the leases that follow them
GROUP_WITHIN_S: Final = 0.02
LAST_WRITE_S: Final = 1.0  # for the loop to end once it may not wait for attempts any more
AGAIN_S: Final = 0.1  # what somebody holds at the end is given back again: a stop waits for it
LOOK_EVERY_S: Final = 1.0  # for what other processes queued, and for retries that have come due
RETRY_SHARE: Final = 4  # of the slots, one in so many is for what was tried before: no storm after an outage
STALE_SHARE: Final = 2  # of these, one in so many is for who had no success of late: most of them hang


def turn(parts: Parts, limit: int = SLOTS) -> int:
    """Lease what is due, send it and record it, one after another; how many were sent, at most `limit`."""
    sent, after, line = 0, turns.START, OwnLine(parts.clock)
    begin_until = parts.clock.monotonic() + BEGIN_WITHIN_S

    def room() -> Slots:
        return Slots(line.room(limit - sent), each=1)  # with its answer an endpoint may get more

    while leased := parts.writer.run(partial(_lease, parts, room(), after)):
        after = turns.place_after(after, leased)
        for place, one in enumerate(leased):
            if parts.clock.monotonic() > begin_until:
                _give_all_back(parts, leased[place:])
                return sent
            result = _noticed(line, send(parts, one))
            parts.writer.run(partial(_write_one, parts, result))
            sent += 1
    return sent


def _noticed(line: OwnLine, sent: Sent) -> Sent:
    """What was sent, and whether it says anything of its receiver."""
    is_charged = line.note(sent.leased.endpoint.url, sent.answer)
    return sent if is_charged else replace(sent, is_charged=False)


def _write_one(parts: Parts, result: Sent, tx: Writing) -> None:
    record_all(parts, tx, [result])


def _write(parts: Parts, results: Sequence[Sent], tx: Writing) -> list[Sent]:
    """What could not be written now: somebody holds it, or its endpoint."""
    return record_all(parts, tx, results, or_pass=True)


def _give_back(parts: Parts, unbegun: Sequence[Leased], tx: Writing) -> list[Leased]:
    """What could not be given back now: somebody holds it."""
    return settling.give_back(tx, unbegun, parts.clock.now())


def _give_all_back(parts: Parts, unbegun: Sequence[Leased]) -> None:
    """Until nobody holds any: what is forgotten is charged an attempt that nobody made."""
    until = parts.clock.monotonic() + LEASE_FOR.total_seconds()  # by then nothing of it is ours
    while True:
        try:
            unbegun = parts.writer.run(partial(_give_back, parts, unbegun))
        except (Unavailable, OutcomeUnknown) as error:
            log.error("dispatch_failed", error=error.code)
        if not unbegun or parts.clock.monotonic() > until:
            return
        parts.clock.wait(threading.Event(), AGAIN_S)


def _lease(parts: Parts, slots: Slots, after: Place, tx: Writing) -> list[Leased]:
    if slots.free <= 0:
        return []
    return leases.lease(tx, now=parts.clock.now(), lease_for=LEASE_FOR, slots=slots, after=after)


class Dispatcher:
    """Sends in the background: one thread leases and records, others send. Start once, stop once.

    All that is noted here belongs to the one thread; the others only add to what has ended, and call it.
    """

    def __init__(self, parts: Parts, slots: int = SLOTS, look_every_s: float = LOOK_EVERY_S) -> None:
        self._parts = parts
        self._slots = slots
        self._look_every_s = look_every_s
        self._ended: deque[Sent | Leased] = deque()
        self._enough = 1  # results, for the loop to be called
        self._is_called = threading.Event()
        self._is_woken = False
        self._is_stopping = threading.Event()
        self._is_over = threading.Event()
        self._senders = Senders(self._send, slots)
        self._loop = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        self._machine = SystemClock()
        self._line = OwnLine(parts.clock)
        self._after = turns.START
        self._in_flight: dict[tuple[int, int], Leased] = {}  # by id and fence
        self._results: list[Sent] = []
        self._unbegun: list[Leased] = []

    def start(self) -> None:
        self._senders.start()
        self._loop.start()

    def wake(self) -> None:
        """Something was queued; safe from any thread, and cheap when called often."""
        self._is_woken = True
        self._is_called.set()

    def end(self) -> None:
        """Lease no more, and give back what is not begun; `stop` waits for what is being sent."""
        self._is_stopping.set()
        self._is_called.set()

    def stop(self, wait_s: float = 15.0) -> None:
        """End, and wait for what is being sent: `wait_s` at most."""
        self.end()
        self._loop.join(wait_s)
        self._is_over.set()
        self._is_called.set()
        self._loop.join(min(wait_s, LAST_WRITE_S))
        self._senders.close()

    def _run(self) -> None:
        while not self._is_over.is_set() and not (self._is_stopping.is_set() and not self._in_flight):
            try:
                self._gather()
                self._turn()
            except (Unavailable, OutcomeUnknown) as error:  # what was answered is kept, and written later
                log.error("dispatch_failed", error=error.code)
            except Exception as fault:  # noqa: BLE001 - the loop outlives whatever happens
                log.error("dispatch_failed", error=type(fault).__name__)
                self._write_each_alone()

    def _gather(self) -> None:
        """Wait for what there is to do, one look's time at most; then take what has ended.

        A wake-up is followed at once. Results wait for each other while others are on their way: a
        thread that is woken for each of them would take the interpreter from those that send.
        """
        until = self._machine.monotonic() + self._look_every_s
        if self._is_stopping.is_set() and (self._results or self._unbegun):  # held, or not written yet
            until = min(until, self._machine.monotonic() + AGAIN_S)
        while not self._is_called.is_set() and (left := until - self._machine.monotonic()) > 0:
            self._is_called.wait(min(left, GROUP_WITHIN_S) if self._in_flight else left)
            if self._ended:
                until = min(until, self._machine.monotonic() + GROUP_WITHIN_S)
        self._is_called.clear()
        while self._ended:
            one = self._ended.popleft()
            if isinstance(one, Sent):
                self._results.append(_noticed(self._line, one))
            else:
                self._unbegun.append(one)

    def _turn(self) -> None:
        """Write results and take new work, in one transaction; then send."""
        is_woken, self._is_woken = self._is_woken, False
        if self._is_stopping.is_set():
            self._take_back()
        has_ended = bool(self._results or self._unbegun)
        slots = self._room()
        if not has_ended and not (slots.free and (is_woken or self._is_due())):
            return
        begin_until = self._parts.clock.monotonic() + BEGIN_WITHIN_S

        def work(tx: Writing) -> tuple[list[Sent], list[Leased], list[Leased]]:
            passed = _write(self._parts, self._results, tx)
            kept = _give_back(self._parts, self._unbegun, tx)
            return passed, kept, _lease(self._parts, slots, self._after, tx)

        passed, kept, leased = self._parts.writer.run(work)
        self._after = turns.place_after(self._after, leased)
        self._forget(passed, kept)
        self._in_flight |= {_lease_key(one): one for one in leased}
        if self._is_stopping.is_set():  # told while we were leasing
            self._unbegun += leased
            kept = self._parts.writer.run(partial(_give_back, self._parts, self._unbegun))
            self._forget(self._results, kept)
            return
        self._enough = min(GROUP, max(1, len(self._in_flight)))
        self._begin(leased, begin_until)
        if leased and len(leased) == slots.free:
            self.wake()  # there may be more

    def _begin(self, leased: Sequence[Leased], begin_until: float) -> None:
        """Send what is answered at once here and now, and have the rest sent."""
        if not leased or self._parts.clock.monotonic() > begin_until:
            unbegun = list(leased)  # the machine stood still: `_send` gives them back
        else:
            left = send_at_once(self._parts, leased, self._ended.append)
            unbegun = left.unbegun
            self._senders.put_begun([(one, begin_until) for one in left.waiting])
            if self._ended:
                self._is_called.set()
        self._senders.put([(one, begin_until) for one in unbegun])

    def _room(self) -> Slots:
        """What may begin, beside what is under way; what has ended is not any more."""
        ended = {_lease_key(one) for one in (*(sent.leased for sent in self._results), *self._unbegun)}
        left = [one for key, one in self._in_flight.items() if key not in ended]
        free = 0 if self._is_stopping.is_set() else self._slots - len(left)
        again = max(1, self._slots // RETRY_SHARE)
        return Slots(
            self._line.room(free),
            again=max(0, again - sum(one.is_again for one in left)),
            stale=max(0, max(1, again // STALE_SHARE) - sum(one.is_stale for one in left)),
            all=self._slots,
            taken=Counter(one.endpoint.account_id for one in left),
        )

    def _forget(self, passed: list[Sent], kept: list[Leased]) -> None:
        """What is written is not in flight any more; what was passed over is written with the next."""
        left = {_lease_key(one) for one in (*(sent.leased for sent in passed), *kept)}
        ended = {_lease_key(one) for one in (*(sent.leased for sent in self._results), *self._unbegun)}
        for key in ended - left:
            self._in_flight.pop(key, None)
        self._results, self._unbegun = passed, kept

    def _take_back(self) -> None:
        """Of what waits for a thread nothing begins any more."""
        self._unbegun += [one for one, _ in self._senders.take_back() if isinstance(one, Leased)]

    def _write_each_alone(self) -> None:
        """After a write that failed for a reason of its own: one that cannot be written spoils no other.

        Such a one is dropped: its lease runs out, and that counts as an attempt.
        """
        results, self._results, kept = self._results, [], []
        for sent in results:
            try:
                kept += self._parts.writer.run(partial(_write, self._parts, [sent]))
            except (Unavailable, OutcomeUnknown):
                kept.append(sent)
                continue
            except Exception as fault:  # noqa: BLE001 - as above
                log.error("attempt_lost", delivery=sent.leased.public_id, error=type(fault).__name__)
            if sent not in kept:
                self._in_flight.pop(_lease_key(sent.leased), None)
        self._results = kept

    def _is_due(self) -> bool:
        """A look that writes nothing: an idle gateway makes no commits."""
        with self._parts.engines.reading() as connection:
            return turns.is_due(connection, self._parts.clock.now(), LEASE_FOR)

    def _send(self, order: tuple[Leased | Waiting, float]) -> None:
        one, begin_until = order
        if isinstance(one, Waiting):
            self._ended.append(finish(self._parts, one))
        else:
            is_late = self._parts.clock.monotonic() > begin_until  # the machine stood still, or was overrun
            self._ended.append(one if is_late else send(self._parts, one))
        if len(self._ended) >= self._enough:
            self._is_called.set()


def _lease_key(leased: Leased) -> tuple[int, int]:
    return leased.id, leased.fence


class Looper:
    """Calls `look` when woken, and now and then: for work whose rows are the truth."""

    def __init__(self, name: str, look: Callable[[], int], look_every_s: float = LOOK_EVERY_S) -> None:
        self._look = look
        self._look_every_s = look_every_s
        self._woken = threading.Event()
        self._is_stopping = False
        self._loop = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._loop.start()

    def wake(self) -> None:
        self._woken.set()

    def end(self) -> None:
        """Begin nothing more; `stop` waits for what has begun."""
        self._is_stopping = True
        self._woken.set()

    def stop(self, wait_s: float = 15.0) -> None:
        """End, and wait for it: `wait_s` at most."""
        self.end()
        self._loop.join(wait_s)

    def _run(self) -> None:
        while not self._is_stopping:
            self._woken.wait(self._look_every_s)
            self._woken.clear()
            try:
                while not self._is_stopping and self._look():
                    pass
            except ConnectorError as error:
                log.error("look_failed", loop=self._loop.name, error=error.code)
            except Exception as fault:  # noqa: BLE001 - the loop outlives whatever happens
                log.error("look_failed", loop=self._loop.name, error=type(fault).__name__)
