"""Builders: what Calendly tells of bookings, which never says that they took place."""

import contextlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from connector.domain.events import rfc3339
from tests.kit.clock import THE_MOMENT
from tests.kit.house import House, open_house

HOUR: Final = timedelta(hours=1)
API: Final = "https://api.calendly.com/scheduled_events"
VISITED: Final = """\
recipe: visited
title: A card for every visit
status: live
on: booking.completed
if:
  - event.derived == true
do:
  - issue_card: {amount: 25.00 USD}
tests:
  - name: a visit
    event: booking.completed
    given: {event: {derived: true}, contact: {email: mia@example.com}}
    expect: [issue_card: {amount: 25.00 USD}]
  - name: one that the platform told of
    event: booking.completed
    given: {event: {derived: false}, contact: {email: mia@example.com}}
    expect: nothing
    because: event.derived == true
"""


def invitee(
    booking: str,
    name: str = "invitee.created",
    *,
    ends: timedelta,
    at: datetime = THE_MOMENT,
    replaces: str | None = None,
    rescheduled: bool = False,
) -> dict[str, Any]:
    """One webhook of Calendly: the booking `ends` after the moment that the tests begin at."""
    end = THE_MOMENT + ends
    return {
        "event": name,
        "created_at": rfc3339(at),
        "payload": {
            "uri": f"{API}/group/invitees/{booking}",
            "email": "ada@example.com",
            "rescheduled": rescheduled,
            "old_invitee": None if replaces is None else f"{API}/group/invitees/{replaces}",
            "scheduled_event": {
                "uri": f"{API}/group",
                "name": "Massage",
                "start_time": rfc3339(end - HOUR),
                "end_time": rfc3339(end),
            },
        },
    }


def told(house: House, body: dict[str, Any], *, person: str = "", suffix: str = "") -> dict[str, Any]:
    """The answer to it; `person` instead of Ada, `suffix` behind every booking's id."""
    text = json.dumps(body)
    for number in "123":
        text = text.replace(f"/b-{number}", f"/b-{number}{suffix}")
    raw = text.replace("ada@example.com", person or "ada@example.com").encode()
    return dict(house.receive("calendly", house.signed("calendly", "booking.created", body=raw)).body)


@contextlib.contextmanager
def a_house_of(folder: Path, url: str, **settings: Any) -> Iterator[House]:
    """A gateway whose recipe gives a card for every visit, with these settings of the source `calendly`."""
    house = open_house(
        folder,
        url,
        recipes={"visited": VISITED},
        sources={"calendly": {"adapter": "calendly", **settings}},
    )
    try:
        yield house
    finally:
        house.gateway.close()
