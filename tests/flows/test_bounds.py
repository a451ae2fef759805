"""A recipe's limits: nothing is ever given past them, and a person may let it be."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connector.domain.errors import NotFound, RunNotHeld
from tests.flows.making import a_house, a_recipe, an_order
from tests.kit.crowd import at_once
from tests.kit.house import BY_HAND, House

DAY = timedelta(days=1)


def limited(limits: str) -> str:
    """A recipe that thanks for every paid order with 25 dollars, within these limits."""
    text = a_recipe("thanks", once_per="event.order.id")
    return text.replace("\ntests:", f"\nlimits: {limits}\ntests:", 1)


def order(house: House, number: int, email: str = "mia@example.com") -> str:
    """What became of the recipe's run for one more paid order."""
    answer = house.tell(**an_order(f"o-{number}", email=email))
    [run] = answer.body["runs"]
    return str(run["outcome"])


def last_run(house: House) -> dict[str, Any]:
    return house.rows("runs")[-1]


@pytest.mark.parametrize(
    ("limits", "outcomes"),
    [
        ("{per_contact: 2 per 60 days}", ["done", "done", "held", "held"]),
        ("{per_contact: 2 per 60 days, when_reached: skip}", ["done", "done", "skipped", "skipped"]),
        ("{burst: 3 per day, when_reached: skip}", ["done", "done", "done", "skipped"]),
        ("{budget: 75.00 USD per month, when_reached: skip}", ["done", "done", "done", "skipped"]),
        ("{budget: 74.99 USD per month}", ["done", "done", "held", "held"]),
    ],
)
def test_past_a_limit_nothing_is_given(
    limits: str, outcomes: list[str], database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, limited(limits)) as house:
        assert [order(house, number) for number in range(4)] == outcomes

        assert [card["balance"] for card in house.cards()] == [2500] * outcomes.count("done")
        assert len(house.rows("gifts")) == outcomes.count("done")
        assert "is reached" in last_run(house)["reason"]
        assert last_run(house)["place"].startswith("recipes/thanks.yaml:")
        assert len(house.rows("once_taken")) == outcomes.count("done"), "what was not given was not taken"
        house.require_proof()


def test_a_limit_on_one_contact_stops_no_other_and_ends_with_its_period(
    sqlite_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, sqlite_url, limited("{per_contact: 1 per 60 days, when_reached: skip}")) as house:
        assert [order(house, 1), order(house, 2), order(house, 3, "zoe@example.com")] == [
            "done",
            "skipped",
            "done",
        ]
        house.clock.forward(60 * DAY - timedelta(seconds=1))
        assert order(house, 4) == "skipped"
        house.clock.forward(timedelta(seconds=2))
        assert order(house, 5) == "done"


LOADED = a_recipe(
    "thanks",
    do=("load_card: {card: '${{ event.data.card }}', amount: 5.00 USD}",),
    given="data: {card: gc_1}",
).replace("\ntests:", "\nlimits: {per_contact: 1 per 60 days}\ntests:", 1)


def test_what_goes_onto_a_card_of_nobody_counts_for_whom_the_run_is_about(
    database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, LOADED) as house:
        card = house.issue(500)["id"]

        def load(number: str, **who: str) -> str:
            [run] = house.tell(**{**an_order(number, card=card), **who}).body["runs"]
            return str(run["outcome"])

        assert [load("o-1"), load("o-2"), load("o-3", email="zoe@example.com")] == ["done", "held", "done"]

        assert load("o-4", email="") == "held", "what is nobody's cannot be counted, so a person decides"
        assert "cannot be counted" in last_run(house)["reason"]
        assert house.balance(card) == 1500
        told = house.gateway.runs.approve(house.account, BY_HAND, last_run(house)["public_id"])
        assert (told["outcome"], house.balance(card)) == ("done", 2000)
        house.require_proof()


def test_many_at_once_never_give_more_than_the_limit(database_url: str, tmp_path: Path) -> None:
    with a_house(
        tmp_path, database_url, limited("{budget: 100.00 USD per month, when_reached: skip}")
    ) as house:
        ended = at_once([partial(order, house, number, f"p{number}@example.com") for number in range(10)])

        assert sorted(one.value for one in ended) == ["done"] * 4 + ["skipped"] * 6
        assert sum(row["amount"] for row in house.rows("gifts")) == 10_000
        house.require_proof()


def test_a_held_run_goes_on_past_its_limit_once_a_person_lets_it(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, limited("{per_contact: 1 per 60 days}")) as house:
        order(house, 1)
        assert order(house, 2) == "held"
        held = last_run(house)["public_id"]

        told = house.gateway.runs.approve(house.account, BY_HAND, held, "she asked")

        assert told["outcome"] == "done"
        assert [card["balance"] for card in house.cards()] == [2500, 2500]
        assert (last_run(house)["outcome"], house.rows("standing_runs")) == ("done", [])
        assert [row["act"] for row in house.rows("audit", subject=held)] == ["approve_run"]
        for decide in (house.gateway.runs.approve, house.gateway.runs.refuse):
            with pytest.raises(RunNotHeld):
                decide(house.account, BY_HAND, held)
        house.require_proof()


def test_two_people_who_let_it_be_at_once_let_it_be_once(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, limited("{per_contact: 1 per 60 days}")) as house:
        order(house, 1)
        order(house, 2)
        held = last_run(house)["public_id"]

        ended = at_once([lambda: house.gateway.runs.approve(house.account, BY_HAND, held)] * 4)

        assert sorted(type(one.error).__name__ for one in ended) == ["NoneType"] + ["RunNotHeld"] * 3
        assert len(house.cards()) == 2


def test_what_a_person_refuses_is_not_given(shop_of_limits: House) -> None:
    house = shop_of_limits
    held = last_run(house)["public_id"]

    house.gateway.runs.refuse(house.account, BY_HAND, held, "no")

    assert (last_run(house)["outcome"], last_run(house)["reason"]) == ("skipped", "refused: no")
    assert len(house.cards()) == 1


def test_what_nobody_decides_lapses_after_14_days(shop_of_limits: House) -> None:
    house = shop_of_limits
    house.clock.forward(14 * DAY - timedelta(seconds=1))
    house.gateway.tick()
    assert last_run(house)["outcome"] == "held"
    house.clock.forward(timedelta(seconds=1))

    house.gateway.tick()

    assert last_run(house)["outcome"] == "skipped"
    assert last_run(house)["reason"] == "lapsed: nobody decided in time"
    with pytest.raises(RunNotHeld):
        house.gateway.runs.approve(house.account, BY_HAND, last_run(house)["public_id"])


def test_another_accounts_run_is_not_there(shop_of_limits: House) -> None:
    house = shop_of_limits
    held = last_run(house)["public_id"]
    for run in (held, "run_x", "", "\x00"):
        with pytest.raises(NotFound):
            house.gateway.runs.approve(house.other, BY_HAND, run)


@pytest.fixture
def shop_of_limits(sqlite_url: str, tmp_path: Path) -> Any:
    """A shop whose second order of one person is held."""
    with a_house(tmp_path, sqlite_url, limited("{per_contact: 1 per 60 days}")) as house:
        assert [order(house, 1), order(house, 2)] == ["done", "held"]
        yield house
