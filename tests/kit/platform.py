"""A platform's API as it answers look-ups: a real local receiver that holds JSON at its paths."""

import json
from collections.abc import Mapping
from typing import Any

from tests.kit.receiver import Received, Recorder, Reply


class Platform(Recorder):
    """What it holds it answers; what it lacks is 404. `answers` goes before, once each.

    with Platform() as platform:
        platform.holds_at("/appointments/1", {"id": 1})
    """

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def holds_at(self, path: str, answer: bytes | Mapping[str, Any]) -> None:
        self._held[path] = answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    def take(self, received: Received) -> Reply:
        with self._arrived:
            is_told = bool(self._replies)
        reply = super().take(received)
        if is_told:
            return reply
        held = self._held.get(received.path)
        return Reply(404) if held is None else Reply(200, held, {"content-type": "application/json"})


def acuity_appointment(number: str, **changed: Any) -> dict[str, Any]:
    """An appointment as Acuity's API answers it: its offset has no colon, its sums no currency."""
    return {
        "id": int(number),
        "firstName": "Ada",
        "lastName": "Bell",
        "phone": "",
        "email": "ada@example.com",
        "date": "November 20, 2026",
        "time": "12:00pm",
        "endTime": "1:00pm",
        "datetime": "2026-11-20T12:00:00-0500",
        "price": "80.00",
        "priceSold": "80.00",
        "paid": "no",
        "amountPaid": "0.00",
        "type": "Hot stone massage",
        "appointmentTypeID": 7654321,
        "duration": "60",
        "calendarID": 1234567,
        "canceled": False,
        "noShow": False,
        **changed,
    }
