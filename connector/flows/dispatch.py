"""Outbox to endpoints: lease, sign, send, record, plan the next try.

No transaction is open while a socket is. Results are written in groups, with the
next leases; a wake-up is a hint, the rows are the truth.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ..domain import retries
from ..domain.errors import ConnectorError
from ..domain.signing import standard_headers, standard_key
from ..logs import log
from ..outside.answers import Answer
from ..store import endpoints, outbox
from ..store.outbox import Leased
from ..store.writer import Writing
from .parts import Parts

SLOTS: Final = 32
LEASE_FOR: Final = timedelta(seconds=45)  # three times the longest attempt
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
    secrets = endpoints.secrets_of(parts.ring, leased.endpoint, started_at)
    keys = [standard_key(secret) for secret in secrets]
    headers = {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        **standard_headers(keys, leased.message, started_at, leased.body),
    }
    return Sent(leased, started_at, parts.client.post(leased.endpoint.url, leased.body, headers))


def record(parts: Parts, tx: Writing, sent: Sent) -> None:
    """Write an attempt, and what becomes of its delivery and endpoint."""
    leased, answer = sent.leased, sent.answer
    state, after, reason = _becomes(leased, answer)
    due_at = None if after is None else parts.clock.now() + after
    is_ours = outbox.settle(
        tx,
        leased,
        state=state,
        due_at=due_at,
        reason=reason,
        started_at=sent.started_at,
        record=_record_of(leased, answer, due_at),
    )
    effect = retries.effect_on_endpoint(answer.status, answer.outcome, answer.told, answer.told_to_stop)
    if is_ours and effect.disable is not None:
        endpoints.disable(tx, leased.endpoint.id, effect.disable)
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
    """Lease what is due, send it and record it, one after another; how many were sent."""
    leased = parts.writer.run(lambda tx: _lease(tx, parts, limit))
    for one in leased:
        sent = send(parts, one)
        parts.writer.run(lambda tx, sent=sent: record(parts, tx, sent))  # type: ignore[misc]
    return len(leased)


def _lease(tx: Writing, parts: Parts, limit: int) -> list[Leased]:
    return outbox.lease(tx, now=parts.clock.now(), lease_for=LEASE_FOR, limit=limit)


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
    """Sends in the background: one thread leases and records, others send. Start once, stop once."""

    def __init__(self, parts: Parts, slots: int = SLOTS) -> None:
        self._parts = parts
        self._slots = slots
        self._inbox: queue.SimpleQueue[Sent | None] = queue.SimpleQueue()  # None: look, something may be due
        self._is_woken = threading.Event()
        self._is_stopping = threading.Event()
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="sender")
        self._loop = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        self._in_flight: dict[int, Leased] = {}

    def start(self) -> None:
        self._loop.start()

    def wake(self) -> None:
        """Something was queued; safe from any thread, and cheap when called often."""
        if not self._is_woken.is_set():
            self._is_woken.set()
            self._inbox.put(None)

    def stop(self, wait_s: float = 15.0) -> None:
        """Lease no more, let what is being sent end, give back what is not."""
        self._is_stopping.set()
        self._inbox.put(None)
        self._loop.join(wait_s)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not (self._is_stopping.is_set() and not self._in_flight):
            results = self._gather()
            try:
                self._turn(results)
            except Exception as fault:  # noqa: BLE001 - the loop outlives whatever happens; leases run out
                log.error("dispatch_failed", error=type(fault).__name__)
                self._in_flight = {
                    key: one
                    for key, one in self._in_flight.items()
                    if key not in {sent.leased.id for sent in results}
                }

    def _gather(self) -> list[Sent]:
        """Wait for a result or a wake-up, a second at most; then take all that has come."""
        found: list[Sent] = []
        try:
            first = self._inbox.get(timeout=LOOK_EVERY_S)
            found = [] if first is None else [first]
            while True:
                following = self._inbox.get_nowait()
                if following is not None:
                    found.append(following)
        except queue.Empty:
            return found

    def _turn(self, results: Sequence[Sent]) -> None:
        """Write results and take new work, in one transaction; then send."""
        self._is_woken.clear()
        free = 0 if self._is_stopping.is_set() else self._slots - len(self._in_flight) + len(results)

        def work(tx: Writing) -> list[Leased]:
            for sent in results:
                record(self._parts, tx, sent)
            return _lease(tx, self._parts, free) if free > 0 else []

        if not results and not self._is_due():
            return
        leased = self._parts.writer.run(work)
        for sent in results:
            self._in_flight.pop(sent.leased.id, None)
        for one in leased:
            self._in_flight[one.id] = one
            self._threads.submit(self._send, one)
        if leased and len(leased) == free:
            self.wake()  # there may be more

    def _is_due(self) -> bool:
        """A look that writes nothing: an idle gateway makes no commits."""
        if self._is_stopping.is_set():
            return False
        with self._parts.engines.reading() as connection:
            due_at = outbox.next_due(connection)
        return due_at is not None and due_at <= self._parts.clock.now()

    def _send(self, leased: Leased) -> None:
        try:
            self._inbox.put(send(self._parts, leased))
        except Exception as fault:  # noqa: BLE001 - a key that cannot be opened must not lose the slot
            log.error("send_failed", delivery=leased.public_id, error=type(fault).__name__)
            self._inbox.put(
                Sent(
                    leased, self._parts.clock.now(), Answer(status=None, outcome="internal", error="internal")
                )
            )


class Looper:
    """Calls `look` when woken, and every second: for work whose rows are the truth."""

    def __init__(self, name: str, look: Callable[[], int]) -> None:
        self._look = look
        self._woken = threading.Event()
        self._is_stopping = False
        self._loop = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._loop.start()

    def wake(self) -> None:
        self._woken.set()

    def stop(self, wait_s: float = 15.0) -> None:
        self._is_stopping = True
        self._woken.set()
        self._loop.join(wait_s)

    def _run(self) -> None:
        while not self._is_stopping:
            self._woken.wait(LOOK_EVERY_S)
            self._woken.clear()
            try:
                while not self._is_stopping and self._look():
                    pass
            except ConnectorError as error:
                log.error("look_failed", loop=self._loop.name, error=error.code)
            except Exception as fault:  # noqa: BLE001 - the loop outlives whatever happens
                log.error("look_failed", loop=self._loop.name, error=type(fault).__name__)
