"""Prepaid funds by REST: paid in, drawn on by issuing, taken out, watched."""

import json
from typing import Any

import pytest

from tests.kit.house import OTHER
from tests.web.door import Door, refusal, wrong_fields

PATH = "/v1/funding"


def deposit(door: Door, amount: int = 10_000, **fields: Any) -> Any:
    return door.post(PATH, key=door.house.key("admin"), body={"amount": amount, **fields})


def issue(door: Door, amount: int, **fields: Any) -> Any:
    return door.post("/v1/gift-cards", key=door.house.key("cards:write"), body={"amount": amount, **fields})


def test_what_is_paid_in_is_what_can_be_issued(door: Door) -> None:
    """S004-64, S004-65, S004-67, S004-62."""
    answer = deposit(door, 10_000, reference="wire 7", note="first")

    assert answer.status_code == 201
    made = answer.get_json()
    assert (made["funding"]["balance"], made["funding"]["program"]) == (10_000, None)
    line = made["transaction"]
    assert (line["type"], line["amount"], line["balance_after"], line["reference"]) == (
        "deposit",
        10_000,
        10_000,
        "wire 7",
    )
    assert (line["gift_card_id"], line["funding_id"]) == (None, made["funding"]["id"])
    assert issue(door, 9_999).status_code == 201
    refused = issue(door, 2)
    assert refusal(refused) == (402, "insufficient_funds")
    assert refused.get_json()["retryable"] is False
    assert issue(door, 1).status_code == 201
    shown = door.get(f"{PATH}/{made['funding']['id']}", key=door.house.key("reports")).get_json()
    assert shown["balance"] == 0
    door.house.require_proof()


def test_a_second_deposit_goes_on_top_of_what_is_left(door: Door) -> None:
    first = deposit(door, 10_000).get_json()
    issue(door, 4_000)

    second = deposit(door, 1_000).get_json()

    assert second["funding"]["id"] == first["funding"]["id"]
    assert second["transaction"]["balance_after"] == 7_000
    assert [row["act"] for row in door.house.rows("audit", subject=first["funding"]["id"])] == ["deposit"] * 2
    door.house.require_proof()


def test_funds_are_kept_by_program_and_currency(quick_door: Door) -> None:
    key = quick_door.house.key("admin")
    quick_door.post("/v1/programs", key=key, body={"slug": "spa", "name": "Spa", "currency": "EUR"})

    deposit(quick_door, 1_000)
    deposit(quick_door, 2_000, currency="JPY")
    deposit(quick_door, 3_000, program="spa")

    def balances(query: str) -> list[tuple[str | None, str, int]]:
        found = quick_door.get(PATH, key=quick_door.house.key("reports"), query=query).get_json()["data"]
        return [(one["program"], one["currency"], one["balance"]) for one in found]

    assert balances("") == [(None, "USD", 1_000), (None, "JPY", 2_000), ("spa", "EUR", 3_000)]
    assert balances("program=spa") == [("spa", "EUR", 3_000)]
    assert balances("currency=JPY") == [(None, "JPY", 2_000)]
    assert balances("program=tea") == []


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"amount": 0}, 422, "validation_failed"),
        ({"amount": -1}, 422, "validation_failed"),
        ({"amount": "100"}, 422, "validation_failed"),
        ({"threshold": -1}, 422, "validation_failed"),
        ({"currency": "XXX"}, 422, "validation_failed"),
        ({"program": "no-such"}, 404, "not_found"),
        ({"program": ""}, 404, "not_found"),
        ({"balance": 7}, 422, "validation_failed"),
    ],
)
def test_a_wrong_deposit_makes_no_funds(
    quick_door: Door, fields: dict[str, Any], status: int, code: str
) -> None:
    assert refusal(deposit(quick_door, **{"amount": 100, **fields})) == (status, code)
    assert quick_door.house.rows("funds") == []
    assert issue(quick_door, 100).status_code == 201, "nothing became prepaid"


def test_a_programs_funds_are_in_its_currency(quick_door: Door) -> None:
    key = quick_door.house.key("admin")
    quick_door.post("/v1/programs", key=key, body={"slug": "spa", "name": "Spa", "currency": "EUR"})

    assert refusal(deposit(quick_door, program="spa", currency="USD")) == (409, "currency_mismatch")


