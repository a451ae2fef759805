"""Schedules: each tick once, for everybody once, whatever dies or comes late in between."""

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from connector.flows import recipe_files
from connector.flows.scheduled import LEFT
from connector.store.tables import schedule_ticks
from tests.flows.making import a_house, a_schedule, people
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.kit.crowd import at_once
from tests.kit.deeds import make_sandbox
from tests.kit.house import House, open_house
from tests.kit.pauses import Pauses
from tests.kit.sources import ROOT

DAY = timedelta(days=1)
TEN = datetime(2026, 11, 20, 15, tzinfo=UTC)  # 10:00 in New York, which is when the clock of a test begins
DAILY = a_schedule("daily")
ONCE = a_schedule(
    "nightly",
    "{schedule: every day at 10:00}",
    ("send_webhook: {type: custom.report}",),
    condition='event.source == "schedule"',
    holds="event: {source: schedule}",
    fails="event: {source: other}",
)


def row(house: House, recipe: str = "daily") -> dict[str, Any]:
    [found] = [
        one for one in house.rows("schedule_ticks", recipe=recipe) if one["account_id"] == house.account.id
    ]
    return found


def given_to(house: House) -> int:
    """How many people got a card; nobody may have got two."""
    whose = [card["contact_id"] for card in house.rows("cards")]
    assert len(whose) == len(set(whose)), "somebody got two"
    return len(whose)


def until_idle(house: House) -> None:
    while house.gateway.tick():
        pass


def take_files(house: House) -> None:
    """Read the recipes as they stand now, and put them in force."""
    parts = house.gateway.parts
    recipe_files.load(parts.library, parts.engines, parts.writer)


def test_what_is_seen_for_the_first_time_does_not_run_for_the_past(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, DAILY) as house:
        people(house, 3)

        house.gateway.tick()

        assert (given_to(house), row(house)["next_at"]) == (0, TEN + DAY)
        assert row(house)["tick_at"] is None


def test_everybody_whom_it_matches_has_one_run_at_each_tick(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, DAILY) as house:
        people(house, 3)
        people(house, 2, tags=(), first=3)
        house.gateway.tick()
        house.clock.forward(DAY - timedelta(microseconds=1))
        until_idle(house)
        assert given_to(house) == 0
        house.clock.forward(timedelta(microseconds=1))

        until_idle(house)
        until_idle(house)

        assert given_to(house) == 3
        found = house.rows("events")
        assert {(one["type"], one["occurred_at"]) for one in found} == {("schedule.due", TEN + DAY)}
        assert [run["outcome"] for run in house.rows("runs")] == ["done"] * 3
        told = row(house)
        assert (told["next_at"], told["tick_at"]) == (TEN + 2 * DAY, TEN + DAY)
        assert told["counts"]["outcomes"] == {"done": 3, "not_matched": 2}
        [stopped] = told["counts"]["unmatched"].values()
        assert stopped == {"reason": '`contact.tags has "VIP"` does not hold', "count": 2}
        house.require_proof()


def test_of_several_that_were_missed_the_latest_runs_once_at_the_start(
    database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, DAILY) as house:
        people(house, 2)
        house.gateway.tick()
        house.clock.forward(5 * DAY + timedelta(hours=3))
        (tmp_path / "again").mkdir()
        again = open_house(tmp_path / "again", database_url, clock=house.clock, recipes={"daily": DAILY})

        until_idle(again)

        assert given_to(house) == 2
        assert {one["occurred_at"] for one in house.rows("events")} == {TEN + 5 * DAY}
        assert row(house)["next_at"] == TEN + 6 * DAY
        again.gateway.close()


def test_two_nodes_run_a_tick_once(database_url: str, tmp_path: Path) -> None:
    """F19."""
    with a_house(tmp_path, database_url, DAILY, ONCE) as house:
        people(house, 250)
        (tmp_path / "second").mkdir()
        files = {"daily": DAILY, "nightly": ONCE}
        second = open_house(tmp_path / "second", database_url, clock=house.clock, recipes=files)
        at_once([house.gateway.tick, second.gateway.tick])
        house.clock.forward(DAY)

        ended = at_once([house.gateway.tick, second.gateway.tick] * 2)
        until_idle(house)

        assert [one.error for one in ended] == [None] * 4
        assert given_to(house) == 250
        reports = [one for one in house.rows("messages") if one["type"] == "custom.report"]
        assert len(reports) == 2, "one for each account"
        assert row(house)["counts"]["seen"] == 250
        second.gateway.close()


