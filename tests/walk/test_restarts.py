"""A gateway that is away while the clocks change: what came due runs once, at its own local time."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from tests.flows.making import ISSUE, a_house, a_recipe, a_schedule, an_order
from tests.kit.clock import FixedClock
from tests.kit.house import House

NEW_YORK: Final = ZoneInfo("America/New_York")
LATER: Final = a_recipe("later", do=("wait: 2 days", ISSUE), given="order: {id: o1}")


def daily(hour: str) -> str:
    return a_schedule(
        "daily",
        f"{{schedule: every day at {hour}, for_each: contact}}",
        ("send_webhook: {type: custom.daily}",),
        condition="contact.email is not missing",
        holds="contact: {email: mia@example.com}",
        fails="contact: {}",
    )


def local(moment: datetime) -> str:
    """As a clock on a wall of the business shows it."""
    return moment.astimezone(NEW_YORK).strftime("%a %H:%M %Z")


def later(moment: datetime, **by: int) -> datetime:
    """So much further on the calendar and the clock on the wall, whatever the zone does in between."""
    return (moment + timedelta(**by)).astimezone(UTC)


def ticks(house: House) -> list[str]:
    """When the schedule's runs were due."""
    return [local(row["occurred_at"]) for row in house.rows("events", type="schedule.due")]


def settle(house: House) -> None:
    for _ in range(3):  # again and again: nothing is done a second time
        house.gateway.tick()


@pytest.mark.parametrize(
    ("hour", "friday_noon", "missed", "after"),
    [
        # The hour comes twice in the night to Sunday; the first of them counts.
        ("1:30", datetime(2026, 10, 30, 12, tzinfo=NEW_YORK), "Mon 01:30 EST", "Tue 01:30 EST"),
        # The hour is skipped in the night to Sunday, and stands after the gap.
        ("2:30", datetime(2027, 3, 12, 12, tzinfo=NEW_YORK), "Mon 02:30 EDT", "Tue 02:30 EDT"),
    ],
)
def test_what_came_due_while_nobody_ran_is_done_once_at_its_local_time(
    database_url: str, tmp_path: Path, hour: str, friday_noon: datetime, missed: str, after: str
) -> None:
    """S000-47: a wait of two days, and three ticks of a schedule, missed over a change of the clocks."""
    clock = FixedClock(friday_noon.astimezone(UTC))
    recipes = daily(hour), LATER
    with a_house(tmp_path, database_url, *recipes, clock=clock) as house:
        settle(house)
        told: dict[str, Any] = {**an_order(), "occurred_at": clock.now().isoformat()}
        [run] = house.tell(**told).body["runs"]
        assert run["outcome"] == "waiting"

    clock.forward(later(friday_noon, days=3) - clock.now())
    with a_house(tmp_path, database_url, *recipes, clock=clock) as house:
        settle(house)
        assert ticks(house) == [missed], "the latest of those that were missed stands for all"
        assert [card["balance"] for card in house.cards()] == [2500]
        assert Counter(one["outcome"] for one in house.rows("runs", recipe="later")) == Counter(done=1)

        clock.forward(timedelta(days=1))
        settle(house)
        assert ticks(house) == [missed, after]
        assert len(house.cards()) == 1
        house.require_proof()


@pytest.mark.parametrize(
    ("hour", "saturday_noon", "first", "second"),
    [
        ("1:30", datetime(2026, 10, 31, 12, tzinfo=NEW_YORK), "Sun 01:30 EDT", "Mon 01:30 EST"),
        ("2:30", datetime(2027, 3, 13, 12, tzinfo=NEW_YORK), "Sun 03:30 EDT", "Mon 02:30 EDT"),
    ],
)
def test_a_restart_in_the_very_hour_of_the_change_runs_nothing_again_and_ends_no_wait_early(
    sqlite_url: str, tmp_path: Path, hour: str, saturday_noon: datetime, first: str, second: str
) -> None:
    """A gateway is started anew each half hour through the night; a wait ends at its hour."""
    clock = FixedClock(saturday_noon.astimezone(UTC))
    waits = a_recipe("later", do=("wait: 1 days", ISSUE))
    with a_house(tmp_path, sqlite_url, daily(hour), waits, clock=clock) as house:
        settle(house)
        house.tell(**{**an_order(), "occurred_at": clock.now().isoformat()})
    clock.forward(later(saturday_noon, hours=12) - clock.now())
    for _ in range(9):
        with a_house(tmp_path, sqlite_url, daily(hour), waits, clock=clock) as house:
            house.gateway.tick()
            assert house.cards() == []
        clock.forward(timedelta(minutes=30))

    clock.forward(later(saturday_noon, days=1, seconds=-1) - clock.now())
    with a_house(tmp_path, sqlite_url, daily(hour), waits, clock=clock) as house:
        settle(house)
        assert (ticks(house), house.cards()) == ([first], [])
        clock.forward(timedelta(seconds=1))
        settle(house)
        assert len(house.cards()) == 1, "a day is until the same hour of the next day"
        clock.forward(timedelta(days=1))
        settle(house)
        assert ticks(house) == [first, second]
