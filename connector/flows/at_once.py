"""Attempts at receivers that answer at once: sent and awaited together, by the thread that leased them.

The one rule: nobody is waited for here longer than a moment. Who has no kept connection, or did not
answer at once the last time, or does not now, is for threads that may wait. What hands an attempt to
a thread and takes its result back costs more than the attempt, where the answer is there at once.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ..domain.clock import SystemClock
from ..outside.http import Begun
from ..outside.rounds import Round
from ..outside.urls import Place
from ..store.leases import Leased
from .parts import Parts
from .sending import Sent, Signer, sent_now, signer_of

ROUND_S: Final = 0.02  # so long what has ended may wait for the rest to be written down
QUIET_S: Final = 0.005  # so long nothing may come
ENOUGH: Final = 8  # connections to one place: more make a round no shorter


@dataclass(frozen=True, slots=True)
class Waiting:
    """An attempt that was begun, and whose answer somebody has to wait for."""

    leased: Leased
    started_at: datetime
    begun: Begun


@dataclass(slots=True)
class Left:
    """What a round leaves to others: what it has not begun, and what it has not ended."""

    unbegun: list[Leased] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)


def finish(parts: Parts, waiting: Waiting) -> Sent:
    """Wait for it, as long as any attempt may take; total."""
    return sent_now(waiting.leased, waiting.started_at, parts.client.finish(waiting.begun))


def send_at_once(parts: Parts, leased: Sequence[Leased], ended: Callable[[Sent], None]) -> Left:
    """Send those of `leased` whose receivers answer at once, in their order at each place; total."""
    return _Sending(parts, ended).run(leased)


class _Sending:
    """One round."""

    def __init__(self, parts: Parts, ended: Callable[[Sent], None]) -> None:
        self._parts = parts
        self._ended = ended
        self._clock = SystemClock()
        self._round = Round(parts.client)
        self._queues: dict[Place, deque[Leased]] = {}
        self._under_way: dict[Begun, Waiting] = {}
        self._signers: dict[int, Signer] = {}
        self._left = Left()

    def run(self, leased: Sequence[Leased]) -> Left:
        for one in leased:
            place = self._parts.client.quick_place(one.endpoint.url)
            if place is None:
                self._left.unbegun.append(one)
            else:
                self._queues.setdefault(place, deque()).append(one)
        for queue in self._queues.values():
            self._begin(queue)
        self._await_all()
        for queue in self._queues.values():
            self._left.unbegun += queue
        self._left.waiting += [self._under_way[begun] for begun in self._round.rest()]
        return self._left

    def _begin(self, queue: deque[Leased]) -> None:
        """Begin as many as there are connections; one more is for a thread, which opens another."""
        before = len(self._round)
        while queue and self._begin_next(queue):
            pass
        if queue and len(self._round) - before < ENOUGH:
            self._left.unbegun.append(queue.pop())

    def _begin_next(self, queue: deque[Leased]) -> bool:
        """Whether there was a connection for it."""
        one = queue[0]
        at = self._parts.clock.now()
        try:
            headers = self._signer(one, at).headers_for(one.message, at, one.body)
        except Exception:  # noqa: BLE001 - a secret that no key opens: `send` says so, and goes on
            self._left.unbegun.append(queue.popleft())
            return bool(queue)
        begun = self._round.send(one.endpoint.url, one.body, headers)
        if begun is None:
            return False
        self._under_way[begun] = Waiting(queue.popleft(), at, begun)
        return True

    def _signer(self, one: Leased, at: datetime) -> Signer:
        found = self._signers.get(one.endpoint.id)
        if found is None:
            found = self._signers[one.endpoint.id] = signer_of(self._parts, one.endpoint, at)
        return found

    def _await_all(self) -> None:
        until = self._clock.monotonic() + ROUND_S
        while (left := until - self._clock.monotonic()) > 0:
            ended = self._round.ended(min(left, QUIET_S))
            if not ended:
                return
            for begun, answer in ended:
                waiting = self._under_way.pop(begun)
                if answer is None:
                    self._left.waiting.append(waiting)
                else:
                    self._ended(sent_now(waiting.leased, waiting.started_at, answer))
                queue = self._queues[begun.exchange.target.place]
                if queue:
                    self._begin_next(queue)
