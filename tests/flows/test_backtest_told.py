"""What a backtest answers: reasons with their places, people by their ids, and what nobody can know."""

from pathlib import Path

import pytest

from connector.domain.errors import NotFound, ValidationFailed
from tests.flows.making import ISSUE, a_house, a_recipe
from tests.flows.test_backtest import acting, backtested
from tests.flows.test_bounds import limited, order
from tests.kit.house import House


def test_why_nothing_happened_is_told_with_its_place(sqlite_url: str, tmp_path: Path) -> None:
    text = acting("contact.visits >= 5", "contact: {visits: 5}", [ISSUE])
    with a_house(tmp_path, sqlite_url, text) as house:
        for number in range(3):
            order(house, number)

        [reason] = backtested(house, text)["changed"]["reasons"]

        assert reason == {
            "outcome": "not_matched",
            "reason": "`contact.visits >= 5` does not hold",
            "place": "recipes/thanks.yaml:6:5",
            "count": 3,
        }


def test_what_is_held_and_what_waits_on_is_said_to_be_open(sqlite_url: str, tmp_path: Path) -> None:
    text = a_recipe("thanks", do=[ISSUE, "wait: 3 days"])
    held = limited("{per_contact: 1 per 60 days}")
    with a_house(tmp_path, sqlite_url, text) as house:
        for number in range(3):
            order(house, number)

        told = {one["what"]: one["count"] for one in backtested(house, held)["not_rebuilt"]}

        assert told["runs whose wait ends after the last event: what they then do"] == 3
        assert told["held runs: whether a person would have let them go on"] == 2
        assert told["runs that waited already when the time began"] is None


@pytest.mark.parametrize("status", ["draft", "shadow", "paused"])
def test_a_recipe_that_is_not_live_is_rehearsed_as_if_it_were(
    status: str, sqlite_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("thanks", status=status)) as house:
        house.tell(type="order.paid", order_id="o-1", email="mia@example.com")

        found = house.gateway.runs.backtest("glow-spa", "thanks")

        assert (found["changed"]["status"], found["changed"]["cards"]) == (status, 1)
        assert (found["in_force"], found["difference"]) == (None, None)


def test_what_cannot_be_asked(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("thanks")) as house:
        ask(house, NotFound, "thnaks", match="Did you mean thanks")
        ask(house, NotFound, "thanks", slug="nowhere", match="no account 'nowhere'")
        ask(house, ValidationFailed, "thanks", slug=None, match="several accounts")
        ask(
            house,
            ValidationFailed,
            "thanks",
            text=b"recipe: thanks\n",
            match="cannot be read: recipes/thanks",
        )


def ask(
    house: House,
    error: type[Exception],
    name: str,
    *,
    slug: str | None = "glow-spa",
    text: bytes | None = None,
    match: str,
) -> None:
    with pytest.raises(error, match=match):
        house.gateway.runs.backtest(slug, name, text=text)
