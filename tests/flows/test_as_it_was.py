"""Contacts as they were: also what came by no event, and from any moment on."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from connector.flows.backtest import rehearsed
from connector.operations.add_points import OPERATION as ADD_POINTS
from connector.operations.add_points import AddPoints
from tests.flows.bookings import HOUR, VISITED, a_house_of, invitee, told
from tests.flows.making import a_house, a_recipe
from tests.flows.test_backtest import acting, backtested
from tests.flows.test_bounds import limited, order
from tests.kit.house import BY_HAND, House

DAY = timedelta(days=1)
VIP = acting('contact.tags has "VIP"', "contact: {tags: [VIP]}", ["issue_card: {amount: 5.00 USD}"])


def given(house: House, text: str, **how: Any) -> int:
    return int(backtested(house, text, **how)["changed"]["cards"])


def test_a_tag_that_a_person_put_on_counts_from_then_on(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, VIP) as house:
        order(house, 1)
        house.clock.forward(DAY)
        mia = house.rows("contacts")[0]["public_id"]
        house.gateway.people.update(house.account, BY_HAND, mia, {"tags": ["VIP"]})
        house.clock.forward(DAY)
        order(house, 2)

        assert given(house, VIP) == len(house.cards()) == 1
        house.gateway.people.update(house.account, BY_HAND, mia, {"tags": []})
        house.clock.forward(DAY)
        order(house, 3)
        assert len(house.cards()) == 1


def test_what_we_completed_ourselves_gives_way_to_what_was_told_later(
    sqlite_url: str, tmp_path: Path
) -> None:
    """A derived visit is no newer than the telling that it comes of, also when it is worked out anew."""
    with a_house_of(tmp_path, sqlite_url) as house:
        told(house, invitee("b-1", ends=HOUR))
        told(house, invitee("b-2", ends=2 * HOUR))
        house.clock.forward(3 * HOUR)
        house.gateway.tick()
        late = house.clock.now() - 2 * HOUR - timedelta(minutes=30)  # before the end, told after it
        told(house, invitee("b-1", "invitee.canceled", ends=HOUR, at=late))
        condition, given = "contact.visits == 2", "contact: {visits: 2}"
        text = VISITED.replace("event.derived == true", f"{condition} and contact.last_visit_at < now()")
        text = text.replace(
            "contact: {email: mia@example.com}", f"{given[:-1]}, last_visit_at: 2026-01-01}}", 1
        )

        people = rehearsed(house.gateway.parts, "glow-spa", "visited", text=text.encode()).people

        [person] = people.known.values()
        again, now = people.shown(person, house.clock.now(), None), house.snapshot("ada@example.com")
        assert (again["visits"], now["visits"]) == (1, 1)
        assert again["last_visit_at"] == now["last_visit_at"]


def test_points_that_came_by_another_door_count_from_then_on(sqlite_url: str, tmp_path: Path) -> None:
    text = acting("contact.points >= 10", "contact: {points: 10}", ["issue_card: {amount: 5.00 USD}"])
    with a_house(tmp_path, sqlite_url, text) as house:
        order(house, 1)
        house.clock.forward(DAY)
        house.perform(ADD_POINTS, AddPoints(points=10, contact_id="mia@example.com"))
        house.clock.forward(DAY)
        order(house, 2)

        assert given(house, text) == len(house.cards()) == 1


def award(house: House, **fields: Any) -> None:
    house.tell(type="points.earned", points=10, occurred_at="2026-11-20T14:00:00Z", **fields)


def test_awards_of_one_moment_and_number_count_each_once(database_url: str, tmp_path: Path) -> None:
    """However often each is told; worked out anew, and after a merge, as they count now."""
    text = acting("contact.points == 30", "contact: {points: 30}", ["issue_card: {amount: 5.00 USD}"])
    with a_house(tmp_path, database_url, text) as house:
        for name in ("p0", "p1", "p1"):
            award(house, email="mia@example.com", id=name)
        award(house, email="mia@example.com", delivery="msg_third")
        award(house, email="mia@example.com", delivery="msg_third")
        house.clock.forward(DAY)
        order(house, 1)
        assert given(house, text) == len(house.cards()) == 1

        award(house, email="zoe@example.com")
        zoe = house.rows("contacts")[-1]["public_id"]
        house.gateway.people.merge(house.account, BY_HAND, house.rows("contacts")[0]["public_id"], zoe)

        assert house.snapshot("mia@example.com")["points"] == 40


def test_from_a_moment_on_what_was_given_before_stands(sqlite_url: str, tmp_path: Path) -> None:
    """Limits, `once_per` and totals begin as they stood then, not from nothing."""
    old = limited("{per_contact: 2 per 60 days, when_reached: skip}")
    with a_house(tmp_path, sqlite_url, old) as house:
        for number in range(2):
            order(house, number)
            house.clock.forward(DAY)
        order(house, 1, "zoe@example.com")
        house.clock.forward(DAY)
        since = house.clock.now()
        outcomes = [order(house, number) for number in range(5, 8)]

        new = limited("{per_contact: 3 per 60 days, when_reached: skip}")
        found = backtested(house, new, since=since)

        assert outcomes == ["skipped"] * 3
        assert found["in_force"]["outcomes"] == {"skipped": 3}
        assert found["changed"]["outcomes"] == {"done": 1, "skipped": 2}
        assert found["events"] == 3


def test_what_has_no_history_is_said_to_have_none(sqlite_url: str, tmp_path: Path) -> None:
    text = acting(
        'contact.attributes.plan is missing or contact.email == "z@example.com"',
        "contact: {email: z@example.com}",
        ["issue_card: {amount: 5.00 USD}"],
    ).replace("given: {}", "given: {contact: {attributes: {plan: gold}}}")
    with a_house(tmp_path, sqlite_url, a_recipe("thanks")) as house:
        order(house, 1)

        told = [one["what"] for one in backtested(house, text)["not_rebuilt"]]

        assert told == [
            "contact.attributes as it was: it is taken as it is now",
            "contact.email as it was: it is taken as it is now",
        ]


def test_who_was_erased_is_counted_and_nothing_more(sqlite_url: str, tmp_path: Path) -> None:
    text = a_recipe("thanks")
    with a_house(tmp_path, sqlite_url, text) as house:
        order(house, 1)
        order(house, 2, "zoe@example.com")
        mia = house.rows("contacts")[0]["public_id"]
        for card in house.cards():
            house.redeem(card["id"], 2500)
        house.gateway.people.erase(house.account, BY_HAND, mia)

        found = backtested(house, text)

        assert (found["events"], found["changed"]["cards"]) == (2, 1)
        assert {"what": "events of people who were erased", "count": 1} in found["not_rebuilt"]