def test_what_was_not_given_out_can_be_taken_out_and_no_more(door: Door) -> None:
    fund = deposit(door, 10_000, threshold=5_000).get_json()["funding"]["id"]
    issue(door, 3_000)
    key = door.house.key("admin")

    too_much = door.post(f"{PATH}/{fund}/withdraw", key=key, body={"amount": 7_001})
    assert refusal(too_much) == (402, "insufficient_funds")
    answer = door.post(f"{PATH}/{fund}/withdraw", key=key, body={"amount": 7_000, "reference": "back"})

    assert answer.status_code == 200
    line = answer.get_json()["transaction"]
    assert (line["type"], line["amount"], line["balance_after"]) == ("withdraw", -7_000, 0)
    assert refusal(issue(door, 1)) == (402, "insufficient_funds"), "it stays prepaid"
    assert len(door.house.rows("messages", type="funding.low")) == 1
    door.house.require_proof()


def test_a_warning_is_sent_once_each_time_the_threshold_is_crossed(door: Door) -> None:
    """S004-66."""
    fund = deposit(door, 10_000).get_json()["funding"]["id"]
    key = door.house.key("admin")
    watched = door.call("PATCH", f"{PATH}/{fund}", key=key, body={"threshold": 5_000})
    assert (watched.status_code, watched.get_json()["is_low"]) == (200, False)

    for amount in (5_000, 1, 1):
        issue(door, amount)
    deposit(door, 5_000)
    issue(door, 5_000)

    told = [
        json.loads(row["body"])["data"]["funding"] for row in door.house.rows("messages", type="funding.low")
    ]
    assert [one["balance"] for one in told] == [4_999, 4_998]
    assert {one["id"] for one in told} == {fund}
    quiet = door.call("PATCH", f"{PATH}/{fund}", key=key, body={"threshold": None})
    assert (quiet.get_json()["threshold"], quiet.get_json()["is_low"]) == (None, False)


def test_only_a_change_of_the_threshold_is_audited(quick_door: Door) -> None:
    fund = deposit(quick_door).get_json()["funding"]["id"]
    key = quick_door.house.key("admin")

    for body in ({"threshold": 7}, {"threshold": 7}, {}):
        assert quick_door.call("PATCH", f"{PATH}/{fund}", key=key, body=body).status_code == 200
    wrong = quick_door.call("PATCH", f"{PATH}/{fund}", key=key, body={"threshold": -1})

    assert set(wrong_fields(wrong)) == {"threshold"}
    acts = [row["act"] for row in quick_door.house.rows("audit", subject=fund)]
    assert acts == ["deposit", "change_funding"]


def test_nobody_elses_funds_are_there(quick_door: Door) -> None:
    fund = deposit(quick_door).get_json()["funding"]["id"]
    other = quick_door.house.key("admin", account=OTHER)

    assert refusal(quick_door.get(f"{PATH}/{fund}", key=other)) == (404, "not_found")
    body = {"amount": 1}
    assert refusal(quick_door.post(f"{PATH}/{fund}/withdraw", key=other, body=body)) == (404, "not_found")
    watch = quick_door.call("PATCH", f"{PATH}/{fund}", key=other, body={"threshold": 1})
    assert refusal(watch) == (404, "not_found")
    assert quick_door.get(PATH, key=other).get_json()["data"] == []


def test_the_same_key_pays_in_once(door: Door) -> None:
    key, headers = door.house.key("admin"), {"Idempotency-Key": "wire-7"}

    for _ in range(3):
        door.post(PATH, key=key, body={"amount": 500}, headers=headers)

    assert [row["balance"] for row in door.house.rows("funds")] == [500]


def test_pages_follow_each_other(quick_door: Door) -> None:
    for currency in ("USD", "EUR", "JPY"):
        deposit(quick_door, currency=currency)
    key = quick_door.house.key("reports")

    first = quick_door.get(PATH, key=key, query="limit=2").get_json()
    last = quick_door.get(PATH, key=key, query=f"limit=2&cursor={first['next_cursor']}").get_json()

    assert [one["currency"] for one in [*first["data"], *last["data"]]] == ["USD", "EUR", "JPY"]
    assert last["next_cursor"] is None
