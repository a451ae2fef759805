"""What no-code tools ask of actions, from end to end."""

from typing import Any

import pytest

from connector.domain.cards import told
from connector.web import examples
from connector.web.factory import every_call
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import make_sandbox
from tests.web.door import Door, refusal, wrong_fields
from tests.web.drive import Driver

ACTIONS = "/v1/actions"
CALLS = [one for one in every_call() if one.path.startswith(ACTIONS)]


@pytest.fixture
def key(quick_door: Door) -> str:
    return quick_door.house.key("cards:write", "cards:read", "contacts")


@pytest.mark.parametrize(
    "phone", ["2125550147", "212-555-0147", "(212) 555-0147", "+12125550147", 2125550147]
)
def test_every_action_finds_somebody_by_their_number_however_it_is_written(
    quick_door: Door, key: str, phone: Any
) -> None:
    """S000-26: who was issued a card by their number is not told that they have nothing."""

    def act(action: str, **body: Any) -> Any:
        answer = quick_door.post(f"{ACTIONS}/{action}", key=key, body=body)
        assert answer.status_code in (200, 201), (action, answer.text)
        return answer.get_json()

    made = act("issue-gift-card", amount="25.00", phone="(212) 555-0147")
    act("add-points", points=100, phone="(212) 555-0147")

    assert act("check-balance", phone=phone)["balance"] == "25.00"
    assert [one["id"] for one in act("find-gift-cards", phone=phone)["cards"]] == [made["id"]]
    assert act("load-gift-card", phone=phone, amount="5.00")["id"] == made["id"]
    assert act("add-points", phone=phone, points=10)["balance"] == 110
    assert act("spend-points", phone=phone, points=10)["balance"] == 100
    turned = act("convert-points", phone=phone, points=100, amount="1.00", load=True)
    assert (turned["id"], turned["balance"], turned["points_balance"]) == (made["id"], "31.00", 0)


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("issue-gift-card", {"amount": "5.00", "email": "bad@@x", "phone": "+12125550147"}, "email"),
        ("issue-gift-card", {"amount": "5.00", "phone": "123"}, "phone"),
        ("issue-gift-card", {"amount": "5.00", "recipient_email": "bad"}, "recipient_email"),
        ("add-points", {"points": 1, "phone": "555", "email": "mia@example.com"}, "phone"),
        ("check-balance", {"email": "6465550123"}, "email"),
        ("load-gift-card", {"amount": "5.00", "email": "bad@@x"}, "email"),
    ],
)
def test_a_bad_address_is_named_as_the_action_calls_it(
    quick_door: Door, key: str, action: str, body: dict[str, Any], field: str
) -> None:
    answer = quick_door.post(f"{ACTIONS}/{action}", key=key, body=body)

    assert refusal(answer) == (422, "validation_failed")
    assert list(wrong_fields(answer)) == [field]
    assert answer.get_json(force=True)["detail"].startswith(f"{field} is no ")
    assert quick_door.house.rows("cards") == []


def test_a_card_is_issued_with_all_that_is_flat(quick_door: Door, key: str) -> None:
    body = {
        "amount": "25.00",
        "email": "mia@example.com",
        "name": "Mia Moss",
        "tags": "VIP, regular",
        "recipient_name": "Ada",
        "recipient_email": "ada@example.com",
        "sender_name": "Mia",
        "metadata": {"shelf": 4},
    }

    card = quick_door.post(f"{ACTIONS}/issue-gift-card", key=key, body=body).get_json()["gift_card"]
    person = quick_door.get(f"/v1/contacts/{card['contact_id']}", key=key).get_json()

    assert card["recipient"] == {"name": "Ada", "email": "ada@example.com"}
    assert (card["sender"], card["metadata"]) == ({"name": "Mia"}, {"shelf": 4})
    assert (person["first_name"], person["last_name"], person["tags"]) == ("Mia", "Moss", ["VIP", "regular"])


