"""Bookings whose time is over are completed: once, at their end, unless something else was told of them."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.events import rfc3339
from tests.kit.clock import THE_MOMENT
from tests.kit.crowd import at_once
from tests.kit.deeds import make_sandbox
from tests.kit.house import BY_HAND, House, open_house

from .bookings import HOUR, a_house_of, invitee, told

ADA = "ada@example.com"


def completed(house: House) -> list[dict[str, Any]]:
    return house.rows("events", type="booking.completed")


def test_a_visit_is_completed_at_its_end_and_what_listens_runs(database_url: str, tmp_path: Path) -> None:
    with a_house_of(tmp_path, database_url) as house:
        first = told(house, invitee("b-1", ends=HOUR))
        house.clock.forward(HOUR - timedelta(seconds=1))
        house.gateway.tick()
        assert completed(house) == []
        house.clock.forward(timedelta(seconds=1))

        house.gateway.tick()
        house.gateway.tick()

        [event] = completed(house)
        shown = house.gateway.events.one(house.account, event["public_id"])
        made = house.gateway.events.one(house.account, first["events"][0]["id"])
        end = rfc3339(THE_MOMENT + HOUR)
        assert (shown["occurred_at"], shown["derived"], shown["source"]) == (end, True, "calendly")
        assert shown["booking"] == {**made["booking"], "status": "completed"}
        assert (shown["contact"], shown["data"]) == (made["contact"], made["data"])
        totals = house.snapshot(ADA)
        assert (totals["visits"], rfc3339(totals["last_visit_at"])) == (1, end)
        assert [card["balance"] for card in house.cards()] == [2500]
        assert house.rows("awaited_completions") == []
        house.require_proof()


def test_it_survives_a_restart_and_happens_once_over_many_nodes(database_url: str, tmp_path: Path) -> None:
    with a_house_of(tmp_path, database_url) as house:
        told(house, invitee("b-1", ends=HOUR))
        told(house, invitee("b-2", ends=2 * HOUR), person="mia@example.com")
        (tmp_path / "second").mkdir()
        second = open_house(tmp_path / "second", database_url, clock=house.clock, recipes={})
        house.clock.forward(3 * HOUR)

        at_once([house.gateway.tick, second.gateway.tick] * 2)

        assert len(completed(house)) == 2
        assert [house.snapshot(who)["visits"] for who in (ADA, "mia@example.com")] == [1, 1]
        second.gateway.close()
        house.require_proof()


def test_what_was_cancelled_or_missed_before_is_not_completed(sqlite_url: str, tmp_path: Path) -> None:
    with a_house_of(tmp_path, sqlite_url) as house:
        told(house, invitee("b-1", ends=HOUR))
        told(house, invitee("b-2", ends=HOUR))
        house.clock.forward(timedelta(minutes=5))
        told(house, invitee("b-1", "invitee.canceled", ends=HOUR, at=house.clock.now()))
        told(house, invitee("b-2", "invitee_no_show.created", ends=HOUR, at=house.clock.now()))
        house.clock.forward(2 * HOUR)

        house.gateway.tick()

        assert (completed(house), house.cards()) == ([], [])
        assert house.snapshot(ADA)["visits"] == 0


def test_a_booking_that_was_moved_is_completed_once_at_its_new_end(sqlite_url: str, tmp_path: Path) -> None:
    with a_house_of(tmp_path, sqlite_url) as house:
        told(house, invitee("b-1", ends=HOUR))
        house.clock.forward(timedelta(minutes=5))
        told(house, invitee("b-2", ends=4 * HOUR, at=house.clock.now(), replaces="b-1"))
        house.clock.forward(2 * HOUR)
        house.gateway.tick()
        assert completed(house) == []
        house.clock.forward(2 * HOUR)

        house.gateway.tick()

        [event] = completed(house)
        assert event["occurred_at"] == THE_MOMENT + 4 * HOUR
        assert house.snapshot(ADA)["visits"] == 1


def test_a_no_show_that_is_told_afterwards_takes_the_visit_back(sqlite_url: str, tmp_path: Path) -> None:
    """Also where it is dated before the end: what the platform tells is always the newer."""
    with a_house_of(tmp_path, sqlite_url) as house:
        told(house, invitee("b-1", ends=HOUR))
        house.clock.forward(2 * HOUR)
        house.gateway.tick()
        assert house.snapshot(ADA)["visits"] == 1
        early = THE_MOMENT + timedelta(minutes=30)
        told(house, invitee("b-1", "invitee_no_show.created", ends=HOUR, at=early))

        assert (house.snapshot(ADA)["visits"], house.snapshot(ADA)["no_shows"]) == (0, 1)


def test_a_copy_that_comes_after_the_end_completes_nothing_again(sqlite_url: str, tmp_path: Path) -> None:
    with a_house_of(tmp_path, sqlite_url) as house:
        told(house, invitee("b-1", ends=HOUR))
        house.clock.forward(2 * HOUR)
        house.gateway.tick()
        other = invitee("b-1", ends=HOUR)
        other["created_at"] = rfc3339(THE_MOMENT - HOUR)  # so that it is another delivery
        assert told(house, other)["status"] != "duplicate"

        house.gateway.tick()

        assert (len(completed(house)), len(house.cards())) == (1, 1)


def test_of_a_group_each_invitee_completes_a_visit_of_their_own(database_url: str, tmp_path: Path) -> None:
    """And who of them takes a place back, takes back their own."""
    with a_house_of(tmp_path, database_url) as house:
        for number in "123":
            told(house, invitee(f"b-{number}", ends=HOUR), person=f"p{number}@example.com")
        off = invitee("b-2", "invitee.canceled", ends=HOUR, at=THE_MOMENT + timedelta(minutes=5))
        told(house, off, person="p2@example.com")

        house.clock.forward(2 * HOUR)
        house.gateway.tick()

        assert [house.snapshot(f"p{number}@example.com")["visits"] for number in "123"] == [1, 0, 1]
        assert (len(completed(house)), len(house.cards())) == (2, 2)


def test_a_sandbox_completes_visits_as_its_clock_is_moved(database_url: str, tmp_path: Path) -> None:
    with a_house_of(tmp_path, database_url) as house:
        make_sandbox(house)
        for number, hours in (("b-1", 30), ("b-2", 60)):
            told(house, invitee(number, ends=hours * HOUR))

        answer = house.gateway.directory.advance_clock(house.account, "2 days")

        assert answer["did"]["completions"] == 1
        assert [row["occurred_at"] - THE_MOMENT for row in completed(house)] == [30 * HOUR]
        [issued] = house.rows("cards")
        assert issued["created_at"] - THE_MOMENT == 30 * HOUR, "at the end, not when the clock stood still"
        answer = house.gateway.directory.advance_clock(house.account, "1 day")
        assert answer["did"]["completions"] == 1
        assert house.snapshot(ADA)["visits"] == 2


def test_of_who_was_erased_nothing_is_completed(sqlite_url: str, tmp_path: Path) -> None:
    with a_house_of(tmp_path, sqlite_url) as house:
        told(house, invitee("b-1", ends=HOUR))
        [contact] = house.rows("contacts")
        house.gateway.people.erase(house.account, BY_HAND, contact["public_id"])
        house.clock.forward(2 * HOUR)

        house.gateway.tick()

        assert (completed(house), house.cards(), house.rows("awaited_completions")) == ([], [], [])


def test_who_was_merged_meanwhile_has_the_visit_as_whom_they_are_now(
    database_url: str, tmp_path: Path
) -> None:
    with a_house_of(tmp_path, database_url) as house:
        told(house, invitee("b-1", ends=HOUR))
        house.tell(type="contact.created", id="x", email="grace@example.com")
        ada, grace = (row["public_id"] for row in house.rows("contacts"))
        house.gateway.people.merge(house.account, BY_HAND, ada, grace)
        house.clock.forward(2 * HOUR)

        house.gateway.tick()

        assert len(completed(house)) == 1
        assert house.snapshot("grace@example.com")["visits"] == 1


def test_a_late_booking_is_completed_at_once(shop: House) -> None:
    told(shop, invitee("b-1", ends=-HOUR, at=THE_MOMENT - 3 * HOUR))

    shop.gateway.tick()

    [event] = completed(shop)
    assert event["occurred_at"] == THE_MOMENT - HOUR
    assert shop.snapshot(ADA)["visits"] == 1


@pytest.mark.parametrize("hours", [1, 48])
def test_a_booking_that_is_moved_after_it_was_completed_is_the_same_visit(
    sqlite_url: str, tmp_path: Path, hours: int
) -> None:
    """By Square, which tells of one booking again and again, under one id."""
    with a_house_of(tmp_path, sqlite_url) as house:
        for name, start in (("created", -2 * HOUR), ("updated", hours * HOUR)):
            at = rfc3339(house.clock.now())
            house.receive("square", house.signed("square", "booking.created", body=square(name, start, at)))
            house.clock.forward(timedelta(minutes=1))
            house.gateway.tick()
        house.clock.forward(50 * HOUR)

        house.gateway.tick()

        assert (len(completed(house)), len(house.cards())) == (1, 1)
        assert house.rows("awaited_completions") == []


def square(name: str, start: timedelta, at: str) -> bytes:
    booking = {
        "id": "b-1",
        "status": "ACCEPTED",
        "customer_id": "c-1",
        "start_at": rfc3339(THE_MOMENT + start),
        "appointment_segments": [{"duration_minutes": 60}],
    }
    told = {"type": f"booking.{name}", "event_id": at, "created_at": at}
    return json.dumps({**told, "data": {"object": {"booking": booking}}}).encode()
