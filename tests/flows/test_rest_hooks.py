"""REST Hooks: one URL, one event, one hook; and gone is gone."""

import json
from datetime import timedelta
from typing import Any

import pytest

from connector.domain.errors import NotFound, ValidationFailed
from tests.kit.house import House
from tests.kit.receiver import Recorder, Reply

EVENT = "gift_card.issued"


def test_a_hook_gets_its_event_until_it_is_unsubscribed(house: House, receiver: Recorder) -> None:
    hooks = house.gateway.rest_hooks
    made = hooks.subscribe(house.account, target_url=receiver.url, event=EVENT)
    again = hooks.subscribe(house.account, target_url=receiver.url, event=EVENT)
    card = house.issue()
    house.redeem(card["id"], 100)

    house.gateway.dispatch()
    for _ in range(2):
        hooks.unsubscribe(house.account, made.body["id"])
    house.issue()
    house.gateway.dispatch()

    assert (made.status, again.status) == (201, 200)
    assert made.body["secret"].startswith("whsec_")
    assert again.body == {name: made.body[name] for name in ("id", "target_url", "event")}
    assert [json.loads(one.body)["type"] for one in receiver.requests] == [EVENT]
    assert house.gateway.list_endpoints(house.account) == []


def test_a_hook_that_answers_410_is_unsubscribed(house: House, receiver: Recorder) -> None:
    house.gateway.rest_hooks.subscribe(house.account, target_url=receiver.url, event=EVENT)
    receiver.answers(410)
    house.issue()

    house.gateway.dispatch()

    assert house.gateway.list_endpoints(house.account) == []
    again = house.gateway.rest_hooks.subscribe(house.account, target_url=receiver.url, event=EVENT)
    assert again.status == 201


def test_a_pair_is_unsubscribed_by_what_it_was_subscribed_with(house: House, receiver: Recorder) -> None:
    hooks = house.gateway.rest_hooks
    hooks.subscribe(house.account, target_url=receiver.url, event=EVENT)
    kept = hooks.subscribe(house.account, target_url=receiver.url, event="gift_card.*").body["id"]
    by_hand = house.gateway.create_endpoint(house.account, url=receiver.url, event_types=[EVENT]).body["id"]

    for _ in range(2):
        hooks.unsubscribe_pair(house.account, receiver.url, EVENT)
    hooks.unsubscribe_pair(house.other, receiver.url, "gift_card.*")
    hooks.unsubscribe(house.account, by_hand)

    left = [one["id"] for one in house.gateway.list_endpoints(house.account)]
    assert left == [by_hand, kept], "an endpoint that a person made is no hook"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"event": "gift_card.isued"}, "event"),
        ({"target_url": "ftp://example.com"}, "target_url"),
        ({"target_url": "http://10.0.0.1/"}, "target_url"),
        ({"filter": {"x": ["y"]}}, "filter"),
    ],
)
def test_what_is_wrong_is_named_as_hooks_name_it(house: House, changed: dict[str, Any], field: str) -> None:
    given: dict[str, Any] = {"target_url": "http://127.0.0.1:9999/x", "event": EVENT, **changed}

    with pytest.raises(ValidationFailed) as refused:
        house.gateway.rest_hooks.subscribe(house.account, **given)

    assert [error.field for error in refused.value.errors] == [field]


def test_samples_are_real_bodies_newest_first(house: House, receiver: Recorder) -> None:
    assert house.gateway.rest_hooks.samples(house.account, EVENT) == []
    house.gateway.create_endpoint(house.account, url=receiver.url)
    cards = [house.issue()["id"] for _ in range(4)]
    house.gateway.dispatch()

    found = house.gateway.rest_hooks.samples(house.account, EVENT)

    assert [one["data"]["gift_card"]["id"] for one in found] == cards[:0:-1]
    assert json.loads(receiver.requests[-1].body) == found[0], "in the shape of what is sent"
    assert house.gateway.rest_hooks.samples(house.other, EVENT) == []
    with pytest.raises(NotFound):
        house.gateway.rest_hooks.samples(house.account, "gift_card.nothing")


def test_a_hook_that_was_switched_off_works_again_once_it_is_subscribed_again(
    house: House, receiver: Recorder
) -> None:
    hooks = house.gateway.rest_hooks
    made = hooks.subscribe(house.account, target_url=receiver.url, event=EVENT)
    receiver.answers(Reply(500, headers={"webhook-delivery": "disable"}))
    house.issue()
    house.gateway.dispatch()
    assert house.gateway.endpoint(house.account, made.body["id"])["status"] == "disabled"

    again = hooks.subscribe(house.account, target_url=receiver.url, event=EVENT)
    house.clock.forward(timedelta(minutes=1))
    house.issue()
    while house.gateway.dispatch():
        pass

    assert (again.status, again.body["id"]) == (200, made.body["id"])
    assert house.gateway.endpoint(house.account, made.body["id"])["status"] == "enabled"
    assert len([one for one in receiver.requests if one.method == "POST"]) == 3
    assert {row["state"] for row in house.rows("webhook_deliveries")} == {"delivered"}


def test_a_hook_that_was_switched_off_can_be_unsubscribed(shop: House, receiver: Recorder) -> None:
    made = shop.gateway.rest_hooks.subscribe(shop.account, target_url=receiver.url, event=EVENT)
    receiver.answers(Reply(500, headers={"webhook-delivery": "disable"}))
    shop.issue()
    shop.gateway.dispatch()

    shop.gateway.rest_hooks.unsubscribe(shop.account, made.body["id"])

    assert shop.gateway.list_endpoints(shop.account) == []
    shop.gateway.tick()
    assert [row["state"] for row in shop.rows("webhook_deliveries")] == ["cancelled"]
