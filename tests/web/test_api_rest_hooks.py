"""REST Hooks at the door, as Zapier and Make call them."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.kit.receiver import Recorder
from tests.web.door import Door, refusal, wrong_fields

PATH = "/v1/hooks"
EVENT = "gift_card.issued"


@pytest.fixture
def key(quick_door: Door) -> str:
    return quick_door.house.key("webhooks")


@pytest.mark.parametrize("name", ["target_url", "targetUrl", "url"])
def test_a_tool_subscribes_by_the_name_that_it_has_for_the_url(
    quick_door: Door, key: str, receiver: Recorder, name: str
) -> None:
    body = {name: receiver.url, "event": EVENT}

    made, again = (quick_door.post(PATH, key=key, body=body) for _ in range(2))

    assert (made.status_code, again.status_code) == (201, 200)
    assert set(made.get_json()) == {"id", "target_url", "event", "secret"}
    assert again.get_json() == {"id": made.get_json()["id"], "target_url": receiver.url, "event": EVENT}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"event": EVENT}, "target_url"),
        ({"target_url": "http://127.0.0.1:9999/x"}, "event"),
        ({"target_url": "http://127.0.0.1:9999/x", "event": "no.such"}, "event"),
        ({"target_url": "http://10.0.0.1/", "event": EVENT}, "target_url"),
        ({"target_url": "http://127.0.0.1:9999/x", "event": EVENT, "hook": 1}, "hook"),
    ],
)
def test_what_is_wrong_is_named(quick_door: Door, key: str, body: dict[str, Any], field: str) -> None:
    answer = quick_door.post(PATH, key=key, body=body)

    assert refusal(answer) == (422, "validation_failed")
    assert set(wrong_fields(answer)) == {field}


def test_unsubscribing_is_204_also_when_it_is_gone(quick_door: Door, key: str, receiver: Recorder) -> None:
    body = {"target_url": receiver.url, "event": EVENT}
    by_id = quick_door.post(PATH, key=key, body=body).get_json()["id"]
    answers = [quick_door.call("DELETE", f"{PATH}/{by_id}", key=key) for _ in range(2)]
    quick_door.post(PATH, key=key, body=body)
    pair = f"target_url={receiver.url}&event={EVENT}"
    answers += [quick_door.call("DELETE", PATH, key=key, query=pair) for _ in range(2)]

    assert [one.status_code for one in answers] == [204] * 4
    assert quick_door.get("/v1/webhook-endpoints", key=key).get_json()["data"] == []
    half = quick_door.call("DELETE", PATH, key=key, query=f"event={EVENT}")
    assert set(wrong_fields(half)) == {"target_url"}


def test_the_longest_url_that_is_subscribed_is_unsubscribed_by_its_url(
    quick_door: Door, key: str, receiver: Recorder
) -> None:
    url = f"{receiver.url}?x=".ljust(2_048, "x")
    assert quick_door.post(PATH, key=key, body={"target_url": url, "event": EVENT}).status_code == 201

    pair = f"target_url={quote(url, safe='')}&event={EVENT}"

    assert quick_door.call("DELETE", PATH, key=key, query=pair).status_code == 204
    assert quick_door.get("/v1/webhook-endpoints", key=key).get_json()["data"] == []


def test_samples_are_an_array_of_what_is_sent(quick_door: Door, key: str, receiver: Recorder) -> None:
    house = quick_door.house
    house.gateway.rest_hooks.subscribe(house.account, target_url=receiver.url, event=EVENT)
    [made_up] = quick_door.get(f"{PATH}/samples/{EVENT}", key=key).get_json()
    house.issue()
    house.gateway.dispatch()

    real = quick_door.get(f"{PATH}/samples/{EVENT}", key=key).get_json()

    assert real == [json.loads(one.body) for one in receiver.requests]
    assert set(made_up) == set(real[0])
    [custom] = quick_door.get(f"{PATH}/samples/custom.thanks", key=key).get_json()
    assert custom["type"] == "custom.thanks"
    assert refusal(quick_door.get(f"{PATH}/samples/gift_card.eaten", key=key)) == (404, "not_found")


def test_a_familys_samples_are_of_any_of_its_types(quick_door: Door, key: str, receiver: Recorder) -> None:
    house = quick_door.house
    house.gateway.rest_hooks.subscribe(house.account, target_url=receiver.url, event="gift_card.*")
    families = ("gift_card.*", "*", "recipe.*", "custom.*")
    made_up = [quick_door.get(f"{PATH}/samples/{one}", key=key).get_json() for one in families]
    card = house.issue()["id"]
    house.redeem(card, 100)

    real = quick_door.get(f"{PATH}/samples/gift_card.*", key=key).get_json()

    assert [len(one) for one in made_up] == [1] * 4
    assert [one["type"].split(".")[0] for [one] in made_up] == ["gift_card", "gift_card", "recipe", "custom"]
    assert [one["type"] for one in real] == ["gift_card.redeemed", "gift_card.issued"]
    assert len(quick_door.get(f"{PATH}/samples/recipe.*", key=key).get_json()) == 1
    for odd in ("gift_card*", "giftcard.*", "*.*", "gift_card.%"):
        assert refusal(quick_door.get(f"{PATH}/samples/{odd}", key=key)) == (404, "not_found")
