"""What no-code tools ask of actions, from end to end."""

from typing import Any

import pytest

from tests.web.door import Door, refusal, wrong_fields

ACTIONS = "/v1/actions"


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


def test_a_currency_of_null_is_left_out(quick_door: Door, key: str) -> None:
    body = {"amount": 2500, "currency": None, "note": None}

    answer = quick_door.post("/v1/gift-cards", key=key, body=body)

    assert (answer.status_code, answer.get_json()["currency"]) == (201, "USD")