def test_who_has_credit_in_another_currency_has_a_balance(quick_door: Door, key: str) -> None:
    """S000-26: the flag to branch on counts every currency."""
    who = {"email": "mia@example.com"}
    quick_door.post(f"{ACTIONS}/issue-gift-card", key=key, body={**who, "amount": "6.00", "currency": "EUR"})

    checked = quick_door.post(f"{ACTIONS}/check-balance", key=key, body=who).get_json()
    found = quick_door.post(f"{ACTIONS}/find-gift-cards", key=key, body=who).get_json()
    dollars = quick_door.post(
        f"{ACTIONS}/find-gift-cards", key=key, body={**who, "currency": "USD"}
    ).get_json()

    assert (checked["has_balance"], checked["state"], checked["balance"]) == (True, "active", "0.00")
    assert checked["balances"] == [{"amount": "6.00", "currency": "EUR"}]
    assert (found["has_balance"], dollars["has_balance"]) == (True, False)


def test_a_currency_of_null_is_left_out_by_actions_and_refused_by_rest(quick_door: Door, key: str) -> None:
    """No-code tools fill in null for what is empty; a program that sends it has lost its currency."""
    loose = quick_door.post(
        "/v1/actions/issue-gift-card", key=key, body={"amount": "25.00", "currency": None}
    )
    strict = quick_door.post("/v1/gift-cards", key=key, body={"amount": 2500, "currency": None})

    assert (loose.status_code, loose.get_json()["currency"]) == (201, "USD")
    assert wrong_fields(strict) == {
        "currency": "null is not an ISO 4217 currency code in capitals, such as USD"
    }


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.path.rpartition("/")[2])
def test_the_example_of_every_action_does_what_it_says(quick_door: Door, call: Any) -> None:
    """What the document shows is what people try first."""
    driver = Driver.at(quick_door)
    house = quick_door.house
    who = {"email": "ada@example.com", "points": 500}
    quick_door.post(f"{ACTIONS}/add-points", key=driver.keys["admin"], body=who)
    if "send" in call.path:
        make_sandbox(house)

    driver.ask(call)


def test_every_action_has_an_example_of_its_own() -> None:
    assert {one.name for one in CALLS} <= set(examples.BODIES)


def test_an_unknown_action_is_told_those_that_there_are(quick_door: Door, key: str) -> None:
    answer = quick_door.post(f"{ACTIONS}/give-card", key=key, body={})

    assert refusal(answer) == (404, "not_found")
    assert "issue-gift-card" in answer.get_json(force=True)["detail"]


def test_who_asks_for_a_card_by_its_code_is_told_of_the_lookup(quick_door: Door, key: str) -> None:
    answer = quick_door.get("/v1/gift-cards/7K2Q-9MXW-4HPA", key=key)

    assert refusal(answer) == (404, "not_found")
    detail = answer.get_json(force=True)["detail"]
    assert "POST /v1/gift-cards/lookup" in detail
    assert "7K2Q" not in detail


@pytest.mark.parametrize("action", ["check-balance", "find-gift-cards", "load-gift-card"])
def test_a_field_s_message_stands_by_itself(quick_door: Door, key: str, action: str) -> None:
    body = {"amount": "1.00"} if action.startswith("load") else {}
    answer = quick_door.post(f"{ACTIONS}/{action}", key=key, body=body)

    [message] = wrong_fields(answer).values()
    assert "name" in message and "contact" in message


def test_a_moment_in_a_sentence_is_rfc_3339_to_the_second() -> None:
    assert told(THE_MOMENT.replace(microsecond=779_738)) == "2026-11-20T15:00:00Z"


def test_what_a_past_end_is_refused_with_is_written_like_every_moment(quick_door: Door, key: str) -> None:
    body = {"amount": "1.00", "expires_at": "2020-01-01T00:00:00.779738Z"}
    answer = quick_door.post(f"{ACTIONS}/issue-gift-card", key=key, body=body)

    assert wrong_fields(answer) == {"expires_at": "2020-01-01T00:00:00Z is in the past"}


def test_a_report_of_a_span_ends_at_a_moment_too(quick_door: Door) -> None:
    reports = quick_door.house.key("reports")
    at = "2026-11-20T14:00:00Z"

    for name in ("redemptions", "recipes"):
        path = f"/v1/reports/{name}"
        assert quick_door.get(path, key=reports, query=f"as_of={at}").status_code == 200
        both = quick_door.get(path, key=reports, query=f"as_of={at}&until={at}")
        assert refusal(both) == (400, "bad_request")
