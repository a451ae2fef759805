"""An event takes a run back: what is unspent; once, about the same thing, in time."""

from datetime import timedelta
from pathlib import Path

import pytest

from connector.domain.errors import BalanceChanged, RunNotHeld
from connector.domain.jsontext import read_own
from tests.flows.making import ISSUE, a_house, a_recipe, an_order
from tests.kit.house import BY_HAND, House
from tests.kit.pauses import Pauses

DAY = timedelta(days=1)
THANKS = a_recipe("thanks").replace(
    "\ntests:", "\nundo: {on: order.refunded, same: event.order.id, within: 30 days}\ntests:", 1
)


def refund(house: House, order: str = "o-1", number: str = "r-1") -> list[dict[str, object]]:
    told = house.tell(
        type="order.refunded",
        id=number,
        order_id=order,
        email="mia@example.com",
        amount="80.00",
        currency="USD",
        occurred_at=house.clock.now().isoformat(),
    )
    return list(told.body["runs"])


def test_what_is_unspent_is_taken_back_once(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, THANKS) as house:
        [given] = house.tell(**an_order()).body["runs"]
        house.tell(**an_order("o-2", email="zoe@example.com"))
        mias = given["outputs"]["card"]["id"]
        house.redeem(mias, 900)

        [undone] = refund(house)
        again = refund(house, number="r-2")

        assert (undone["outcome"], undone["reason"]) == ("done", f"taken back: {given['id']}")
        assert again == []
        assert {card["id"]: card["balance"] for card in house.cards()}[mias] == 0
        assert sum(card["balance"] for card in house.cards()) == 2500
        [kept] = [row for row in house.rows("runs") if row["public_id"] == undone["id"]]
        assert kept["trace"][0]["took_back"] == {mias: "16.00 USD"}
        assert kept["trace"][0]["spent"] == {mias: "9.00 USD"}
        house.require_proof()


def test_another_order_or_one_too_late_takes_nothing_back(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, THANKS) as house:
        house.tell(**an_order())

        assert refund(house, order="o-9") == []
        house.clock.forward(31 * DAY)
        assert refund(house, number="r-2") == []

        assert [card["balance"] for card in house.cards()] == [2500]


def test_a_run_that_waits_ends_without_giving(database_url: str, tmp_path: Path) -> None:
    text = a_recipe("later", do=("wait: 2 hours", "issue_card: {amount: 25.00 USD}")).replace(
        "\ntests:", "\nundo: {on: order.refunded, same: event.order.id}\ntests:", 1
    )
    with a_house(tmp_path, database_url, text) as house:
        [waiting] = house.tell(**an_order()).body["runs"]

        refund(house)
        house.clock.forward(DAY)
        house.gateway.tick()

        assert house.cards() == []
        kept = house.gateway.runs.one(house.account, waiting["id"])
        assert (kept["outcome"], "taken back by evt_" in kept["reason"]) == ("skipped", True)


def test_an_event_that_does_not_say_what_it_is_about_is_a_failed_run(sqlite_url: str, tmp_path: Path) -> None:
    text = THANKS.replace("event.order.id", "event.data.ticket").replace(
        "event: {order: {id: o1}}", "event: {order: {id: o1}, data: {ticket: t}}"
    )
    with a_house(tmp_path, sqlite_url, text) as house:
        [run] = house.tell(**an_order()).body["runs"]
        assert run["outcome"] == "failed", "what could never be taken back is not given"
        assert house.cards() == []

        [run] = refund(house)

        assert (run["outcome"], "ticket" in str(run["reason"])) == ("failed", True)
        assert run["id"] in _told_failed(house)


def test_a_run_that_is_held_at_a_limit_is_taken_back_before_anybody_approves_it(
    database_url: str, tmp_path: Path
) -> None:
    text = THANKS.replace("\nundo:", "\nlimits: {budget: 10.00 USD per month}\nundo:", 1)
    with a_house(tmp_path, database_url, text) as house:
        [held] = house.tell(**an_order()).body["runs"]
        assert (held["outcome"], house.cards()) == ("held", [])

        [undone] = refund(house)

        assert (undone["outcome"], undone["reason"]) == ("done", f"taken back: {held['id']}")
        with pytest.raises(RunNotHeld):
            house.gateway.runs.approve(house.account, BY_HAND, held["id"])
        assert house.cards() == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (BalanceChanged("Card gc_1 was changed meanwhile."), "Card gc_1 was changed meanwhile."),
        (ZeroDivisionError(), "internal error: ZeroDivisionError"),
    ],
    ids=["refused", "a bug of ours"],
)
def test_an_undo_that_cannot_be_done_is_a_failed_run_and_takes_nothing(
    database_url: str, tmp_path: Path, fault: Exception, reason: str
) -> None:
    """Of two cards the first could be emptied: neither is, the event is kept, and a person is told."""
    twice = "issue_card: {amount: 10.00 USD}"
    text = a_recipe("pair", do=(ISSUE, twice)).replace(
        "\ntests:", "\nundo: {on: order.refunded, same: event.order.id}\ntests:", 1
    )
    pauses = Pauses()
    with a_house(tmp_path, database_url, text, pause=pauses) as house:
        house.tell(**an_order())
        before = pauses.passed["posting.before_move"]

        def fail_at_the_second() -> None:
            if pauses.passed["posting.before_move"] == before + 2:
                raise fault

        pauses.at("posting.before_move", fail_at_the_second)

        [run] = refund(house)

        assert (run["outcome"], run["reason"]) == ("failed", reason)
        assert sorted(card["balance"] for card in house.cards()) == [1000, 2500]
        assert run["id"] in _told_failed(house)
        pauses.nowhere()
        [mended] = refund(house, number="r-2")
        assert mended["outcome"] == "done"
        assert [card["balance"] for card in house.cards()] == [0, 0]
        house.require_proof()


def _told_failed(house: House) -> set[str]:
    """The runs that `recipe.failed` messages told of."""
    told = [read_own(row["body"].decode()) for row in house.rows("messages", type="recipe.failed")]
    return {message["data"]["run"]["id"] for message in told}
