"""What recipes' goals came to: those who got something beside those who got nothing, and what it cost."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from connector.flows.goal_report import COLUMNS
from tests.flows.making import a_house, an_order
from tests.flows.test_goals import book, with_goal
from tests.kit.house import House

DAY = timedelta(days=1)
GOAL = "{came_back: booking.completed, used: gift_card.redeemed, within: 30 days, control_group: 50%}"


def of_orders(house: House, enough: int) -> tuple[list[str], list[str]]:
    """People buy once each, until there are so many in either group: those with a card, and those without."""
    groups: dict[str, list[str]] = {"done": [], "skipped": []}
    for number in range(200):  # who is drawn is another each time, so no fixed crowd is sure to have both
        email = f"p{number}@example.com"
        [run] = house.tell(**an_order(f"o-{number}", email=email)).body["runs"]
        groups[run["outcome"]].append(email)
        if min(map(len, groups.values())) >= enough:
            return groups["done"], groups["skipped"]
    raise AssertionError(f"200 people, and not {enough} in either group")


def test_what_the_cards_changed_can_be_read_off(database_url: str, tmp_path: Path) -> None:
    """S000-51, S000-52."""
    with a_house(tmp_path, database_url, with_goal(GOAL)) as house:
        treated, control = of_orders(house, 3)
        house.clock.forward(DAY)
        for number, email in enumerate([*treated[:3], *control[:1]]):
            book(house, email, f"b-{number}")

        report = house.gateway.history.report(house.account, "recipes", {})

        assert report.goals is not None
        came_back, used = report.goals
        assert came_back == {
            "recipe": "thanks",
            "goal": "came_back",
            "treated": len(treated),
            "treated_reached": 3,
            "control": len(control),
            "control_reached": 1,
            "treated_rate": rate(3, len(treated)),
            "control_rate": rate(1, len(control)),
            "difference": rate(3, len(treated)) - rate(1, len(control)),
            "currency": "USD",
            "cost": 2500 * len(treated),
        }
        assert (used["goal"], used["treated"], used["treated_reached"]) == ("used", len(treated), 0)
        assert report.as_json()["goals"] == report.goals


def rate(reached: int, watched: int) -> Decimal:
    return (Decimal(reached) / watched).quantize(Decimal("0.0001"))


def test_in_csv_goals_are_rows_of_their_own(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, with_goal(GOAL)) as house:
        treated, control = of_orders(house, 2)
        book(house, control[0], "b-1")

        head, cards, *goals = house.gateway.history.report(house.account, "recipes", {}).as_csv().splitlines()

        names = head.split(",")
        assert set(COLUMNS) < set(names)
        assert names[0] == "recipe"
        assert dict(zip(names, cards.split(","), strict=True))["goal"] == ""
        came_back = dict(zip(names, goals[0].split(","), strict=True))
        assert (came_back["goal"], came_back["cards"], came_back["issued"]) == ("came_back", "", "")
        assert came_back["difference"].startswith("-0."), "a number, and no text that has to be disarmed"
        assert came_back["cost"] == str(2500 * len(treated))


def test_a_past_moment_knows_nothing_of_what_came_after(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, with_goal("{came_back: booking.completed, within: 30 days}")) as house:
        house.tell(**an_order("o-0", email="p0@example.com"))
        house.clock.forward(DAY)
        then = house.clock.now()
        house.clock.forward(DAY)
        book(house, "p0@example.com", "b-1")

        [now] = house.gateway.history.report(house.account, "recipes", {}).goals or []
        [past] = house.gateway.history.report(house.account, "recipes", {"until": then}).goals or []

        assert (now["treated_reached"], past["treated_reached"]) == (1, 0)
        assert (now["control_rate"], now["difference"]) == (None, None)
        none = house.gateway.history.report(house.account, "recipes", {"since": then}).goals
        assert none == []
