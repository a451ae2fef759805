"""What stands still, comes again or is taken back is rehearsed as it is lived."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.accounts import Caps
from tests.flows.making import ISSUE, a_house, a_recipe, a_schedule, an_order, people
from tests.flows.test_backtest import backtested, with_line
from tests.flows.test_bounds import limited, order
from tests.kit.house import House

DAY = timedelta(days=1)


def tick(house: House, by: timedelta) -> None:
    house.clock.forward(by)
    house.gateway.tick()


def two_orders_and_a_wait(house: House) -> None:
    order(house, 1)
    tick(house, 2 * DAY)
    order(house, 2)
    tick(house, 2 * DAY)


def an_order_that_is_refunded(house: House) -> None:
    for number in (1, 2):
        order(house, number)
    tick(house, DAY)
    house.tell(**an_order("o-1", type="order.refunded", occurred_at=house.clock.now().isoformat()))


def one_sale_told_twice(house: House) -> None:
    for source in ("standard", "other"):
        house.tell(source, **an_order("o-1"))
        tick(house, DAY)


def orders_of_a_day(house: House) -> None:
    for number in range(4):
        order(house, number)
    tick(house, DAY)
    order(house, 5)


def an_order_that_another_tool_refunds(house: House) -> None:
    house.tell(**an_order("o-1"))
    tick(house, DAY)
    refund = an_order("o-1", type="order.refunded", occurred_at=house.clock.now().isoformat())
    house.tell("other", **refund)


UNDO = "undo: {on: order.refunded, same: event.order.id, within: 9 days}"


def orders_that_come_after_their_refunds(house: House) -> None:
    """Late, told again after it, at a time that nobody says, of somebody else, and once it is forgotten."""
    for number in (1, 2, 3):
        refund = {"type": "order.refunded", "id": f"r{number}", "occurred_at": house.clock.now().isoformat()}
        house.tell(**an_order(f"o-{number}", **refund))
    tick(house, DAY)
    house.tell(**an_order("o-1"))
    house.tell(**an_order("o-1"), id="told again")
    tick(house, DAY)
    house.tell(**{name: value for name, value in an_order("o-2").items() if name != "occurred_at"})
    house.tell(**an_order("o-2", email="zoe@example.com"))
    house.tell(**an_order("o-2", occurred_at=(house.clock.now() - DAY).isoformat()), id="anew")
    house.clock.forward(8 * DAY)
    house.tell(**an_order("o-3"))


SAME = "same_as: {subject: event.order.id, within: 3 days}"
LIVED: dict[str, tuple[str, Callable[[House], None], dict[str, int]]] = {
    "wait": (
        a_recipe("thanks", do=["wait: 3 days", ISSUE]),
        two_orders_and_a_wait,
        {"done": 1, "waiting": 1},
    ),
    "hold": (a_recipe("thanks", do=[ISSUE, "hold: look"]), two_orders_and_a_wait, {"held": 2}),
    "undo": (
        with_line(a_recipe("thanks"), UNDO),
        an_order_that_is_refunded,
        {"done": 2},
    ),
    "undo of another tool's": (
        with_line(a_recipe("thanks"), UNDO),
        an_order_that_another_tool_refunds,
        {"done": 1},
    ),
    "undo that came first": (
        with_line(a_recipe("thanks"), UNDO),
        orders_that_come_after_their_refunds,
        {"skipped": 3, "done": 3},
    ),
    "same_as": (with_line(a_recipe("thanks"), SAME), one_sale_told_twice, {"done": 1, "already_done": 1}),
    "cap": (a_recipe("thanks"), orders_of_a_day, {"done": 3, "held": 2}),
    "month": (limited("{budget: 50.00 USD per day, when_reached: skip}"), orders_of_a_day, {}),
}


@pytest.mark.parametrize("what", sorted(LIVED))
def test_it_comes_to_what_was_lived(what: str, sqlite_url: str, tmp_path: Path) -> None:
    text, live, expected = LIVED[what]
    caps = {"USD": Caps(per_recipe=5000)} if what == "cap" else {}
    sources = {"other": {"adapter": "standard"}}
    with a_house(tmp_path, sqlite_url, text, caps=caps, sources=sources) as house:
        live(house)
        lived = Counter(
            row["outcome"] for row in house.rows("runs") if "taken back: " not in (row["reason"] or "")
        )
        given = sum(row["amount"] for row in house.rows("gifts"))
        left = sum(card["balance"] for card in house.cards())

        changed = backtested(house, text)["changed"]

        assert changed["outcomes"] == dict(lived)
        assert sum(changed["money"].values()) == given
        assert sum(changed["money"].values()) - sum(changed["taken_back"].values()) == left
        if what in ("wait", "undo that came first"):
            assert changed["outcomes"] == expected


def test_a_schedule_goes_over_everybody_as_they_were(sqlite_url: str, tmp_path: Path) -> None:
    text = a_schedule("thanks", condition="contact.no_shows == 0 and contact.visits < 2", once_per=None)
    text = text.replace("contact: {tags: []}", "contact: {visits: 2}").replace("tags: [VIP], ", "")
    text = with_line(text, "limits: {per_contact: 2 per 3 days, when_reached: skip}")
    with a_house(tmp_path, sqlite_url, text) as house:
        people(house, 3)
        house.gateway.tick()
        since = house.clock.now() + timedelta(hours=1)  # a schedule does not make up for what was before it
        house.clock.forward(DAY)
        for number in range(5):
            house.gateway.tick()
            house.clock.forward(timedelta(hours=20))
            house.tell(type="booking.completed", booking_id=f"b{number}", email="p0@example.com")
            house.clock.forward(timedelta(hours=4))
        house.gateway.tick()
        lived = Counter(row["outcome"] for row in house.rows("runs"))
        given = Counter(row["contact_id"] for row in house.rows("gifts"))
        known = {row["public_id"]: row["id"] for row in house.rows("contacts")}

        changed = backtested(house, text, since=since)["changed"]

        assert changed["outcomes"]["done"] == lived["done"]
        assert changed["outcomes"]["skipped"] == lived["skipped"]
        assert {known[one["contact_id"]]: one["cards"] for one in changed["who"]} == dict(given)


def test_what_an_event_takes_back_of_before_the_time_is_counted(sqlite_url: str, tmp_path: Path) -> None:
    text = LIVED["undo"][0]
    with a_house(tmp_path, sqlite_url, text) as house:
        house.tell(**an_order("o-1"))
        tick(house, DAY)
        since = house.clock.now()
        house.tell(**an_order("o-1", type="order.refunded", occurred_at=house.clock.now().isoformat()))
        assert [card["balance"] for card in house.cards()] == [0]

        found = backtested(house, text, since=since)

        what = "runs of before the time began that an event within it took back"
        assert found["not_rebuilt"] == [{"what": what, "count": 1}]
        assert found["changed"]["taken_back"] == {}


def test_an_undo_of_before_the_time_calls_off_what_comes_within_it(sqlite_url: str, tmp_path: Path) -> None:
    text = LIVED["undo"][0]
    with a_house(tmp_path, sqlite_url, text) as house:
        house.tell(**an_order("o-1", type="order.refunded", occurred_at=house.clock.now().isoformat()))
        tick(house, DAY)
        since = house.clock.now()
        [lived] = house.tell(**an_order("o-1")).body["runs"]

        found = backtested(house, text, since=since)

        assert found["changed"]["outcomes"] == {lived["outcome"]: 1} == {"skipped": 1}


def test_a_chain_of_five_recipes_begins_no_other_then_as_live(sqlite_url: str, tmp_path: Path) -> None:
    chain = [
        a_recipe(
            f"c{n}", f"custom.n{n}" if n else "order.paid", (f"send_webhook: {{type: custom.n{n + 1}}}",)
        )
        for n in range(5)
    ]
    last = a_recipe("thanks", "[custom.n4, custom.n5]")
    with a_house(tmp_path, sqlite_url, *chain, last) as house:
        house.tell(**an_order("o-1"))
        while house.gateway.tick():
            pass
        lived = Counter(row["outcome"] for row in house.rows("runs", recipe="thanks"))
        assert lived == {"done": 1, "skipped": 1}

        found = backtested(house, last)

        assert found["changed"]["outcomes"] == dict(lived)
        what = "messages of our own: those that were sent are taken, whatever had been given"
        assert {"what": what, "count": None} in found["not_rebuilt"]


def test_which_card_would_have_been_loaded_is_said_not_to_be_rebuilt(sqlite_url: str, tmp_path: Path) -> None:
    text = a_recipe("thanks", do=["load_card: {amount: 5.00 USD}"])
    with a_house(tmp_path, sqlite_url, text) as house:
        order(house, 1)

        found = backtested(house, text)

        what = "cards given by others or before, to load: a new one is taken, and capped"
        assert found["not_rebuilt"] == [{"what": what, "count": None}]


def test_a_schedule_over_cards_is_said_not_to_be_rebuilt(sqlite_url: str, tmp_path: Path) -> None:
    text = a_schedule(
        "thanks", "{schedule: every day at 10:00, for_each: card}", ("send_webhook: {type: custom.credit}",),
        condition="card.balance > 1.00 USD",
        holds="card: {balance: 5.00 USD}", fails="card: {balance: 0.50 USD}",
    )  # fmt: skip
    with a_house(tmp_path, sqlite_url, text) as house:
        house.clock.forward(3 * DAY)
        found = backtested(house, text, since=house.clock.now() - 3 * DAY)

        assert found["not_rebuilt"] == [
            {"what": "moments of a schedule that goes over cards", "count": 3},
        ]
        assert (found["changed"]["outcomes"], found["changed"]["cards"]) == ({}, 0)


def test_the_control_group_is_the_one_that_would_be_drawn(sqlite_url: str, tmp_path: Path) -> None:
    goal = "goal: {came_back: booking.completed, within: 30 days, control_group: 50%}"
    text = with_line(a_recipe("thanks"), goal)
    with a_house(tmp_path, sqlite_url, text) as house:
        outcomes: Counter[str] = Counter()
        for number in range(30):  # so many that somebody is in either group
            outcomes[order(house, number, f"p{number}@example.com")] += 1

        changed: dict[str, Any] = backtested(house, text)["changed"]

        assert changed["outcomes"] == dict(outcomes)
        assert changed["control_group"] == outcomes["skipped"] > 0
