"""Attempts at receivers that answer at once, waited for together by one thread.

The rule that holds: a round neither waits nor works longer than it is told to, but for the answer that
it reads just then; what it could not end is handed back as it stands, for somebody who may wait.
"""

import select
from collections.abc import Mapping

from ..domain.clock import Clock, SystemClock
from .answers import Answer
from .http import Begun, Client
from .wire import NotYet


class Round:
    """What one thread has under way; it belongs to that thread."""

    def __init__(self, client: Client, clock: Clock | None = None) -> None:
        self._client = client
        self._clock = clock or SystemClock()
        self._poll = select.poll()
        self._waiting: dict[int, Begun] = {}
        self._begun_at: dict[int, float] = {}
        self._looked_at = float("-inf")
        self._awaited_s: dict[int, float] = {}
        """Of what came, and nobody has read yet: how long it was looked for, and was not here."""

    def __len__(self) -> int:
        return len(self._waiting)

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Begun | None:
        """As Client.begin."""
        begun = self._client.begin(url, body, headers)
        if begun is not None:
            number = begun.connection.fileno()
            self._waiting[number] = begun
            self._begun_at[number] = self._clock.monotonic()
            self._poll.register(number, select.POLLIN)
        return begun

    def ended(self, seconds: float) -> list[tuple[Begun, Answer | None]]:
        """Those that ended, as soon as any did, at most `seconds` from now; None: it is to be finished."""
        found: list[tuple[Begun, Answer | None]] = []
        until = self._clock.monotonic() + seconds
        while not found and self._waiting and (left := until - self._clock.monotonic()) > 0:
            looked = until - left
            came = [number for number, _ in self._poll.poll(1000 * left)]
            for number in came:
                self._awaited_s.setdefault(number, max(0.0, self._looked_at - self._begun_at[number]))
            self._looked_at = looked
            for number in came:
                begun = self._waiting[number]
                try:
                    found.append((begun, self._client.answer_at_once(begun, self._awaited_s[number])))
                    self._forget(number)
                except NotYet:  # it was a part
                    del self._awaited_s[number]
                if self._clock.monotonic() >= until:  # those not looked at are found again the next time
                    break
        return found

    def rest(self) -> list[Begun]:
        """What has not ended: it is to be finished."""
        found = list(self._waiting.values())
        for number in list(self._waiting):
            self._forget(number)
        return found

    def _forget(self, number: int) -> None:
        del self._waiting[number], self._begun_at[number]
        self._awaited_s.pop(number, None)
        self._poll.unregister(number)