@pytest.mark.parametrize(("point", "passes"), [("writer.before_commit", 2), ("scheduled.after_one", 150)])
def test_a_tick_that_was_killed_goes_on_where_it_was(
    database_url: str, tmp_path: Path, point: str, passes: int
) -> None:
    """F1: in the middle of the second hundred, and right before its commit."""
    with a_house(tmp_path, database_url, DAILY) as house:
        people(house, 230)
        house.gateway.tick()
        house.clock.forward(DAY)
        words = [sys.executable, "-m", "tests.flows.killed_schedule", tmp_path, database_url, point]
        told = [str(word) for word in [*words, passes, DAY.total_seconds()]]
        killed = subprocess.run(told, cwd=ROOT, capture_output=True, check=False)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert 0 < given_to(house) < 230

        until_idle(house)

        assert given_to(house) == 230
        assert row(house)["counts"]["seen"] == 230
        assert {one["occurred_at"] for one in house.rows("events")} == {TEN + DAY}
        house.require_proof()


def test_a_tick_that_lost_its_place_does_nothing_twice(sqlite_url: str, tmp_path: Path) -> None:
    """What was kept of a tick tells, whatever became of the cursor."""
    with a_house(tmp_path, sqlite_url, DAILY) as house:
        people(house, 3)
        house.gateway.tick()
        house.clock.forward(DAY)
        until_idle(house)
        before = row(house)
        house.clock.jump(-DAY)
        house.gateway.parts.writer.run(lambda tx: _plant(tx, next_at=before["tick_at"], tick_at=None))
        house.clock.jump(DAY)

        until_idle(house)

        assert given_to(house) == 3
        assert len(house.rows("runs")) == 3


def _plant(tx: Any, **values: Any) -> None:
    tx.execute(update(schedule_ticks).values(**values))


@pytest.mark.parametrize(
    ("clock_time", "start", "days"),
    [
        ("2:30", "2027-03-12T12:00", ["2027-03-13T07:30", "2027-03-14T07:30", "2027-03-15T06:30"]),
        ("1:30", "2026-10-30T12:00", ["2026-10-31T05:30", "2026-11-01T05:30", "2026-11-02T06:30"]),
    ],
)
def test_it_runs_once_a_day_when_the_clocks_change(
    sqlite_url: str, tmp_path: Path, clock_time: str, start: str, days: list[str]
) -> None:
    """New York: 2:30 is skipped in spring, and shifts; 1:30 comes twice in autumn, and counts once."""
    text = ONCE.replace("10:00", clock_time)
    clock = FixedClock(datetime.fromisoformat(start).replace(tzinfo=UTC))
    with a_house(tmp_path, sqlite_url, text, clock=clock) as house:
        house.gateway.tick()
        for _ in range(3 * 48):
            clock.forward(timedelta(minutes=30))
            until_idle(house)

        own = [one for one in house.rows("events") if one["account_id"] == house.account.id]
        assert [one["occurred_at"] for one in own] == [datetime.fromisoformat(f"{day}+00:00") for day in days]


def test_a_clock_that_steps_back_runs_nothing_again(sqlite_url: str, tmp_path: Path) -> None:
    """F13."""
    with a_house(tmp_path, sqlite_url, DAILY) as house:
        people(house, 2)
        house.gateway.tick()
        house.clock.forward(DAY)
        until_idle(house)
        house.clock.jump(-timedelta(hours=2))
        until_idle(house)
        house.clock.jump(timedelta(hours=2))

        until_idle(house)

        assert given_to(house) == 2
        assert row(house)["next_at"] == TEN + 2 * DAY


def test_a_clock_that_leapt_for_a_moment_silences_nothing_for_years(sqlite_url: str, tmp_path: Path) -> None:
    """F13: 2038, and back."""
    with a_house(tmp_path, sqlite_url, DAILY) as house:
        people(house, 2)
        house.gateway.tick()
        house.clock.jump(4_000 * DAY)
        until_idle(house)
        house.clock.jump(-4_000 * DAY)

        until_idle(house)

        assert row(house)["next_at"] == TEN + DAY
        house.clock.forward(DAY)
        until_idle(house)
        assert row(house)["tick_at"] == TEN + DAY


