"""A recipe that should do something now and then and did not is told of, once in its period."""

import json
from datetime import timedelta
from pathlib import Path

from connector.flows.recipe_files import Watch
from tests.flows.making import a_house, a_recipe, an_order
from tests.kit.crowd import at_once
from tests.kit.house import House

DAY = timedelta(days=1)
EXPECTED = a_recipe("thanks").replace("\ntests:", "\nexpect_at_least: 1 per 7 days\ntests:", 1)


def told(house: House) -> list[dict[str, object]]:
    rows = house.rows("messages", type="recipe.silent")
    return [json.loads(row["body"])["data"]["recipe"] for row in rows]


def test_silence_is_told_once_in_its_period(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, EXPECTED) as house:
        house.tell(**an_order())
        house.clock.forward(7 * DAY)
        house.gateway.tick()
        assert told(house) == []
        house.clock.forward(timedelta(seconds=1))

        at_once([house.gateway.tick] * 3)
        house.clock.forward(DAY)
        house.gateway.tick()

        [one] = told(house)
        assert (one["name"], one["expected"]) == ("thanks", "1 per 7 days")
        assert one["last_done_at"] == "2026-11-20T15:00:00Z"
        house.clock.forward(7 * DAY)
        house.gateway.tick()
        assert len(told(house)) == 2


def told_in(house: House) -> list[int]:
    return sorted(row["account_id"] for row in house.rows("messages", type="recipe.silent"))


def test_what_never_ran_anywhere_is_silent_from_when_it_was_put_in_force(
    database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, EXPECTED) as house:
        house.clock.forward(7 * DAY - timedelta(seconds=1))
        house.gateway.tick()
        assert told(house) == []
        house.clock.forward(timedelta(seconds=1))

        house.gateway.tick()
        house.gateway.tick()

        assert [one["last_done_at"] for one in told(house)] == [None, None]
        assert told_in(house) == sorted([house.account.id, house.other.id])


def test_where_only_another_account_began_it_there_may_be_no_use_for_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, sqlite_url, EXPECTED) as house:
        house.tell(**an_order())
        house.clock.forward(8 * DAY)

        house.gateway.tick()

        assert told_in(house) == [house.account.id]


def test_what_matches_nobody_is_silent(sqlite_url: str, tmp_path: Path) -> None:
    text = EXPECTED.replace('event.source != "nowhere"', "contact.visits == 9")
    text = text.replace("given: {event: {source: nowhere}}", "given: {contact: {visits: 1}}")
    text = text.replace("contact: {email:", "contact: {visits: 9, email:", 1)
    with a_house(tmp_path, sqlite_url, text) as house:
        house.tell(**an_order())
        assert [run["outcome"] for run in house.rows("runs")] == ["not_matched"]
        house.clock.forward(8 * DAY)

        house.gateway.tick()

        assert told_in(house) == [house.account.id]


def test_a_revision_that_was_put_in_force_lately_has_its_time(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, EXPECTED) as house:
        house.clock.forward(6 * DAY)
        (house.recipes / "thanks.yaml").write_text(EXPECTED.replace("25.00 USD", "26.00 USD"))
        watch = Watch(house.gateway.parts)
        assert [watch.look(), watch.look()] == [0, 1]
        house.clock.forward(2 * DAY)

        house.gateway.tick()

        assert told(house) == []


def test_what_goes_on_is_not_silent(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, EXPECTED) as house:
        for number in range(3):
            house.tell(**an_order(f"o-{number}"))
            house.clock.forward(6 * DAY)
            house.gateway.tick()
        assert told(house) == []


def test_a_recipe_for_one_account_is_expected_there_at_once(sqlite_url: str, tmp_path: Path) -> None:
    text = EXPECTED.replace("status: live", "account: glow-spa\nstatus: live")
    with a_house(tmp_path, sqlite_url, text) as house:
        house.clock.forward(7 * DAY + timedelta(seconds=1))
        house.gateway.tick()

        assert [one["last_done_at"] for one in told(house)] == [None]
