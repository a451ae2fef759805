"""Whole journeys: a card as the shop, the till and the subscriber see it; and what survives a restart."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from connector.domain.clock import SystemClock
from connector.domain.errors import CardExpired, InsufficientBalance
from connector.flows.perform import Idempotency
from connector.operations.redeem import OPERATION as REDEEM
from connector.operations.redeem import Redeem
from tests.flows.making import a_house, a_recipe, an_order
from tests.kit.crowd import at_once, until
from tests.kit.house import BY_HAND, House, open_house
from tests.kit.receiver import Recorder


def bodies(receiver: Recorder) -> list[dict[str, object]]:
    return [json.loads(one.body) for one in receiver.requests]


def test_a_cards_life_from_the_booking_to_the_last_cent(house: House, receiver: Recorder) -> None:
    """S004-22."""
    house.gateway.create_endpoint(house.account, url=receiver.url)
    answer = house.send("calendly", "booking.created")
    card = answer.body["runs"][0]["outputs"]["card"]

    house.redeem(card["code"].lower(), 1000, reference="receipt 1")
    with pytest.raises(InsufficientBalance, match="1500 USD available, 2000 asked"):
        house.redeem(card["id"], 2000)
    house.redeem(card["id"], all=True)

    house.gateway.dispatch()
    told = sorted(bodies(receiver), key=lambda body: str(body["sequence"]))
    assert [(one["sequence"], one["type"]) for one in told] == [
        (1, "gift_card.issued"),
        (2, "gift_card.redeemed"),
        (3, "gift_card.redeemed"),
        (4, "gift_card.depleted"),
    ]
    shown = house.gateway.card(house.account, card["id"])
    assert (shown["state"], shown["balance"], shown["source"]) == ("depleted", 0, "recipe")
    house.require_proof()


def test_a_card_of_a_recipe_ends_with_its_life(house: House) -> None:
    card = house.send("calendly", "booking.created").body["runs"][0]["outputs"]["card"]

    house.clock.forward(timedelta(days=366))

    with pytest.raises(CardExpired):
        house.redeem(card["id"], 100)
    assert house.gateway.card(house.account, card["id"])["state"] == "expired"


def test_a_till_that_lost_the_answer_asks_again_after_a_restart(database_url: str, tmp_path: Path) -> None:
    key = Idempotency("receipt 1", "POST", "/redeem", b"1000")
    house = open_house(tmp_path, database_url)
    card = house.issue(2500)["id"]
    house.gateway.perform(house.account, BY_HAND, REDEEM, Redeem(card=card, amount=1000), key)
    house.gateway.close()

    again = open_house(tmp_path, database_url)
    answer = again.gateway.perform(again.account, BY_HAND, REDEEM, Redeem(card=card, amount=1000), key)

    assert answer.is_replayed
    assert again.balance(card) == 1500
    again.require_proof()
    again.gateway.close()


def test_a_hundred_bookings_at_once_give_each_person_one_card_and_the_subscriber_each_message_once(
    database_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    house = open_house(tmp_path, database_url, clock=SystemClock())
    house.gateway.create_endpoint(house.account, url=receiver.url)
    house.gateway.start()
    requests = [
        house.told(
            delivery=f"msg_{person}_{telling}",
            type="booking.created",
            booking_id=f"b-{person}",
            email=f"p{person}@example.com",
        )
        for person in range(20)
        for telling in range(5)
    ]

    ended = at_once([lambda one=one: house.receive("standard", one).status for one in requests])  # type: ignore[misc]

    assert {one.value for one in ended} == {200}
    until(lambda: len(receiver.requests) >= 20)
    until(lambda: {row["state"] for row in house.rows("webhook_deliveries")} == {"delivered"})
    assert len(house.cards()) == 20
    assert len({one.header("webhook-id") for one in receiver.requests}) == len(receiver.requests) == 20
    house.require_proof()
    house.gateway.stop()


def test_one_card_cannot_be_spent_twice_by_many_tills(house: House) -> None:
    card = house.issue(1000)["id"]

    ended = at_once([lambda: house.redeem(card, 300).status] * 12)

    assert sum(one.is_done for one in ended) == 3
    assert all(isinstance(one.error, InsufficientBalance) for one in ended if not one.is_done)
    assert house.balance(card) == 100
    house.require_proof()


def test_what_failed_for_one_recipe_is_told_and_the_rest_goes_its_way(
    database_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    broken = a_recipe("broken", do=("issue_card: {to: ct_nobody, amount: 5.00 USD}",))
    with a_house(tmp_path, database_url, broken, a_recipe("whole")) as house:
        house.gateway.create_endpoint(house.account, url=receiver.url, event_types=["recipe.failed"])
        house.tell(**an_order())

        house.gateway.dispatch()

        [told] = bodies(receiver)
        assert told["type"] == "recipe.failed"
        assert len(house.cards()) == 1
