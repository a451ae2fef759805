"""The money audit's load client: it writes down what it is about to do, does it, and notes what it was told.

The rule that holds: a deed stands in the journal, on disk, before its first byte is sent. So
whatever dies afterwards, it is known what may have happened, what must have and what must not.
"""

import itertools
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from connector.adapters.calendly import ADAPTER
from connector.adapters.kit import renewed
from connector.domain.clock import SystemClock
from connector.domain.errors import BadJson

from .house import ACCOUNT
from .process import PATIENCE_S, SOURCE, Place
from .wire import Reply, a_request, exchange

CALLERS: Final = 6
STANDS_BACK_S: Final = 0.25  # a busy gateway asks for a whole second
CARD: Final = 2_500
"""What the recipe of tests.kit.process gives for a delivery."""


class Told(StrEnum):
    """What the far side said: done, refused for good, or nothing that settles it."""

    ACK = "ack"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Deed:
    """One request, its bytes the same each time. `delta` is what it does to `card`, "" for a new one."""

    key: str
    request: bytes = field(repr=False)
    delta: int
    card: str = ""


@dataclass(frozen=True)
class Answer:
    """What was told of a deed. `effect` is the id of the card that was made, or of the ledger's line.

    It is "" while a worker is still to make it. `is_again`: the answer itself says that it was given before.
    """

    told: Told
    effect: str = ""
    is_again: bool = False
    status: int = 0


class Journal:
    """A file of lines, each on disk before its writer goes on; and what stands in it."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("ab", buffering=0)
        self._lock = threading.Lock()
        self.deeds: dict[str, Deed] = {}
        self.answers: dict[str, Answer] = {}

    def intend(self, deed: Deed) -> None:
        with self._lock:
            self.deeds[deed.key] = deed
            self._write({"key": deed.key, "delta": deed.delta, "card": deed.card})

    def note(self, deed: Deed, answer: Answer) -> None:
        with self._lock:
            self.answers[deed.key] = answer
            self._write({"key": deed.key, "told": answer.told, "effect": answer.effect})

    def told(self, what: Told) -> dict[str, Answer]:
        """The deeds of which this was told; one without an answer is unknown."""
        answers = {key: self.answers.get(key, Answer(Told.UNKNOWN)) for key in self.deeds}
        return {key: answer for key, answer in answers.items() if answer.told is what}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        self._stream.write(json.dumps(line).encode() + b"\n")
        os.fdatasync(self._stream.fileno())


@dataclass(frozen=True)
class Till:
    """Makes deeds: bookings by webhook, each of somebody new, and each fourth time a redemption by REST.

    `cards` are redeemed from in turn, a cent at a time, so that callers meet on one row.
    """

    place: Place
    cards: tuple[str, ...] = ()

    def deeds(self) -> Iterator[Deed]:
        """Without end, and for as many callers as there are."""
        return map(self.deed, itertools.count(1))

    def deed(self, number: int) -> Deed:
        return self.redemption(number) if self.cards and number % 4 == 0 else self.booking(number)

    def booking(self, number: int) -> Deed:
        """What Calendly would post of booking `number`."""
        body = renewed(ADAPTER.samples["booking.created"].body, f"n{number:07d}")
        signed = ADAPTER.sign(body, self.place.signing_key, SystemClock().now(), "")
        lines = [f"{name}: {value}" for name, value in signed.items()]
        path = f"/hooks/{ACCOUNT}/{SOURCE}"
        request = a_request("POST", path, "Content-Type: application/json", *lines, body=body)
        return Deed(f"booking-{number}", request, CARD)

    def redemption(self, number: int) -> Deed:
        card, key = self.cards[number % len(self.cards)], f"redemption-{number}"
        lines = [f"Authorization: Bearer {self.place.key}", f"Idempotency-Key: {key}"]
        path, body = f"/v1/gift-cards/{card}/redeem", json.dumps({"amount": 1, "reference": key}).encode()
        request = a_request("POST", path, "Content-Type: application/json", *lines, body=body)
        return Deed(key, request, -1, card)


def send(port: int, deed: Deed) -> Answer:
    """Send a deed and read what is told; whatever goes wrong on the way settles nothing."""
    try:
        reply = exchange(port, deed.request)
        return judged(deed, reply)
    except (OSError, BadJson, ValueError, IndexError):
        return Answer(Told.UNKNOWN)


def judged(deed: Deed, reply: Reply) -> Answer:
    """Only a whole 2xx is done, and only a 4xx that trying again cannot change is refused for good."""
    if 200 <= reply.status < 300:
        return _done(deed, reply)
    is_open = reply.status in (408, 429) or not 400 <= reply.status < 500
    if is_open or reply.json()["code"] == "idempotency_in_progress":
        return Answer(Told.UNKNOWN, status=reply.status)
    return Answer(Told.NO, status=reply.status)


def _done(deed: Deed, reply: Reply) -> Answer:
    body = reply.json()
    if deed.card:
        is_again = reply.header("Idempotent-Replayed") == "true"
        return Answer(Told.ACK, body["transaction"]["id"], is_again, reply.status)
    cards = [run["outputs"]["card"]["id"] for run in body["runs"] if run["outputs"]["card"]]
    return Answer(Told.ACK, " ".join(cards), body["status"] == "duplicate", reply.status)


class Load:
    """Callers that do deeds one after another until `stop`; each waits where nobody listens.

    with Load(till, journal, port) as load:
        load.wait_for(50)
        …the gateway dies and comes back…
        load.goes_to(port)
    """

    def __init__(self, deeds: Iterator[Deed], journal: Journal, port: int, callers: int = CALLERS) -> None:
        self._deeds = deeds
        self._journal = journal
        self._port = port
        self._changed = threading.Condition()
        self._is_over = False
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(callers)]

    def wait_for(self, more: int, what: Told = Told.ACK) -> None:
        """Wait until so many more deeds were told this."""
        with self._changed:
            wanted = len(self._journal.told(what)) + more
            came = self._changed.wait_for(lambda: len(self._journal.told(what)) >= wanted, PATIENCE_S)
            assert came, f"{len(self._journal.told(what))} of {wanted} were told {what}"

    def goes_to(self, port: int) -> None:
        """The gateway listens here now."""
        with self._changed:
            self._port = port
            self._changed.notify_all()

    def stop(self) -> None:
        """Begin nothing more, and let what is under way end."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "a caller was never answered"

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _work(self) -> None:
        while True:
            with self._changed:
                if self._is_over:
                    return
                deed, port = next(self._deeds), self._port
            self._journal.intend(deed)
            answer = send(port, deed)
            self._journal.note(deed, answer)
            with self._changed:
                self._changed.notify_all()
                if answer.told is Told.UNKNOWN:
                    self._stand_back(port, answer)

    def _stand_back(self, port: int, answer: Answer) -> None:
        """Where nobody listens, until it is known where somebody does; after a 503 for a moment."""
        patience_s = None if answer.status == 0 else STANDS_BACK_S
        self._changed.wait_for(lambda: self._is_over or self._port != port, patience_s)


def resend(journal: Journal, port: int) -> dict[str, Answer]:
    """Send everything once more, the same bytes; what is not settled yet until it is, or for PATIENCE_S."""
    clock = SystemClock()
    deadline = clock.monotonic() + PATIENCE_S
    found = {}
    for key, deed in list(journal.deeds.items()):
        while True:
            found[key] = answer = send(port, deed)
            is_settled = answer.told is Told.NO or bool(answer.effect)  # accepted: a worker is at it
            if is_settled or clock.monotonic() > deadline:
                break
    return found
