"""A recipe that should do something now and then and did not is told of, once in its period."""

import json
from datetime import timedelta
from pathlib import Path

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


def test_what_goes_on_is_not_silent_nor_what_never_began(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, EXPECTED) as house:
        house.clock.forward(30 * DAY)
        house.gateway.tick()
        assert told(house) == [], "it was never done in this account, which may have no use for it"
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
