"""What reviewers and thieves found once, each told again as it happened."""

import json
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from connector.domain.accounts import Actor
from connector.domain.clock import SystemClock
from connector.domain.codes import mask_made, new_code, spelled
from connector.domain.errors import ValidationFailed
from connector.flows import setup
from connector.flows.perform import Idempotency
from connector.operations.redeem import OPERATION as REDEEM
from connector.operations.redeem import Redeem
from connector.outside.http import Client
from tests.flows.making import a_house, a_recipe, an_order
from tests.kit.crowd import at_once
from tests.kit.house import BY_HAND, House, open_house
from tests.kit.receiver import Recorder

SHORT = timedelta(minutes=1)
TILL = a_recipe(
    "till",
    "custom.sale",
    ["redeem_card: {card: '${{ event.data.card }}', amount: 5.00 USD}"],
    given="data: {card: AAAA-BBBB}",
    steps="redeem_card: {amount: 5.00 USD, balance: 20.00 USD}",
)


def test_a_done_redemption_is_replayed_however_deep_its_card_is(house: House) -> None:
    deep: dict[str, object] = {"z": 1}
    for _ in range(30):
        deep = {"a": deep}
    card = house.issue(1000, metadata=deep)["id"]
    key = Idempotency("receipt 1", "POST", "/redeem", b"100")

    answers = [
        house.gateway.perform(house.account, BY_HAND, REDEEM, Redeem(card=card, amount=100), key)
        for _ in range(3)
    ]

    assert [(one.status, one.is_replayed) for one in answers] == [(200, False), (200, True), (200, True)]
    assert house.balance(card) == 900


def test_a_contact_with_endless_tags_keeps_a_card_that_can_be_spent(house: House, receiver: Recorder) -> None:
    house.gateway.create_endpoint(house.account, url=receiver.url)
    tags = [f"{number} " + "ж" * 90 for number in range(190)]
    house.tell(type="contact.updated", email="mia@example.com", tags=tags)
    card = house.issue(1000, contact={"email": "mia@example.com"}, note="x" * 2_000)["id"]

    house.redeem(card, 100)

    assert house.balance(card) == 900
    house.gateway.dispatch()
    [issued, redeemed] = [json.loads(one.body) for one in receiver.requests]
    for told in (issued, redeemed):
        assert told["data"]["shortened"] is True
        assert (told["data"]["contact"]["tags"], told["data"]["gift_card"]["id"]) == ([], card)


def test_an_event_from_the_future_does_not_freeze_a_contact(house: House) -> None:
    booking = {"booking_id": "b-1", "email": "mia@example.com"}
    house.tell(type="booking.completed", occurred_at="2099-01-01T00:00:00Z", first_name="Wrong", **booking)
    house.clock.forward(SHORT)

    house.tell(type="booking.cancelled", occurred_at="2026-11-20T15:00:01Z", first_name="Mia", **booking)

    [contact] = house.rows("contacts")
    assert contact["first_name"] == "Mia"
    assert house.snapshot("mia@example.com")["visits"] == 0


def test_a_code_that_a_till_sends_stands_nowhere_in_the_database(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, TILL) as house:
        card = house.issue(2500, code="SHOP CARD 4711 XY")
        made = house.issue(2500)

        answer = house.tell(type="sale", card="shop-card 4711-xy", note=made["code"], email="m@example.com")

        assert answer.body["runs"][0]["outcome"] == "done"
        assert house.balance(card["id"]) == 2000
        kept = house.everything()
        assert not spelled(card["code"]).search(kept)
        assert not spelled(made["code"]).search(kept)


def test_a_payment_cards_number_in_a_payload_is_kept_nowhere_in_clear(
    sqlite_url: str, tmp_path: Path
) -> None:
    """T69. The ids of orders look like one at times, and are kept."""
    step = "issue_card: {amount: 5.00 USD, note: 'for ${{ event.data.note }}'}"
    told = "send_webhook: {type: custom.told, data: {note: '${{ event.data.note }}'}}"
    given = "data: {note: words}"
    with a_house(tmp_path, sqlite_url, a_recipe("pays", do=(step, told), given=given)) as house:
        answer = house.tell(**an_order("4000056655665556"), note="my card 4242 4242 4242 4242")

        assert answer.body["runs"][0]["outcome"] == "done", answer.body
        [event] = house.rows("events")
        assert json.loads(event["envelope"])["data"]["note"] == "my card ****4242"
        assert json.loads(event["envelope"])["order"]["id"] == "4000056655665556"
        assert "4242 4242" not in house.everything()
        assert house.cards()[0]["note"] == "for my card ****4242"


