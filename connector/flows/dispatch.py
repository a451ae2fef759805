"""Outbox to endpoints: lease, sign, send, record, plan the next try.

No transaction is open while a socket is. Results are written in groups, with the
next leases; a wake-up is a hint, the rows are the truth.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ..domain import retries
from ..domain.errors import ConnectorError, OutcomeUnknown, Unavailable
from ..domain.signing import standard_headers, standard_key
from ..logs import log
from ..outside.answers import Answer
from ..store import endpoints, leases, outbox
from ..store.leases import Leased
from ..store.writer import Writing
from .parts import Parts

SLOTS: Final = 128  # threads, made when needed: fifty receivers that hang leave room for the others
LEASE_FOR: Final = timedelta(seconds=45)  # three times the longest attempt
BEGIN_WITHIN_S: Final = 30.0  # an attempt begun later could outlast its lease, and another worker's begin
LAST_WRITE_S: Final = 1.0  # for the loop to end once it may not wait for attempts any more
LOOK_EVERY_S: Final = 1.0  # for what other processes queued, and for retries that have come due
USER_AGENT: Final = "gift-card-connector"


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt that ended: what was leased, when it began, what was answered."""

    leased: Leased
    started_at: datetime
    answer: Answer


def send(parts: Parts, leased: Leased) -> Sent:
    """Sign afresh and post; total, since whatever happens is a result to record."""
    started_at = parts.clock.now()
    try:
        secrets = endpoints.secrets_of(parts.ring, leased.endpoint, started_at)
        keys = [standard_key(secret) for secret in secrets]
        headers = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            **standard_headers(keys, leased.message, started_at, leased.body),
        }
        answer = parts.client.post(leased.endpoint.url, leased.body, headers)
    except Exception as fault:  # noqa: BLE001 - a secret that no key opens must not stop the others
        log.error("send_failed", delivery=leased.public_id, error=type(fault).__name__)
        answer = Answer(status=None, outcome="internal", error="internal")
    return Sent(leased, started_at, answer)


def record(parts: Parts, tx: Writing, sent: Sent) -> None:
    """Write an attempt, and what becomes of its delivery and endpoint."""
    leased, answer = sent.leased, sent.answer
    state, after, reason = _becomes(leased, answer)
    due_at = None if after is None else parts.clock.now() + after
    effect = retries.effect_on_endpoint(answer.status, answer.outcome, answer.told, answer.told_to_stop)
    is_ours = outbox.settle(
        tx,
        leased,
        state=state,
        due_at=due_at,
        reason=reason,
        started_at=sent.started_at,
        record=_record_of(leased, answer, due_at),
        counts=effect.counts,
    )
    if is_ours and effect.disable is not None:
        endpoints.disable(tx, leased.endpoint.id, effect.disable)
        if effect.disable == "gone":  # for good; otherwise what is open waits for the endpoint
            outbox.close_endpoint(tx, leased.endpoint.id, state="dead", reason=effect.disable)
    tell = partial(
        log.info,
        "attempt",
        delivery=leased.public_id,
        message=leased.message,
        number=leased.tries + 1,
        outcome=answer.outcome,
        status=answer.status,
        error=answer.error,
        state=state if is_ours else "late",
    )
    tx.after_commit(tell)


def _becomes(leased: Leased, answer: Answer) -> tuple[str, timedelta | None, str | None]:
    """State, how long until the next try, and reason: what an answer makes of a delivery."""
    verdict = retries.next_try(
        answer.status, answer.outcome, leased.tries + 1, answer.told, leased.public_id, answer.told_to_stop
    )
    match verdict:
        case retries.Delivered():
            return "delivered", None, None
        case retries.Retry(after=after):
            return "retrying", after, answer.error
        case retries.Dead(reason=reason):
            return "dead", None, reason
        case retries.EndpointGone():
            return "dead", None, "gone"


def turn(parts: Parts, limit: int = SLOTS) -> int:
    """Lease what is due, send it and record it, one after another; how many were sent, at most `limit`."""
    sent = 0
    begin_until = parts.clock.monotonic() + BEGIN_WITHIN_S
    while leased := parts.writer.run(partial(_lease, parts, limit - sent, 0)):
        for place, one in enumerate(leased):
            if parts.clock.monotonic() > begin_until:
                parts.writer.run(partial(_give_back, parts, leased[place:]))
                return sent
            parts.writer.run(partial(_write, parts, [send(parts, one)]))
            sent += 1
    return sent


def _write(parts: Parts, results: Sequence[Sent], tx: Writing) -> None:
    for sent in results:
        record(parts, tx, sent)


def _give_back(parts: Parts, unbegun: Sequence[Leased], tx: Writing) -> None:
    outbox.give_back(tx, unbegun, parts.clock.now())


def _lease(parts: Parts, limit: int, after: int, tx: Writing) -> list[Leased]:
    if limit <= 0:
        return []
    return leases.lease(tx, now=parts.clock.now(), lease_for=LEASE_FOR, limit=limit, after=after)


def _record_of(leased: Leased, answer: Answer, retry_at: datetime | None) -> dict[str, Any]:
    return {
        "url": leased.endpoint.url,
        "address": answer.address,
        "status": answer.status,
        "outcome": answer.outcome,
        "error": answer.error,
        "duration_ms": answer.duration_ms,
        "phases_ms": dict(answer.phases_ms or {}),
        "told_s": None if answer.told is None else int(answer.told.total_seconds()),
        "answer_headers": [list(pair) for pair in answer.headers],
        "answer": answer.body.decode("utf-8", "replace").replace("\x00", "\ufffd"),
        "answer_cut": answer.answer_cut,
        "reconnected": answer.reconnected,
        "retry_at": None if retry_at is None else retry_at.isoformat(),
    }


