"""A recipe is tried on one event: all that it would do is told, and none of it is done."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.errors import NotFound, NotReplayable, ValidationFailed
from tests.flows.making import ISSUE, a_house, a_recipe, a_schedule, an_order
from tests.kit.deeds import do
from tests.kit.house import BY_HAND, House

CHECK = "{check_balance: {}, id: purse}"
AFTER = "{issue_card: {amount: 5.00 USD}, if: not steps.purse.has_balance}"
ORDER = {"type": "order.paid", "order": {"id": "o-7"}, "contact": {"email": "mia@example.com"}}


def attempt(house: House, name: str, event: Any) -> dict[str, Any]:
    before = house.everything()
    found = house.gateway.runs.trial(house.account, name, event)
    assert house.everything() == before, "nothing is changed"
    return found


def steps(found: dict[str, Any]) -> list[str]:
    return [one["step"] for one in found["trace"] if "step" in one]


@pytest.mark.parametrize("status", ["live", "shadow", "draft", "paused"])
def test_whatever_its_status_and_however_often(status: str, database_url: str, tmp_path: Path) -> None:
    text = a_recipe("thanks", do=(ISSUE, "wait: 2 hours", "hold: look"), once_per="contact", status=status)
    with a_house(tmp_path, database_url, text) as house:
        event = house.tell(**an_order()).body["events"][0]["id"]
        for _ in range(2):
            found = attempt(house, "thanks", event)

        assert (found["outcome"], found["status"], found["wants"]) == ("shadow", status, True)
        assert steps(found) == ["issue_card", "wait", "hold"]
        assert all(one["would"] for one in found["trace"] if "step" in one)
        assert found["event_id"] == event


def test_a_step_that_looks_really_looks(database_url: str, tmp_path: Path) -> None:
    text = a_recipe("thanks").replace(f"  - {ISSUE}\n", f"  - {CHECK}\n  - {AFTER}\n", 1)
    text = text.replace(
        "steps: {issue_card: {card: {id: gc_1, code: AAAA}}}", "steps: {purse: {has_balance: false}}"
    )
    with a_house(tmp_path, database_url, text.replace("status: live", "status: draft")) as house:
        assert steps(attempt(house, "thanks", ORDER)) == ["check_balance", "issue_card"]
        house.issue(6000, contact={"email": "mia@example.com"})

        found = attempt(house, "thanks", ORDER)

        assert steps(found) == ["check_balance"]
        assert found["trace"][-1]["verdict"] is False


def test_somebody_new_is_met_and_not_kept(sqlite_url: str, tmp_path: Path) -> None:
    text = a_recipe("thanks").replace('event.source != "nowhere"', "contact.visits == 0")
    text = text.replace("given: {event: {source: nowhere}}", "given: {contact: {visits: 1}}")
    with a_house(tmp_path, sqlite_url, text) as house:
        found = attempt(house, "thanks", ORDER)

        assert found["trace"][0]["values"] == {"contact.visits": 0}
        assert found["contact_id"].startswith("ct_")
        assert house.rows("contacts") == []


def test_a_failure_says_where(sqlite_url: str, tmp_path: Path) -> None:
    text = a_recipe("thanks").replace("25.00 USD", "'${{ event.order.total }}'", 1)
    text = text.replace("order: {id: o1}", "order: {id: o1, total: 5.00 USD}")
    with a_house(tmp_path, sqlite_url, text) as house:
        found = attempt(house, "thanks", ORDER)

    assert found["outcome"] == "failed"
    assert found["place"].startswith("recipes/thanks.yaml:8:")
    assert "event.order.total" in found["reason"]


def test_a_value_of_once_per_that_is_taken_says_so(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, a_recipe("thanks", once_per="contact")) as house:
        first = house.tell(**an_order("o-1")).body
        second = house.tell(**an_order("o-2")).body["events"][0]["id"]

        again, found = attempt(house, "thanks", first["events"][0]["id"]), attempt(house, "thanks", second)

        assert (found["outcome"], found["reason"]) == (
            "already_done",
            "`once_per`: done before for this value",
        )
        assert (steps(found), found["trace"][-1]["verdict"], found["done_by"]) == ([], False, None)
        assert attempt(house, "thanks", ORDER)["outcome"] == "already_done"
        assert attempt(house, "thanks", {**ORDER, "contact": {"email": "ada@example.com"}})["done_by"] is None
        assert (again["outcome"], steps(again)) == ("shadow", ["issue_card"]), "its own event is no other"
        assert again["done_by"] == first["runs"][0]["id"]


def test_what_another_tool_told_before_says_so(sqlite_url: str, tmp_path: Path) -> None:
    text = a_recipe("thanks").replace("do:", "same_as: {subject: event.order.id}\ndo:", 1)
    with a_house(tmp_path, sqlite_url, text) as house:
        first = house.tell(**an_order("o-7")).body["events"][0]["id"]

        found = attempt(house, "thanks", {**ORDER, "occurred_at": "2026-11-20T14:30:00Z"})

        assert (found["outcome"], found["reason"]) == ("already_done", f"`same_as`: {first} told the same")
        assert attempt(house, "thanks", {**ORDER, "order": {"id": "o-8"}})["outcome"] == "shadow"
        assert attempt(house, "thanks", first)["outcome"] == "shadow", "it told it first"


RICH = a_schedule(
    "rich",
    "{schedule: every day at 10:00, for_each: card}",
    ("load_card: {card: '${{ card.id }}', amount: 1.00 USD}",),
    condition="card.balance > 20.00 USD",
    holds="card: {balance: 25.00 USD}",
    fails="card: {balance: 20.00 USD}",
)


def due(card: object) -> dict[str, Any]:
    return {"type": "schedule.due", "data": {"gift_card": {"id": card}}}


def test_a_recipe_over_cards_is_tried_on_one(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, RICH) as house:
        [rich, poor] = [house.issue(minor, contact={"email": "mia@example.com"}) for minor in (2500, 2000)]
        house.gateway.tick()
        house.clock.forward(timedelta(days=1))
        house.gateway.tick()
        [event] = house.rows("events")

        kept, told = attempt(house, "rich", event["public_id"]), attempt(house, "rich", due(rich["id"]))

        for found in (kept, told):
            assert (found["outcome"], steps(found), found["wants"]) == ("shadow", ["load_card"], True)
            assert found["trace"][0]["values"] == {"card.balance": "26.00 USD"}
            assert found["contact_id"] == house.rows("contacts")[0]["public_id"]
        assert attempt(house, "rich", due(poor["id"]))["outcome"] == "not_matched"


def test_a_recipe_over_cards_without_one_says_how_to_name_it(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, RICH) as house:
        removed = house.issue(2500)["id"]
        do(house, "remove", card=removed)
        for event in ({"type": "schedule.due"}, due(7), {**due(removed), "data": []}):
            with pytest.raises(ValidationFailed, match="a file names one"):
                house.gateway.runs.trial(house.account, "rich", event)
        for card in (removed, "gc_" + "0" * 26, ""):
            with pytest.raises(ValidationFailed, match="There is no card"):
                house.gateway.runs.trial(house.account, "rich", due(card))


def test_no_code_is_shown(sqlite_url: str, tmp_path: Path) -> None:
    text = a_recipe("thanks", do=("check_balance: {card: '${{ event.order.id }}'}",))
    with a_house(tmp_path, sqlite_url, text.replace("status: live", "status: draft")) as house:
        code = house.issue(2500)["code"]

        found = attempt(house, "thanks", {**ORDER, "order": {"id": code}})

        assert found["trace"][-1]["result"]
        assert code not in repr({**found, "event": None})


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": 1},
        {"type": "custom."},
        {**ORDER, "contact": {}},
        {**ORDER, "contact": "mia"},
        {**ORDER, "contact": {"first_name": "Mia"}},
        {**ORDER, "source": 1},
        {**ORDER, "id": None},
    ],
)
def test_what_is_no_event_is_refused(event: dict[str, Any], sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("thanks")) as house, pytest.raises(ValidationFailed):
        house.gateway.runs.trial(house.account, "thanks", event)


def test_what_cannot_be_tried_says_why(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, a_recipe("thanks")) as house:
        event = house.tell(**an_order()).body["events"][0]["id"]
        trial = house.gateway.runs.trial
        with pytest.raises(NotFound, match="Did you mean thanks"):
            trial(house.account, "thank", event)
        with pytest.raises(NotFound):
            trial(house.other, "thanks", event)
        house.gateway.people.erase(house.account, BY_HAND, house.rows("contacts")[0]["public_id"])
        with pytest.raises(NotReplayable):
            trial(house.account, "thanks", event)
        (house.recipes / "thanks.yaml").write_text("recipe: thanks\nnonsense: 1\n")
        house.gateway.parts.library.reload()
        with pytest.raises(ValidationFailed, match="nonsense"):
            trial(house.account, "thanks", event)
