"""A ping is sent at once, whatever the endpoint's status, and says what to look at."""

import json
from datetime import timedelta

import pytest

from connector.domain.errors import NotFound
from tests.flows.test_subscribe import require_signed
from tests.kit.house import House
from tests.kit.receiver import Recorder


def test_a_ping_is_signed_and_answered_with_the_attempt(house: House, receiver: Recorder) -> None:
    made = house.gateway.create_endpoint(house.account, url=receiver.url, event_types=["gift_card.*"]).body
    house.gateway.webhooks.pause(house.account, made["id"])

    told = house.gateway.webhooks.ping(house.account, made["id"])

    [sent] = receiver.requests
    assert (told["status"], told["outcome"], told["trigger"]) == (200, "delivered", "ping")
    assert told["hint"] is None
    body = json.loads(sent.body)
    assert (body["type"], body["id"], body["account"]) == ("ping", told["message_id"], "glow-spa")
    require_signed(sent, made["secret"])


def test_a_ping_is_never_kept_counted_or_tried_again(house: House, receiver: Recorder) -> None:
    made = house.gateway.create_endpoint(house.account, url=receiver.url).body
    receiver.answers(*[401] * 3)

    hints = {house.gateway.webhooks.ping(house.account, made["id"])["hint"] for _ in range(3)}

    [hint] = hints
    assert hint.startswith("The receiver refused our credentials")
    house.clock.forward(timedelta(days=1))
    assert house.gateway.dispatch() == 0
    assert house.rows("messages") == house.rows("attempts") == []
    assert house.gateway.endpoint(house.account, made["id"])["failing_since"] is None


def test_who_cannot_be_reached_is_told_why(house: House) -> None:
    made = house.gateway.create_endpoint(house.account, url="http://127.0.0.1:1024/hook").body

    told = house.gateway.webhooks.ping(house.account, made["id"])

    assert (told["status"], told["error"]) == (None, "connect_refused")
    assert "host" in str(told["hint"])
    with pytest.raises(NotFound):
        house.gateway.webhooks.ping(house.other, made["id"])