class Dispatcher:
    """Sends in the background: one thread leases and records, others send. Start once, stop once.

    All that is noted here belongs to the one thread; the others only put into its inbox.
    """

    def __init__(self, parts: Parts, slots: int = SLOTS, look_every_s: float = LOOK_EVERY_S) -> None:
        self._parts = parts
        self._slots = slots
        self._look_every_s = look_every_s
        self._inbox: queue.SimpleQueue[Sent | Leased | None] = queue.SimpleQueue()
        self._is_woken = threading.Event()
        self._is_stopping = threading.Event()
        self._is_over = threading.Event()
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="sender")
        self._loop = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        self._after = 0  # the endpoint, by its row, behind which the next round of the ring begins
        self._in_flight: dict[tuple[int, int], tuple[Leased, Future[None]]] = {}  # by id and fence
        self._results: list[Sent] = []
        self._unbegun: list[Leased] = []

    def start(self) -> None:
        self._loop.start()

    def wake(self) -> None:
        """Something was queued; safe from any thread, and cheap when called often."""
        if not self._is_woken.is_set():
            self._is_woken.set()
            self._inbox.put(None)

    def end(self) -> None:
        """Lease no more, and give back what is not begun; `stop` waits for what is being sent."""
        self._is_stopping.set()
        self._inbox.put(None)

    def stop(self, wait_s: float = 15.0) -> None:
        """End, and wait for what is being sent: `wait_s` at most."""
        self.end()
        self._loop.join(wait_s)
        self._is_over.set()
        self._inbox.put(None)
        self._loop.join(min(wait_s, LAST_WRITE_S))
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._is_over.is_set() and not (self._is_stopping.is_set() and not self._in_flight):
            self._gather()
            try:
                self._turn()
            except (Unavailable, OutcomeUnknown) as error:  # what was answered is kept, and written later
                log.error("dispatch_failed", error=error.code)
            except Exception as fault:  # noqa: BLE001 - the loop outlives whatever happens
                log.error("dispatch_failed", error=type(fault).__name__)
                self._write_each_alone()

    def _gather(self) -> None:
        """Wait for a result or a wake-up, one look's time at most; then take all that has come."""
        try:
            one = self._inbox.get(timeout=self._look_every_s)
            while True:
                if isinstance(one, Sent):
                    self._results.append(one)
                elif one is not None:
                    self._unbegun.append(one)
                one = self._inbox.get_nowait()
        except queue.Empty:
            return

    def _turn(self) -> None:
        """Write results and take new work, in one transaction; then send."""
        self._is_woken.clear()
        if self._is_stopping.is_set():
            self._take_back()
        ended = len(self._results) + len(self._unbegun)
        free = 0 if self._is_stopping.is_set() else self._slots - len(self._in_flight) + ended
        if not ended and not (free and self._is_due()):
            return
        begin_until = self._parts.clock.monotonic() + BEGIN_WITHIN_S

        def work(tx: Writing) -> list[Leased]:
            _write(self._parts, self._results, tx)
            _give_back(self._parts, self._unbegun, tx)
            return _lease(self._parts, free, self._after, tx)

        leased = self._parts.writer.run(work)
        self._after = max((one.endpoint.id for one in leased[-1:]), default=self._after)
        self._forget()
        if self._is_stopping.is_set():  # told while we were leasing
            self._parts.writer.run(partial(_give_back, self._parts, leased))
            return
        for one in leased:
            self._in_flight[_lease_key(one)] = (one, self._threads.submit(self._send, one, begin_until))
        if leased and len(leased) == free:
            self.wake()  # there may be more

    def _forget(self) -> None:
        """What is written is not in flight any more."""
        for one in (*(sent.leased for sent in self._results), *self._unbegun):
            self._in_flight.pop(_lease_key(one), None)
        self._results, self._unbegun = [], []

    def _take_back(self) -> None:
        """Of what waits for a thread nothing begins any more."""
        taken = [one for one, future in self._in_flight.values() if future.cancel()]
        self._unbegun += [one for one in taken if one not in self._unbegun]

    def _write_each_alone(self) -> None:
        """After a write that failed for a reason of its own: one that cannot be written spoils no other.

        Such a one is dropped: its lease runs out, and that counts as an attempt.
        """
        results, self._results, kept = self._results, [], []
        for sent in results:
            try:
                self._parts.writer.run(partial(_write, self._parts, [sent]))
            except (Unavailable, OutcomeUnknown):
                kept.append(sent)
                continue
            except Exception as fault:  # noqa: BLE001 - as above
                log.error("attempt_lost", delivery=sent.leased.public_id, error=type(fault).__name__)
            self._in_flight.pop(_lease_key(sent.leased), None)
        self._results = kept

    def _is_due(self) -> bool:
        """A look that writes nothing: an idle gateway makes no commits."""
        with self._parts.engines.reading() as connection:
            due_at = leases.next_due(connection)
        return due_at is not None and due_at <= self._parts.clock.now()

    def _send(self, leased: Leased, begin_until: float) -> None:
        is_late = self._parts.clock.monotonic() > begin_until  # the machine stood still, or was overrun
        self._inbox.put(leased if is_late else send(self._parts, leased))


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
