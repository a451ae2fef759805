"""Orders by REST: told of, listed, with what became of their gift cards."""

from typing import Any

from tests.kit.house import OTHER
from tests.kit.orders import ORDER, sell
from tests.web.door import Door, refusal, wrong_fields

PATH = "/v1/orders"
BODY: dict[str, Any] = {
    "id": 450789469,
    "contact": {"email": "ada@example.com", "first_name": "Ada"},
    "currency": "USD",
    "lines": [
        {"id": 466157049, "gift_card": True, "quantity": 2, "price": "50.00"},
        {"id": 466157050, "gift_card": False, "quantity": 1, "price": "20.00", "title": "Candle"},
    ],
}


def tell(door: Door, body: Any = BODY, **how: Any) -> Any:
    return door.post(PATH, key=door.house.key("cards:write", "contacts"), body=body, **how)


def listed(door: Door, query: str = "", account: str = "glow-spa") -> Any:
    answer = door.get(PATH, key=door.house.key("cards:read", account=account), query=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()["data"]


def test_an_order_is_told_and_its_codes_are_assigned(door: Door) -> None:
    """S000-20, S002-179: an order needs no shop that we know."""
    answer = tell(door)

    assert answer.status_code == 201
    made = answer.get_json()
    assert made == {
        "id": "450789469",
        "number": 450789469,
        "source": None,
        "contact_id": door.house.rows("contacts")[0]["public_id"],
        "currency": "USD",
        "lines": [
            {
                "id": "466157049",
                "number": 466157049,
                "gift_card": True,
                "quantity": 2,
                "gift_cards": [
                    {
                        "index": index,
                        "amount": 5000,
                        "currency": "USD",
                        "state": "open",
                        "job_id": None,
                        "gift_card_id": None,
                    }
                    for index in (0, 1)
                ],
            }
        ],
        "created_at": "2026-11-20T15:00:00Z",
    }
    assign = {"orderId": 450789469, "giftCode": "ABCD-EFGH-1234"}
    path = "/api/external/gift-cards/assign-to-order"
    done = door.post(path, key=door.house.key("cards:write"), body=assign)
    assert done.get_json() == {"scheduled": True}
    [queued] = listed(door)
    assert [one["state"] for one in queued["lines"][0]["gift_cards"]] == ["queued", "queued"]
    door.house.gateway.run_jobs()
    [issued] = listed(door, "id=450789469")
    cards = issued["lines"][0]["gift_cards"]
    assert [one["state"] for one in cards] == ["issued", "issued"]
    assert {one["gift_card_id"] for one in cards} == {one["id"] for one in door.house.cards()}
    assert {one["contact_id"] for one in door.house.cards()} == {made["contact_id"]}


def test_orders_of_shops_stand_in_the_same_list(quick_door: Door) -> None:
    sell(quick_door.house)
    tell(quick_door)

    assert [one["source"] for one in listed(quick_door)] == [None, "shopify"]
    [first] = listed(quick_door, f"id={ORDER}")
    assert first["id"] == f"gid://shopify/Order/{ORDER}"
    assert len(listed(quick_door, "limit=1")) == 1
    assert listed(quick_door, "id=nobody") == [] == listed(quick_door, account=OTHER)


def test_an_order_under_an_idempotency_key_is_told_once(quick_door: Door) -> None:
    key = quick_door.house.key("cards:write")
    first, again = (
        quick_door.post(PATH, key=key, body=BODY, headers={"Idempotency-Key": "k"}) for _ in range(2)
    )

    assert first.data == again.data and (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = quick_door.post(PATH, key=key, body={**BODY, "id": 2}, headers={"Idempotency-Key": "k"})
    assert refusal(other) == (422, "idempotency_key_reused")


def test_what_is_wrong_is_refused_as_everywhere(quick_door: Door) -> None:
    for body, field in (
        ({}, "id"),
        ({"id": 1}, "lines"),
        ({**BODY, "lines": []}, "lines"),
        ({**BODY, "lines": [{"id": 1, "gift_card": True}]}, "lines.0.price"),
        ({**BODY, "currency": "usd"}, "currency"),
        ({**BODY, "total": 5}, "total"),
    ):
        answer = tell(quick_door, body)
        assert refusal(answer) == (422, "validation_failed")
        assert field in wrong_fields(answer)
    tell(quick_door)
    changed = {**BODY, "lines": [{"id": 466157049, "gift_card": True, "price": 5}]}
    assert refusal(tell(quick_door, changed)) == (409, "conflict")
    assert len(quick_door.house.rows("orders")) == 1
