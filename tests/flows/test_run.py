"""Recipes at work: each by itself, one failure undoing only itself, no code where it does not belong."""

import json
from pathlib import Path
from typing import Any

import pytest

from connector.domain.accounts import Caps
from connector.domain.errors import Unavailable
from connector.domain.money import Money
from connector.flows.performing import as_json, command_of, outputs_of, step_specs, without_codes
from connector.operations.issue import OPERATION as ISSUE_OPERATION
from connector.operations.issue import Issue
from connector.operations.redeem import OPERATION as REDEEM_OPERATION
from tests.flows.making import ISSUE, SPEND, a_house, a_recipe, an_order
from tests.kit.house import House
from tests.kit.pauses import Pauses
from tests.kit.receiver import Recorder

BROKE = SPEND.replace("5.00", "500.00")
FIRST = a_recipe("a-first")
FAILING = a_recipe("b-failing", do=(ISSUE, BROKE), once_per="event.order.id")
LAST = a_recipe("c-last")


def outcomes(answer: Any) -> dict[str, str]:
    return {run["recipe"]: run["outcome"] for run in answer.body["runs"]}


def test_a_recipe_that_fails_fails_neither_the_delivery_nor_the_others(
    database_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    with a_house(tmp_path, database_url, LAST, FAILING, FIRST) as house:
        house.gateway.create_endpoint(house.account, url=receiver.url)

        answer = house.tell(**an_order())

        assert (answer.status, answer.body["status"]) == (200, "processed")
        assert list(outcomes(answer).items()) == [
            ("a-first", "done"),
            ("b-failing", "failed"),
            ("c-last", "done"),
        ]
        failed = answer.body["runs"][1]
        assert "500.00 asked" in failed["reason"]
        assert failed["outputs"] == {"card": None, "steps": {}}
        assert [card["balance"] for card in house.cards()] == [2500, 2500], "its own work is undone"
        house.require_proof()
        house.gateway.dispatch()
        told = [json.loads(one.body) for one in receiver.requests]
        [message] = [one for one in told if one["type"] == "recipe.failed"]
        assert message["data"]["run"]["id"] == failed["id"]
        assert message["data"]["run"]["recipe"] == "b-failing"
        assert message["data"]["run"]["event"]["id"] == answer.body["events"][0]["id"]
        assert message["data"]["run"]["place"].startswith("recipes/b-failing.yaml:")
        assert sorted(one["type"] for one in told) == ["gift_card.issued"] * 2 + ["recipe.failed"]


def test_a_failed_run_has_taken_nothing_of_its_once_per(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, FAILING) as house:
        house.tell(**an_order())

        again = house.tell(**an_order())

        assert outcomes(again) == {"b-failing": "failed"}
        assert house.rows("once_taken") == []


def test_a_run_is_kept_with_the_line_that_stopped_it(house: House) -> None:
    house.tell(type="booking.completed", booking_id="b-0", email="mia@example.com")

    answer = house.tell(type="booking.created", booking_id="b-1", email="mia@example.com")

    assert outcomes(answer) == {"first-booking": "not_matched"}
    [kept] = house.rows("runs")
    assert (kept["outcome"], kept["place"]) == ("not_matched", "recipes/first-booking.yaml:6:5")
    [line] = kept["trace"]
    assert (line["text"], line["verdict"]) == ("contact.visits == 0", False)


def test_the_second_time_is_already_done(house: House) -> None:
    booking = {"type": "booking.created", "email": "mia@example.com"}
    house.tell(booking_id="b-1", **booking)

    answer = house.tell(booking_id="b-2", **booking)

    assert outcomes(answer) == {"first-booking": "already_done"}
    assert len(house.cards()) == 1


def test_once_per_contact_without_a_contact_fails(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, a_recipe("once", once_per="contact")) as house:
        answer = house.tell(type="order.paid", order_id="o-1", amount="5.00", currency="USD")

        assert outcomes(answer) == {"once": "failed"}
        assert "contact" in answer.body["runs"][0]["reason"]
        assert house.rows("contacts") == house.cards() == []


def test_a_recipe_that_asks_for_no_contact_runs_without_one(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, FIRST) as house:
        answer = house.tell(type="order.paid", order_id="o-1", amount="5.00", currency="USD")

        assert outcomes(answer) == {"a-first": "done"}
        assert house.cards()[0]["contact_id"] is None
        [event] = house.rows("events")
        assert json.loads(event["envelope"])["contact"] is None


def test_the_card_is_the_contacts_and_says_where_it_comes_from(house: House) -> None:
    answer = house.tell(type="booking.created", booking_id="b-1", email="mia@example.com")

    [card] = house.cards()
    [contact] = house.rows("contacts")
    run = answer.body["runs"][0]
    assert card["contact_id"] == contact["public_id"]
    assert card["source"] == "recipe"
    assert card["origin"] == {
        "recipe": "first-booking",
        "run_id": run["id"],
        "event_id": answer.body["events"][0]["id"],
    }
    assert card["expires_at"] == "2027-11-20T15:00:00Z"


def test_a_card_can_go_to_somebody_else_known_or_new(database_url: str, tmp_path: Path) -> None:
    gift = a_recipe("gift", do=("issue_card: {to: ada@example.com, amount: 10.00 USD}",))
    with a_house(tmp_path, database_url, gift) as house:
        new = house.tell(**an_order("o-1"))
        known = house.tell(**an_order("o-2"))

        assert (outcomes(new), outcomes(known)) == ({"gift": "done"}, {"gift": "done"})
        [ada] = [row for row in house.rows("contacts") if row["email"] == "ada@example.com"]
        assert {card["contact_id"] for card in house.cards()} == {ada["public_id"]}


def test_a_shadow_run_moves_nothing(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, a_recipe("quiet", status="shadow", once_per="contact")) as house:
        answer = house.tell(**an_order())

        assert outcomes(answer) == {"quiet": "shadow"}
        assert house.cards() == house.rows("once_taken") == house.rows("messages") == []


def test_a_cap_fails_the_run(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, FIRST, caps={"USD": Caps(per_card=2499)}) as house:
        answer = house.tell(**an_order())

        assert outcomes(answer) == {"a-first": "failed"}
        assert "cap" in answer.body["runs"][0]["reason"]


@pytest.mark.parametrize("fault", [RuntimeError("a secret of the bug"), KeyError("x"), RecursionError()])
def test_a_bug_of_ours_fails_the_run_and_not_the_delivery(
    sqlite_url: str, tmp_path: Path, fault: Exception
) -> None:
    pauses = Pauses()
    spending = a_recipe("b-spending", do=(ISSUE, SPEND))
    with a_house(tmp_path, sqlite_url, FIRST, spending, LAST, pause=pauses) as house:

        def crash() -> None:
            raise fault

        pauses.at("redeem.card_read", crash)
        answer = house.tell(**an_order())

        assert outcomes(answer) == {"a-first": "done", "b-spending": "failed", "c-last": "done"}
        assert answer.body["runs"][1]["reason"] == f"internal error: {type(fault).__name__}"
        assert len(house.cards()) == 2


def test_what_is_unavailable_in_a_step_fails_no_run_but_is_tried_again(
    database_url: str, tmp_path: Path
) -> None:
    pauses = Pauses()
    with a_house(tmp_path, database_url, a_recipe("spending", do=(ISSUE, SPEND)), pause=pauses) as house:

        def refuse_once() -> None:
            if pauses.passed["redeem.card_read"] == 1:
                raise Unavailable("not now")

        pauses.at("redeem.card_read", refuse_once)
        answer = house.tell(**an_order())

        assert outcomes(answer) == {"spending": "done"}
        assert len(house.cards()) == 1


# Messages of a recipe's own, and codes


def test_a_recipe_sends_a_message_of_its_own(database_url: str, tmp_path: Path, receiver: Recorder) -> None:
    hook = a_recipe(
        "hook", do=("send_webhook: {type: custom.big-order, data: {id: '${{ event.order.id }}', n: 5}}",)
    )
    with a_house(tmp_path, database_url, hook) as house:
        house.gateway.create_endpoint(house.account, url=receiver.url, event_types=["custom.*"])

        answer = house.tell(**an_order("o-7"))

        house.gateway.dispatch()
        [told] = [json.loads(one.body) for one in receiver.requests]
        assert told["type"] == "custom.big-order"
        assert told["data"]["id"] == "o-7"
        assert told["data"]["origin"]["run_id"] == answer.body["runs"][0]["id"]


def test_a_recipe_cannot_speak_as_the_ledger(database_url: str, tmp_path: Path) -> None:
    step = "send_webhook: {type: '${{ event.order.id }}', data: {}}"
    liar = a_recipe("liar", do=(step,), given="order: {id: custom.hello}")
    with a_house(tmp_path, database_url, liar) as house:
        answer = house.tell(**an_order("gift_card.issued"))

        assert outcomes(answer) == {"liar": "failed"}
        assert "sends `custom.<name>` messages only" in answer.body["runs"][0]["reason"]
        assert outcomes(house.tell(**an_order("custom.hello"))) == {"liar": "done"}
        assert "gift_card.issued" not in [row["type"] for row in house.rows("messages")]


def test_a_recipe_that_passes_a_code_on_shows_it_nowhere(database_url: str, tmp_path: Path) -> None:
    code = "${{ previous.card.code }}"
    leaky = a_recipe(
        "leaky",
        do=(
            "issue_card: {amount: 25.00 USD}",
            f"issue_card: {{amount: 1.00 USD, note: 'the other is {code}', metadata: {{x: '{code}'}}}}",
        ),
    )
    sender = a_recipe(
        "sender",
        do=(ISSUE, f"send_webhook: {{type: custom.x, data: {{deep: [{{here: 'code {code}'}}]}}}}"),
    )
    stopper = a_recipe("stopper", do=(ISSUE, f"stop: because {code}")).replace("      - stop: {}\n", "")
    wrong = a_recipe(
        "wrong", do=(ISSUE, f"redeem_card: {{card: '{code}', amount: 5.00 USD, reference: '{code}'}}")
    )
    with a_house(tmp_path, database_url, leaky, sender, stopper, wrong) as house:
        answer = house.tell(**an_order())

        assert set(outcomes(answer).values()) == {"done"}
        shown = [run["outputs"]["steps"]["issue_card"]["card"]["code"] for run in answer.body["runs"]]
        assert len(set(shown)) == 4
        stored = house.everything().lower()
        for one in shown:
            assert one.lower() not in stored
            assert one.replace("-", "").lower() not in stored
        stopped = answer.body["runs"][2]
        assert "(hidden)" in stopped["reason"]


# Pure parts


def test_every_gift_card_step_is_told_to_the_recipe_language() -> None:
    specs = step_specs()

    assert {"issue_card", "redeem_card", "check_balance", "send_webhook"} <= set(specs)
    issue = {one.name: one for one in specs["issue_card"].fields}
    assert issue["amount"].required
    assert {"to", "expires", "usable"} <= set(issue)
    assert not {"contact_id", "expires_at", "currency", "contact"} & set(issue)
    assert not specs["check_balance"].changes
    assert "simulate" not in {one.name for one in specs["redeem_card"].fields}


def test_a_step_becomes_a_command_in_minor_units() -> None:
    command = command_of(ISSUE_OPERATION, {"amount": Money(2500, "EUR"), "note": None}, None)

    assert command == Issue(amount=2500, currency="EUR")


def test_a_step_on_a_card_is_about_that_card_not_the_contact() -> None:
    command = command_of(REDEEM_OPERATION, {"card": "gc_1", "amount": Money(100, "USD")}, None)

    assert (command.card, command.amount, command.currency) == ("gc_1", 100, "USD")  # type: ignore[attr-defined]


def test_outputs_name_the_last_card_and_show_codes_only_where_asked() -> None:
    steps = {
        "issue_card": {"card": {"id": "gc_1", "code": "AAAA", "balance": 5, "note": "x"}},
        "redeem_card": {"amount": Money(500, "USD")},
        "issue_card_2": {"card": {"id": "gc_2", "code": "BBBB", "balance": 6}},
    }

    loud, quiet = outputs_of(steps, with_codes=True), outputs_of(steps, with_codes=False)

    assert loud["card"] == {"id": "gc_2", "code": "BBBB", "balance": 6}
    assert quiet["card"] == {"id": "gc_2", "balance": 6}
    assert "note" not in loud["steps"]["issue_card"]["card"]
    assert loud["steps"]["redeem_card"] == {"amount": {"amount": "5.00", "currency": "USD"}}
    assert outputs_of({}, with_codes=True) == {"card": None, "steps": {}}


def test_codes_are_hidden_however_they_are_grouped() -> None:
    value = {"a": ["x AB-CD y", {"b": "ABCD"}, 5, None]}

    assert without_codes(value, {"AB-CD"}) == {"a": ["x (hidden) y", {"b": "(hidden)"}, 5, None]}
    assert without_codes(value, set()) is value


def test_values_of_steps_are_json() -> None:
    assert as_json({"a": (Money(5, "JPY"), [1])}) == {"a": [{"amount": "5", "currency": "JPY"}, [1]]}


def test_a_recipe_that_would_give_out_too_much_in_a_day_is_held(
    database_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    capped = {"USD": Caps(per_recipe=4_999)}
    giving, other = a_recipe("a-giving", once_per="event.order.id"), a_recipe("b-other")
    with a_house(tmp_path, database_url, giving, other, caps=capped) as house:
        house.gateway.create_endpoint(house.account, url=receiver.url, event_types=["recipe.*"])
        house.tell(**an_order("o-1"))

        answer = house.tell(**an_order("o-2"))

        assert answer.status == 200
        assert outcomes(answer) == {"a-giving": "held", "b-other": "held"}, "each has its own sum"
        held = answer.body["runs"][0]
        assert "49.99 USD a day for the recipe a-giving" in held["reason"]
        assert "leaves 24.99 USD" in held["reason"]
        assert held["outputs"] == {"card": None, "steps": {}}
        assert [row["outcome"] for row in house.rows("runs")] == ["done", "done", "held", "held"]
        assert [card["balance"] for card in house.cards()] == [2500, 2500]
        assert len(house.rows("once_taken")) == 1, "it may still be done for this order"
        assert {row["amount"] for row in house.rows("cap_sums")} == {2500}
        house.gateway.dispatch()
        told = [json.loads(one.body) for one in receiver.requests]
        assert [one["type"] for one in told] == ["recipe.held"] * 2
        assert told[0]["data"]["run"]["id"] == held["id"]
        house.require_proof()


def test_a_card_above_the_cap_per_card_fails_its_recipe(sqlite_url: str, tmp_path: Path) -> None:
    """Nobody can release it: the recipe is wrong."""
    with a_house(tmp_path, sqlite_url, FIRST, caps={"USD": Caps(per_card=2_499)}) as house:
        assert outcomes(house.tell(**an_order())) == {"a-first": "failed"}


MOVES = a_recipe(
    "moves",
    do=(
        "load_card: {amount: 5.00 USD, reference: '${{ event.order.id }}'}\n    id: loaded",
        "adjust_card: {card: '${{ previous.card.id }}', amount: -2.00 USD, reason: correction}\n    id: less",
        "issue_card: {amount: 1.00 USD, to: noor@example.com}\n    id: made",
        "transfer_balance: {card: '${{ steps.loaded.card.id }}', to: '${{ previous.card.id }}', all: true}",
    ),
    steps="loaded: {card: {id: gc_1}}, made: {card: {id: gc_2}}",
)


def test_a_recipe_loads_the_contacts_card_corrects_it_and_moves_value_on(
    database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, MOVES) as house:
        card = house.issue(2500, contact={"email": "mia@example.com"})["id"]

        answer = house.tell(**an_order())

        assert outcomes(answer) == {"moves": "done"}, answer.body
        steps = answer.body["runs"][0]["outputs"]["steps"]
        assert steps["loaded"]["card"]["id"] == card and "code" not in steps["loaded"]["card"]
        assert steps["loaded"]["balance"] == {"amount": "30.00", "currency": "USD"}
        assert steps["less"]["amount"] == {"amount": "-2.00", "currency": "USD"}
        assert steps["transfer_balance"]["amount"] == {"amount": "28.00", "currency": "USD"}
        assert steps["transfer_balance"]["to_balance"] == {"amount": "29.00", "currency": "USD"}
        assert house.balance(card) == 0
        [loaded] = house.rows("transfers", type="load")
        assert (loaded["reference"], loaded["debit"]) == ("o-1", "promo:moves")
        house.require_proof()


def test_who_has_no_card_to_load_gets_a_new_one_whose_code_stands_in_the_answer_alone(
    database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, MOVES) as house:
        answer = house.tell(**an_order())

        code = answer.body["runs"][0]["outputs"]["steps"]["loaded"]["card"]["code"]
        assert house.gateway.card_by_code(house.account, code)["initial_amount"] == 500
        assert code not in house.everything()
        house.require_proof()
