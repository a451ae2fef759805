"""Messages and deliveries at the door: found by every filter, sent again, refused where that cannot be."""

from typing import Any

import pytest

from tests.kit.receiver import Recorder
from tests.web.door import Door, refusal, wrong_fields

PATH = "/v1/webhook-deliveries"


@pytest.fixture
def key(quick_door: Door) -> str:
    return quick_door.house.key("webhooks")


@pytest.fixture
def sent(quick_door: Door, receiver: Recorder) -> dict[str, Any]:
    """A card's two messages for one endpoint: the first one refused, the second delivered."""
    house = quick_door.house
    house.gateway.create_endpoint(house.account, url=receiver.url)
    receiver.answers(400)
    card = house.issue()
    house.redeem(card["id"], 100)
    house.gateway.dispatch()
    return dict(house.gateway.webhooks.page(house.account, {"state": "retrying"}).data[0])


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("state=retrying", 1),
        ("state=delivered&outcome=delivered", 1),
        ("outcome=refused", 1),
        ("type=gift_card.redeemed", 1),
        ("endpoint_id={endpoint_id}", 2),
        ("message_id={message_id}", 1),
        ("gift_card_id={gift_card_id}", 2),
        ("since=2026-11-20T15:00:00Z", 2),
        ("until=2026-11-20T15:00:00Z", 0),
        ("gift_card_id=gc_nobody", 0),
    ],
)
def test_deliveries_are_found_by_every_filter(
    quick_door: Door, key: str, sent: dict[str, Any], query: str, count: int
) -> None:
    answer = quick_door.get(PATH, key=key, query=query.format(**sent))

    assert answer.status_code == 200, answer.text
    assert len(answer.get_json()["data"]) == count


def test_pages_follow_one_another(quick_door: Door, key: str, sent: dict[str, Any]) -> None:
    first = quick_door.get(PATH, key=key, query="limit=1").get_json()
    second = quick_door.get(PATH, key=key, query=f"limit=1&cursor={first['next_cursor']}").get_json()

    assert first["data"][0]["id"] != second["data"][0]["id"] == sent["id"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "query", ["state=blocked", "state=", "outcome=no", "since=today", "page=1", "limit=0"]
)
def test_a_filter_that_is_none_is_refused(quick_door: Door, key: str, query: str) -> None:
    assert refusal(quick_door.get(PATH, key=key, query=query))[0] in (400, 422)


def test_one_is_shown_with_its_attempts_and_sent_again(
    quick_door: Door, key: str, sent: dict[str, Any], receiver: Recorder
) -> None:
    one = f"{PATH}/{sent['id']}"
    [attempt] = quick_door.get(f"{one}/attempts", key=key).get_json()["data"]
    assert (attempt["status"], attempt["trigger"], attempt["outcome"]) == (400, "schedule", "refused")
    assert attempt["retry_at"] == quick_door.get(one, key=key).get_json()["due_at"]

    told = quick_door.post(f"{one}/retry", key=key)
    quick_door.house.gateway.dispatch()

    assert (told.status_code, told.get_json()["state"]) == (200, "pending")
    assert quick_door.get(one, key=key).get_json()["state"] == "delivered"
    assert refusal(quick_door.post(f"{one}/cancel", key=key)) == (409, "delivery_state")


def test_a_message_is_shown_as_it_was_sent_and_replayed(
    quick_door: Door, key: str, sent: dict[str, Any], receiver: Recorder
) -> None:
    path = f"/v1/messages/{sent['message_id']}"
    message = quick_door.get(path, key=key).get_json()
    assert message["body"]["id"] == sent["message_id"]
    assert [one["id"] for one in message["deliveries"]] == [sent["id"]]
    listed = quick_door.get("/v1/messages", key=key, query="type=gift_card.issued").get_json()["data"]
    assert [one["id"] for one in listed] == [sent["message_id"]]

    before = len(receiver.requests)
    answer = quick_door.post(f"{path}/replay", key=key, body={"endpoints": [sent["endpoint_id"]]})
    quick_door.house.gateway.dispatch()

    assert answer.status_code == 200
    assert len(receiver.requests) == before + 1
    wrong = quick_door.post(f"{path}/replay", key=key, body={"to": []})
    assert set(wrong_fields(wrong)) == {"to"}
