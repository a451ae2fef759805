"""The main job, from a signed webhook to the signed message, through the gateway's own verbs."""

import json
from datetime import timedelta
from pathlib import Path

from standardwebhooks.webhooks import Webhook

from connector.domain.clock import SystemClock
from connector.domain.retries import SCHEDULE
from tests.kit.house import House, open_house
from tests.kit.receiver import Recorder


def test_a_signed_booking_issues_a_card_and_tells_the_subscriber(house: House, receiver: Recorder) -> None:
    house.gateway.create_endpoint(house.account, url=receiver.url)

    answer = house.send("calendly", "booking.created")

    assert (answer.status, answer.body["status"]) == (200, "processed")
    [run] = answer.body["runs"]
    assert run["outcome"] == "done"
    card = run["outputs"]["card"]
    assert house.balance(card["id"]) == 2500
    assert house.gateway.dispatch() == 1
    [told] = receiver.requests
    message = json.loads(told.body)
    assert message["type"] == "gift_card.issued"
    assert message["data"]["gift_card"]["id"] == card["id"]
    assert card["code"] not in told.body.decode()
    house.require_proof()


def test_an_independent_verifier_accepts_what_we_sent(
    database_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    """S004-39, S004-74."""
    house = open_house(tmp_path, database_url, clock=SystemClock())
    made = house.gateway.create_endpoint(house.account, url=receiver.url)
    house.issue()

    house.gateway.dispatch()

    [told] = receiver.requests
    verified = Webhook(made.body["secret"]).verify(told.body, dict(told.headers))
    assert verified["type"] == "gift_card.issued"
    house.gateway.close()


def test_the_same_delivery_again_is_a_duplicate_and_does_nothing(house: House, receiver: Recorder) -> None:
    house.gateway.create_endpoint(house.account, url=receiver.url)
    first = house.send("calendly", "booking.created")

    again = house.send("calendly", "booking.created")

    assert again.status == 200
    assert again.body == {**first.body, "status": "duplicate"}
    assert len(house.cards()) == 1
    assert house.gateway.dispatch() == 1


def test_another_person_gets_a_card_of_their_own(house: House) -> None:
    house.send("calendly", "booking.created")
    house.send("calendly", "booking.created", is_new=True)

    assert len(house.cards()) == 2
    house.require_proof()


def test_a_receiver_that_was_down_twice_gets_the_message_at_the_third_try(
    house: House, receiver: Recorder
) -> None:
    house.gateway.create_endpoint(house.account, url=receiver.url)
    receiver.answers(503, 503, 200)
    house.issue()

    for waited in SCHEDULE[:2]:
        assert house.gateway.dispatch() == 1
        assert house.gateway.dispatch() == 0, "nothing is sent before its time"
        house.clock.forward(waited * 1.2)
    assert house.gateway.dispatch() == 1

    first, second, third = receiver.requests
    assert first.body == second.body == third.body
    assert first.header("webhook-id") == third.header("webhook-id")
    assert first.header("webhook-timestamp") != third.header("webhook-timestamp")
    found = house.gateway.attempts(third.header("webhook-id"))
    assert [one["record"]["status"] for one in found] == [503, 503, 200]
    house.clock.forward(timedelta(days=3))
    assert house.gateway.dispatch() == 0
