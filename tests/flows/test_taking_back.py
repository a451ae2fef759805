"""What a run gave is taken off again where it came from: points, cards made of points, prepaid funds."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.jsontext import read_own
from connector.flows import timetable
from connector.operations.spend_points import OPERATION as SPEND_POINTS
from connector.operations.spend_points import SpendPoints
from connector.outside.smtp import MailServer
from tests.flows.making import ISSUE, SPEND, a_house, a_recipe, an_order
from tests.flows.test_undoing import refund
from tests.kit.catalogue import a_fund, left_in
from tests.kit.deeds import do, row_of, told
from tests.kit.house import BY_HAND, House
from tests.kit.sources import ROOT

UNDO = "\nundo: {on: order.refunded, same: event.order.id}\ntests:"
EARN = "add_points: {points: 80}"
CONVERT = "convert_points: {points: 500, amount: 25.00 USD}"
CONVERTED = "convert_points: {card: {id: gc_1, code: AAAA}}"


def undoable(*steps: str, given: str = CONVERTED) -> str:
    return a_recipe("thanks", do=steps, steps=given).replace("\ntests:", UNDO, 1)


def mia(house: House) -> dict[str, Any]:
    [contact] = house.rows("contacts")
    return dict(house.gateway.people.one(house.account, contact["public_id"]))


def trace_of(house: House, run: dict[str, object]) -> dict[str, Any]:
    [kept] = [row for row in house.rows("runs") if row["public_id"] == run["id"]]
    return dict(kept["trace"][0])


def added_up(house: House, card: str) -> int:
    """The card's balance as a subscriber has it who adds up transactions, each once; each says it as well."""
    balance, seen = 0, set()
    for row in house.rows("messages", card_id=row_of(house, card)["id"]):
        line = read_own(bytes(row["body"]).decode())["data"]["transaction"]
        if line is not None and line["id"] not in seen:
            seen.add(line["id"])
            balance += line["amount"]
            assert line["balance_after"] == balance
    return balance


def earn(house: House, points: int) -> None:
    """Mia has so many points already, by an order that no recipe looked at."""
    house.tell(type="points.earned", email="mia@example.com", points=points, id=f"p-{points}")


def test_points_are_taken_back_and_converted_ones_returned(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, undoable(EARN, CONVERT)) as house:
        earn(house, 450)
        house.tell(**an_order())
        assert (mia(house)["points"], house.cards()[0]["balance"]) == (30, 2500)

        [run] = refund(house)

        assert (mia(house)["points"], house.cards()[0]["balance"]) == (450, 0)
        trace, who = trace_of(house, run), mia(house)["id"]
        assert (trace["points_returned"], trace["points_taken"]) == ({who: 500}, {who: 80})
        assert "points_spent" not in trace
        house.require_proof()


def test_of_a_card_that_was_partly_spent_the_same_part_of_the_points_comes_back(
    database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, undoable(CONVERT)) as house:
        earn(house, 500)
        house.tell(**an_order())
        house.redeem(house.cards()[0]["id"], 901)

        [run] = refund(house)

        assert (mia(house)["points"], house.cards()[0]["balance"]) == (319, 0)
        assert list(trace_of(house, run)["spent"].values()) == ["9.01 USD"]


def test_points_that_are_gone_stay_gone_and_are_told(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, undoable(EARN, given="add_points: {points: 80}")) as house:
        house.tell(**an_order())
        who = mia(house)["id"]
        house.perform(SPEND_POINTS, SpendPoints(points=60, contact_id=who))

        [run] = refund(house)

        assert mia(house)["points"] == 0
        trace = trace_of(house, run)
        assert (trace["points_taken"], trace["points_spent"]) == ({who: 20}, {who: 60})


def test_points_go_with_whom_they_were_merged_into(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, undoable(EARN, given="add_points: {points: 80}")) as house:
        house.tell(**an_order())
        house.tell(type="contact.created", email="mia@work.example")
        first, other = (one["public_id"] for one in house.rows("contacts"))
        house.gateway.people.merge(house.account, BY_HAND, other, first)

        refund(house)

        assert house.gateway.people.one(house.account, other)["points"] == 0


