"""What is told to a sandbox whose clock was moved happens at the sandbox's own time."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.flows.making import a_house
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import make_sandbox
from tests.kit.house import House

DAY = timedelta(days=1)
BOOKED: dict[str, Any] = {"type": "booking.created", "email": "mia@example.com"}


def test_a_source_that_is_remembered_follows_its_sandboxs_clock_at_once(house: House) -> None:
    make_sandbox(house)
    house.tell(**BOOKED, booking_id="b-1")
    house.gateway.directory.advance_clock(house.account, "90 days")

    house.tell(**BOOKED, booking_id="b-2")

    [_, after] = house.rows("events")
    assert after["occurred_at"] == THE_MOMENT + 90 * DAY
    assert house.snapshot("mia@example.com")["last_booking_at"] == THE_MOMENT + 90 * DAY


def test_what_says_its_own_time_keeps_it(shop: House) -> None:
    make_sandbox(shop, offset=90 * DAY)

    shop.tell(**BOOKED, booking_id="b-1", occurred_at="2026-12-24T12:00:00Z")

    [event] = shop.rows("events")
    assert event["occurred_at"].isoformat() == "2026-12-24T12:00:00+00:00"


def test_what_a_worker_runs_later_happens_by_the_sandboxs_clock(sqlite_url: str, tmp_path: Path) -> None:
    later = {"later": {"adapter": "standard", "respond": "async"}}
    with a_house(tmp_path, sqlite_url, sources=later) as house:
        make_sandbox(house, offset=DAY)

        assert house.tell("later", **BOOKED, booking_id="b-1").status == 202
        house.gateway.run_backlog()

        [event] = house.rows("events")
        assert event["occurred_at"] == THE_MOMENT + DAY


def test_a_live_accounts_events_happen_by_the_worlds_clock(shop: House) -> None:
    shop.tell(**BOOKED, booking_id="b-1")

    [event] = shop.rows("events")
    assert event["occurred_at"] == THE_MOMENT
