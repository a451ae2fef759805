"""Bookings that wait for their end: which news begins, moves and ends the wait, in whatever order."""

import json
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from connector.domain.events import rfc3339
from connector.flows import awaiting
from connector.store.facts import Fact
from tests.kit.clock import THE_MOMENT
from tests.kit.house import House

from .bookings import HOUR, a_house_of, invitee, told


def waits(house: House) -> list[tuple[str, Any]]:
    """Each booking that is waited for, and how far ahead its end is."""
    rows = house.rows("awaited_completions")
    return sorted((row["booking"].rpartition("/")[2], row["due_at"] - THE_MOMENT) for row in rows)


def test_a_booking_that_was_made_waits_for_its_end(house: House) -> None:
    told(house, invitee("b-1", ends=3 * HOUR))
    assert waits(house) == [("b-1", 3 * HOUR)]


@pytest.mark.parametrize("name", ["invitee.canceled", "invitee_no_show.created"])
def test_a_cancellation_and_a_no_show_end_the_wait(shop: House, name: str) -> None:
    told(shop, invitee("b-1", ends=HOUR))
    shop.clock.forward(timedelta(minutes=5))
    told(shop, invitee("b-1", name, ends=HOUR, at=shop.clock.now()))
    assert waits(shop) == []


def test_whatever_comes_first_a_booking_that_was_moved_waits_for_its_new_end_alone(shop: House) -> None:
    later = THE_MOMENT + timedelta(minutes=5)
    news = (
        invitee("b-1", ends=HOUR),
        invitee("b-1", "invitee.canceled", ends=HOUR, at=later, rescheduled=True),
        invitee("b-2", ends=5 * HOUR, at=later, replaces="b-1"),
    )
    for number, order in enumerate(permutations(news)):
        for body in order:
            told(shop, body, person=f"ada{number}@example.com", suffix=str(number))
    assert waits(shop) == sorted((f"b-2{number}", 5 * HOUR) for number in range(6))


def test_a_cancellation_that_names_nobody_ends_the_wait(shop: House) -> None:
    """A look-up that found nobody: rather no completion than one of what was cancelled."""
    told(shop, invitee("b-1", ends=HOUR))
    cancelled = invitee("b-1", "invitee.canceled", ends=HOUR, at=THE_MOMENT + timedelta(minutes=5))
    cancelled["payload"]["email"] = None

    told(shop, cancelled)

    assert waits(shop) == []


def test_a_cancellation_that_overtakes_its_booking_leaves_no_wait(shop: House) -> None:
    told(shop, invitee("b-1", "invitee.canceled", ends=HOUR, at=THE_MOMENT))
    told(shop, invitee("b-1", ends=HOUR, at=THE_MOMENT - HOUR))
    assert waits(shop) == []


@pytest.mark.parametrize(
    ("complete_after", "due"),
    [("end", HOUR), ("90 minutes", 2.5 * HOUR), ("2 days", 49 * HOUR), ("never", None)],
)
def test_the_source_says_how_long_after_the_end(
    sqlite_url: str, tmp_path: Path, complete_after: str, due: Any
) -> None:
    with a_house_of(tmp_path, sqlite_url, complete_after=complete_after) as house:
        told(house, invitee("b-1", ends=HOUR))
        assert waits(house) == ([] if due is None else [("b-1", due)])


def test_a_booking_without_an_end_is_not_waited_for(shop: House) -> None:
    body = invitee("b-1", ends=HOUR)
    del body["payload"]["scheduled_event"]["end_time"]
    told(shop, body)
    assert waits(shop) == []


def test_where_the_platform_says_that_a_booking_took_place_nobody_waits(shop: House) -> None:
    shop.tell(
        type="booking.created",
        booking_id="b-1",
        email="ada@example.com",
        ends_at=rfc3339(THE_MOMENT + HOUR),
    )
    assert waits(shop) == []


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        ("created", True),
        ("rescheduled", True),
        ("cancelled", False),
        ("completed", False),
        ("no_show", False),
    ],
)
def test_a_booking_is_open_until_it_is_kept_missed_or_taken_back(state: str, is_open: bool) -> None:
    assert awaiting.is_open(Fact("booking", "b-1", state, THE_MOMENT)) == is_open
    assert not awaiting.is_open(None)


def test_a_booking_that_is_moved_there_and_back_waits_for_its_first_end_again(shop: House) -> None:
    """By Square, which tells of one booking again and again, under one id."""
    told_of = []
    for minute, (name, start) in enumerate(
        [
            ("created", "2026-11-21T14:00:00Z"),
            ("updated", "2026-11-22T14:00:00Z"),
            ("updated", "2026-11-22T14:00:00Z"),
            ("updated", "2026-11-21T14:00:00Z"),
        ]
    ):
        body = {
            "type": f"booking.{name}",
            "event_id": str(minute),
            "created_at": rfc3339(THE_MOMENT + timedelta(minutes=minute)),
            "data": {
                "object": {
                    "booking": {
                        "id": "b-1",
                        "status": "ACCEPTED",
                        "customer_id": "c-1",
                        "start_at": start,
                        "appointment_segments": [{"duration_minutes": 60}],
                    }
                }
            },
        }
        shop.clock.forward(timedelta(minutes=1))
        request = shop.signed("square", "booking.created", body=json.dumps(body).encode())
        told_of += [event["type"] for event in shop.receive("square", request).body["events"]]
    assert told_of == ["booking.created", "booking.rescheduled", "booking.rescheduled"]
    [wait] = shop.rows("awaited_completions")
    assert rfc3339(wait["due_at"]) == "2026-11-21T15:00:00Z"