def test_what_prepaid_funds_paid_goes_back_into_them(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, undoable(ISSUE, given="issue_card: {card: {id: gc_1}}")) as house:
        fund = a_fund(house, 10_000)
        house.tell(**an_order())
        [card] = house.cards()
        house.redeem(card["id"], 900)
        assert left_in(house, fund) == 7_500

        [run] = refund(house)

        assert run["outcome"] == "done"
        assert (left_in(house, fund), house.balance(card["id"])) == (9_100, 0)
        assert trace_of(house, run)["took_back"] == {card["id"]: "16.00 USD"}
        [funds] = house.gateway.history.report(house.account, "funding", {}).data
        assert [funds[one] for one in ("paid_in", "given", "taken_out", "balance")] == [10_000, 900, 0, 9_100]
        house.require_proof()


def test_only_what_the_funds_paid_for_goes_back_into_them(sqlite_url: str, tmp_path: Path) -> None:
    """A card of before there were any funds, and one whose own run spent five dollars."""
    text = undoable(ISSUE, SPEND, given="issue_card: {card: {id: gc_1}}")
    with a_house(tmp_path, sqlite_url, text) as house:
        house.tell(**an_order())
        fund = a_fund(house, 10_000)
        house.tell(**an_order("o-2"))
        assert left_in(house, fund) == 7_500

        refund(house)
        assert left_in(house, fund) == 7_500, "the first was given before there were any"
        refund(house, "o-2", number="r-2")

        assert left_in(house, fund) == 9_500
        house.require_proof()


def test_a_bought_gift_that_was_refunded_is_taken_back_and_not_sent(sqlite_url: str, tmp_path: Path) -> None:
    """Who bought a card for Christmas and has the money back gives nobody an empty one."""
    text = (ROOT / "recipes" / "purchase-gift.yaml").read_text().replace("status: draft", "status: live")
    mail = MailServer("smtp://localhost:1", "spa@example.com")
    with a_house(tmp_path, sqlite_url, text, mail=mail) as house:
        gift = {"email": "bob@example.com", "deliver_on": "2026-12-24"}
        for order in ("o-1", "o-2"):
            house.tell(**an_order(order, gift=gift))
        house.clock.forward(timedelta(days=1))

        refund(house, "o-1")
        house.clock.forward(timedelta(days=40))
        timetable.tick(house.gateway.parts)

        kept, back = house.cards()
        assert (kept["balance"], back["balance"]) == (8_000, 0)
        assert [row["card_id"] for row in house.rows("notifications")] == [row_of(house, kept["id"])["id"]]
        assert told(house, back["id"])[-1] == "gift_card.updated"
        house.require_proof()


@pytest.mark.parametrize("is_prepaid", [True, False])
def test_what_a_removed_card_holds_does_not_come_back(
    database_url: str, tmp_path: Path, is_prepaid: bool
) -> None:
    with a_house(tmp_path, database_url, undoable(ISSUE, given="issue_card: {card: {id: gc_1}}")) as house:
        fund = a_fund(house, 2_500) if is_prepaid else None
        house.tell(**an_order())
        card = house.cards()[0]["id"]
        do(house, "remove", card=card)

        [run] = refund(house)

        assert (run["outcome"], trace_of(house, run)["took_back"]) == ("done", {card: "25.00 USD"})
        assert fund is None or left_in(house, fund) == 2_500
        assert do(house, "restore", card=card)["gift_card"]["balance"] == 0
        house.require_proof()


def test_what_expired_does_not_come_back_and_what_was_loaded_beside_it_does(
    database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, undoable(CONVERT)) as house:
        earn(house, 500)
        house.tell(**an_order())
        card = house.cards()[0]["id"]
        house.redeem(card, 500)
        do(house, "load", card=card, amount=1_700)
        do(house, "expire", card=card)
        before = told(house, card)

        [run] = refund(house)

        assert (run["outcome"], mia(house)["points"]) == ("done", 500)
        assert trace_of(house, run)["took_back"] == {card: "25.00 USD"}
        assert (house.cards()[0]["state"], house.balance(card)) == ("expired", 0)
        taken = ["gift_card.adjusted", "gift_card.adjusted", "gift_card.depleted"]
        assert told(house, card)[len(before) :] == taken
        assert added_up(house, card) == house.balance(card)
        revived = do(house, "revive", card=card, reason="asked for")
        assert (revived["gift_card"]["balance"], revived["transaction"]["amount"]) == (1_200, 1_200)
        do(house, "expire", card=card)
        again = do(house, "revive", card=card, reason="asked again")
        assert again["gift_card"]["balance"] == 1_200
        assert added_up(house, card) == 1_200
        house.require_proof()
