"""A recipe's goal: who is watched, what came of it, and a control group that gets nothing."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.flows.goals import in_control
from connector.store import goals
from tests.flows.making import a_house, a_recipe, an_order
from tests.kit.house import House

DAY = timedelta(days=1)


def with_goal(goal: str) -> str:
    return a_recipe("thanks").replace("\ntests:", f"\ngoal: {goal}\ntests:", 1)


def totals(house: House) -> dict[tuple[bool, Any], int]:
    with house.gateway.parts.engines.reading() as connection:
        found = goals.totals(connection, house.account.id, None, None)
    return {(row["is_control"], row["name"]): row["count"] for row in found}


def book(house: House, email: str, number: str) -> None:
    house.tell(
        type="booking.completed", booking_id=number, email=email, occurred_at=house.clock.now().isoformat()
    )


def test_what_comes_of_a_card_is_counted_once_while_it_lasts(database_url: str, tmp_path: Path) -> None:
    """S000-51."""
    with a_house(
        tmp_path, database_url, with_goal("{came_back: booking.completed, within: 30 days}")
    ) as house:
        house.tell(**an_order("o-1"))
        house.tell(**an_order("o-2", email="zoe@example.com"))
        house.clock.forward(3 * DAY)
        book(house, "mia@example.com", "b-1")
        book(house, "mia@example.com", "b-2")
        book(house, "noor@example.com", "b-3")
        house.clock.forward(28 * DAY)
        book(house, "zoe@example.com", "b-4")

        assert totals(house) == {(False, None): 2, (False, "came_back"): 1}


def test_the_control_group_gets_nothing_and_is_watched_too(database_url: str, tmp_path: Path) -> None:
    recipe = with_goal("{came_back: booking.completed, within: 30 days, control_group: 50%}")
    with a_house(tmp_path, database_url, recipe) as house:
        outcomes = []
        for number in range(20):
            email = f"p{number}@example.com"
            [run] = house.tell(**an_order(f"o-{number}", email=email)).body["runs"]
            outcomes.append(run["outcome"])
            book(house, email, f"b-{number}")

        controls, treated = outcomes.count("skipped"), outcomes.count("done")
        assert controls + treated == 20
        assert len(house.cards()) == treated > 0 < controls
        assert totals(house) == {
            (False, None): treated,
            (False, "came_back"): treated,
            (True, None): controls,
            (True, "came_back"): controls,
        }
        assert {row["reason"] for row in house.rows("runs", outcome="skipped")} == {"control group"}


def test_each_person_is_counted_once_in_either_group(database_url: str, tmp_path: Path) -> None:
    """Who gets nothing each time they order is one person, and so is who gets something each time."""
    recipe = with_goal("{came_back: booking.completed, within: 30 days, control_group: 50%}")
    with a_house(tmp_path, database_url, recipe) as house:
        outcomes = []
        for number in range(6):
            runs = [
                house.tell(**an_order(f"o-{number}-{time}", email=f"p{number}@example.com")).body["runs"]
                for time in range(2)
            ]
            assert runs[0][0]["outcome"] == runs[1][0]["outcome"]
            outcomes.append(runs[0][0]["outcome"])
            book(house, f"p{number}@example.com", f"b-{number}")
        controls, treated = outcomes.count("skipped"), outcomes.count("done")
        counted = {(False, None): treated, (False, "came_back"): treated}
        counted |= {(True, None): controls, (True, "came_back"): controls}

        assert totals(house) == {key: count for key, count in counted.items() if count}
        assert len(house.rows("goal_members", is_control=True)) == controls

        house.clock.forward(31 * DAY)
        for number in range(6):
            house.tell(**an_order(f"o-{number}-9", email=f"p{number}@example.com"))
        assert totals(house) == {key: count for key, count in counted.items() if count}


@pytest.mark.parametrize("share", ["0", "0.1", "0.5", "0.9"])
def test_the_group_is_drawn_at_its_share_and_alike_each_time(share: str) -> None:
    drawn = [in_control("win-back", f"ct_{number}", Decimal(share)) for number in range(5_000)]

    assert abs(sum(drawn) / 5_000 - float(share)) < 0.03
    assert drawn == [in_control("win-back", f"ct_{number}", Decimal(share)) for number in range(5_000)]


def test_a_run_that_fails_watches_nobody(sqlite_url: str, tmp_path: Path) -> None:
    recipe = a_recipe("thanks", do=("redeem_card: {card: gc_none, amount: 1.00 USD}",))
    recipe = recipe.replace("\ntests:", "\ngoal: {came_back: booking.completed}\ntests:", 1)
    with a_house(tmp_path, sqlite_url, recipe) as house:
        house.tell(**an_order())

        assert house.rows("goal_members") == []


def test_a_card_that_is_used_reaches_a_goal(database_url: str, tmp_path: Path) -> None:
    """S000-52: our own message is what the goal waits for."""
    with a_house(tmp_path, database_url, with_goal("{used: gift_card.redeemed}")) as house:
        [run] = house.tell(**an_order()).body["runs"]
        house.redeem(run["outputs"]["card"]["id"], 500)

        house.gateway.tick()

        assert totals(house) == {(False, None): 1, (False, "used"): 1}