def test_who_was_paused_and_acts_again_does_not_make_up_for_it(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, DAILY) as house:
        people(house, 2)
        house.gateway.tick()
        file = house.recipes / "daily.yaml"
        file.write_text(DAILY.replace("status: live", "status: paused"))
        take_files(house)
        house.clock.forward(3 * DAY + timedelta(hours=1))
        until_idle(house)
        assert house.rows("schedule_ticks") == []
        file.write_text(DAILY)
        take_files(house)

        until_idle(house)

        assert (given_to(house), row(house)["next_at"]) == (0, TEN + 4 * DAY)


def test_a_changed_schedule_is_planned_anew_from_now(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, DAILY) as house:
        people(house, 2)
        house.gateway.tick()
        (house.recipes / "daily.yaml").write_text(DAILY.replace("10:00", "9:00"))
        take_files(house)

        until_idle(house)

        assert (given_to(house), row(house)["next_at"]) == (0, TEN + DAY - timedelta(hours=1))


def beside(house: House, folder: Path, url: str, daily: str) -> House:
    """Another node with another file, as in the middle of a roll-out; what it read last is in force."""
    folder.mkdir()
    return open_house(folder, url, clock=house.clock, recipes={"daily": daily})


def test_two_nodes_with_different_files_settle_on_what_is_in_force(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, DAILY) as house:
        people(house, 2)
        house.gateway.tick()
        second = beside(house, tmp_path / "second", database_url, DAILY.replace("10:00", "9:00"))
        nine = TEN + DAY - timedelta(hours=1)

        planned = []
        for _ in range(3):
            second.gateway.tick()
            house.gateway.tick()
            planned.append(row(house)["next_at"])
        house.clock.jump(nine - house.clock.now())
        until_idle(house)
        assert given_to(house) == 0, "the tick is not of this node's file"
        until_idle(second)
        until_idle(house)

        assert planned == [nine] * 3
        assert (given_to(house), row(house)["next_at"]) == (2, nine + DAY)
        second.gateway.close()


def test_where_the_node_with_the_other_file_is_gone_its_tick_is_not_lost(
    sqlite_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, sqlite_url, DAILY) as house:
        people(house, 2)
        second = beside(house, tmp_path / "second", sqlite_url, DAILY.replace("10:00", "11:00"))
        second.gateway.tick()
        second.gateway.close()
        house.clock.forward(timedelta(hours=1))
        house.clock.forward(LEFT - timedelta(seconds=1))
        until_idle(house)
        assert row(house)["next_at"] == TEN + timedelta(hours=1)
        house.clock.forward(timedelta(seconds=1))

        until_idle(house)

        assert row(house)["next_at"] == TEN + DAY
        house.clock.forward(DAY)
        until_idle(house)
        assert given_to(house) == 2


@pytest.mark.parametrize("is_last", [True, False])
def test_a_schedule_that_another_node_stopped_is_stopped_where_that_is_in_force(
    is_last: bool, sqlite_url: str, tmp_path: Path
) -> None:
    paused = DAILY.replace("status: live", "status: paused")
    with a_house(tmp_path, sqlite_url, *([DAILY] if is_last else [paused])) as house:
        second = beside(house, tmp_path / "second", sqlite_url, paused if is_last else DAILY)

        for _ in range(3):
            house.gateway.tick()
            second.gateway.tick()

        assert len(house.rows("schedule_ticks")) == (0 if is_last else 2)
        second.gateway.close()


def test_each_account_has_its_own_clock(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, ONCE) as house:
        house.gateway.tick()
        make_sandbox(house, DAY)

        until_idle(house)

        assert [one["account_id"] for one in house.rows("events")] == [house.account.id]


def test_a_recipe_of_one_account_is_due_in_that_one_only(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, ONCE.replace("status:", "account: other-shop\nstatus:")) as house:
        house.gateway.tick()
        house.clock.forward(DAY)
        until_idle(house)

        assert {one["account_id"] for one in house.rows("events")} == {house.other.id}


def test_one_schedule_that_cannot_be_done_holds_up_no_other(sqlite_url: str, tmp_path: Path) -> None:
    pauses = Pauses()
    with a_house(tmp_path, sqlite_url, DAILY, ONCE, pause=pauses) as house:
        people(house, 1)
        house.gateway.tick()
        house.clock.forward(DAY)

        def fail() -> None:
            if pauses.passed["scheduled.after_one"] == 1:
                raise RuntimeError("a bug of ours")

        pauses.at("scheduled.after_one", fail)

        house.gateway.tick()

        assert (given_to(house), len(house.rows("events"))) == (0, 2)
        until_idle(house)
        assert given_to(house) == 1


def test_the_clock_of_tests_begins_at_a_tick() -> None:
    assert THE_MOMENT == TEN