def test_a_made_code_is_known_by_its_form_and_other_ids_are_left_alone() -> None:
    code = new_code(sandbox=True)
    text = f"card {code.lower()}, order 01M7XZJG5XHEMP4WJBDKA3319F, 3fa85f64-5717-4562-b3fc-2c963f66afa6"

    assert mask_made(text, "(hidden)") == text.replace(code.lower(), "(hidden)")


def test_many_processes_that_start_at_once_all_write_their_accounts(
    database_url: str, tmp_path: Path
) -> None:
    houses = [open_house(tmp_path, database_url, clock=SystemClock()) for _ in range(4)]
    account = setup.ConfiguredAccount("new-shop", "New", "USD", "UTC", "US", sandbox=True)
    source = setup.ConfiguredSource("new-shop", "zapier", "zapier", ["secret"])
    start = threading.Barrier(4)

    def begin(house: House) -> str:
        start.wait(10)
        setup.write(house.gateway.parts, [account], [source])
        return house.gateway.account("new-shop").public_id

    ended = at_once([partial(begin, house) for house in houses])

    assert len({one.value for one in ended}) == 1
    for house in houses:
        house.gateway.close()


def test_people_who_send_each_other_cards_at_once_wait_for_nobody(database_url: str, tmp_path: Path) -> None:
    to_friend = a_recipe(
        "friend",
        do=["issue_card: {amount: 5.00 USD, to: '${{ event.data.friend }}'}"],
        given="order: {id: o1}, data: {friend: a@example.com}",
    )
    with a_house(tmp_path, database_url, to_friend, clock=SystemClock()) as house:
        people = ("mia@example.com", "bob@example.com")
        for person in people:
            house.tell(**an_order("first", email=person, friend=person))
        start = threading.Barrier(2)

        def order(number: int, person: str, friend: str) -> str:
            start.wait(10)
            return str(house.tell(**an_order(f"o-{number}", email=person, friend=friend)).body["status"])

        for number in range(5):
            there = partial(order, 2 * number, *people)
            back = partial(order, 2 * number + 1, *people[::-1])
            assert [one.value for one in at_once([there, back])] == ["processed", "processed"]
        house.require_proof()


def test_a_hanging_receiver_delays_nobody_else(database_url: str, tmp_path: Path, receiver: Recorder) -> None:
    house = open_house(tmp_path, database_url, clock=SystemClock())
    with Recorder() as hanging:
        hanging.holds()
        house.gateway.create_endpoint(house.account, url=hanging.url, event_types=["gift_card.*"])
        house.gateway.start()
        for _ in range(40):
            house.issue(100)
        hanging.wait_for(1)
        house.gateway.create_endpoint(house.account, url=receiver.url, event_types=["gift_card.redeemed"])
        card = house.issue(100)["id"]

        house.gateway.perform(house.account, Actor("api"), REDEEM, Redeem(card=card, all=True))

        [told] = receiver.wait_for(1, timeout_s=5)
        assert json.loads(told.body)["type"] == "gift_card.redeemed"
        assert len(hanging.requests) == 1, "who has answered nothing yet has one in flight, not forty"
        hanging.let_go()
        house.gateway.stop()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_an_endpoint_that_is_ourselves_is_refused_on_a_network_that_was_named(
    host: str, receiver: Recorder
) -> None:
    client = Client(["127.0.0.0/8", "::1/128"], allow_http=True, own_port=receiver.port)
    url = f"http://{host}:{receiver.port}/"

    answer = client.post(url, b"{}", {})

    assert (answer.outcome, answer.detail) == ("refused_by_us", "our own")
    assert receiver.requests == []
    if host != "localhost":
        with pytest.raises(ValidationFailed):
            client.check(url)
    client.close()


def test_the_shipped_referral_rewards_a_referrer_whom_nobody_knew_and_never_oneself(
    database_url: str, tmp_path: Path
) -> None:
    text = (Path(__file__).parents[2] / "recipes" / "referral-reward.yaml").read_text()
    with a_house(tmp_path, database_url, text) as house:
        told = {"type": "referral.completed", "email": "new@example.com"}

        rewarded = house.tell(**told, referrer_email="ada@example.com").body["runs"]
        alone = house.tell(
            type="referral.completed", email="self@example.com", referrer_email="SELF@example.com"
        ).body["runs"]

        assert [run["outcome"] for run in (*rewarded, *alone)] == ["done", "not_matched"]
        [card] = house.cards()
        owners = {row["public_id"]: row["email"] for row in house.rows("contacts")}
        assert owners[card["contact_id"]] == "ada@example.com"
