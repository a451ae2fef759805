"""Messages and deliveries by hand: retried, cancelled, replayed, with the same id and the same bytes."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from connector.domain.errors import DeliveryState, MessageGone, NotFound
from connector.domain.retries import SCHEDULE
from connector.store import pruning, resending
from connector.store.leases import lease
from connector.store.tables import messages
from connector.store.turns import Slots
from connector.store.writer import Writing
from tests.kit.crowd import Crowd, until
from tests.kit.house import BY_HAND, House
from tests.kit.pauses import Gate
from tests.kit.receiver import Recorder


def listen(house: House, receiver: Recorder, **fields: Any) -> str:
    return str(house.gateway.create_endpoint(house.account, url=receiver.url, **fields).body["id"])


def newest(house: House, **asked: Any) -> dict[str, Any]:
    return dict(house.gateway.webhooks.page(house.account, asked).data[0])


def forget_bodies(house: House) -> None:
    house.gateway.parts.writer.run(lambda tx: tx.execute(update(messages).values(body=b"")) and None)


def test_a_retry_of_what_was_delivered_has_the_same_id_and_bytes(house: House, receiver: Recorder) -> None:
    listen(house, receiver)
    house.issue()
    house.gateway.dispatch()
    delivery = newest(house)
    house.clock.forward(timedelta(hours=1))

    told = house.gateway.webhooks.retry(house.account, BY_HAND, delivery["id"]).body
    assert (told["state"], told["due_at"] is not None) == ("pending", True)
    house.gateway.dispatch()

    first, second = receiver.requests
    assert (first.header("webhook-id"), first.body) == (second.header("webhook-id"), second.body)
    assert first.header("webhook-timestamp") != second.header("webhook-timestamp")
    attempts = house.gateway.webhooks.attempts(house.account, delivery["id"])["data"]
    assert [(one["number"], one["trigger"]) for one in attempts] == [(1, "schedule"), (2, "hand")]
    assert newest(house)["state"] == "delivered"


def test_a_retry_that_fails_leaves_the_schedule_as_it_was(house: House, receiver: Recorder) -> None:
    listen(house, receiver)
    receiver.answers(*[500] * 3)
    house.issue()
    house.gateway.dispatch()
    house.clock.forward(SCHEDULE[0] * 1.2)
    house.gateway.dispatch()
    planned = newest(house)["due_at"]

    house.gateway.webhooks.retry(house.account, BY_HAND, newest(house)["id"])
    house.gateway.dispatch()

    found = newest(house)
    assert (found["state"], found["due_at"], found["attempts"]) == ("retrying", planned, 3)
    house.clock.forward(SCHEDULE[1] * 1.2)
    house.gateway.dispatch()
    assert newest(house)["state"] == "delivered"


def test_a_dead_one_that_is_sent_by_hand_lives_or_is_dead_again(house: House, receiver: Recorder) -> None:
    listen(house, receiver)
    receiver.answers(*[500] * (len(SCHEDULE) + 2))
    house.issue()
    for waited in (*SCHEDULE, timedelta()):
        house.gateway.dispatch()
        house.clock.forward(waited * 1.2)
    assert newest(house)["state"] == "dead"

    for state in ("dead", "delivered"):
        house.gateway.webhooks.retry(house.account, BY_HAND, newest(house)["id"])
        house.gateway.dispatch()
        assert newest(house)["state"] == state


def test_what_is_being_sent_cannot_be_sent_at_once_again(house: House, receiver: Recorder) -> None:
    listen(house, receiver)
    house.issue()
    now = house.clock.now()
    held_for, slots = timedelta(seconds=45), Slots(1)
    house.gateway.parts.writer.run(lambda tx: lease(tx, now=now, lease_for=held_for, slots=slots))

    with pytest.raises(DeliveryState):
        house.gateway.webhooks.retry(house.account, BY_HAND, newest(house)["id"])

    with pytest.raises(DeliveryState, match="its answer decides"):
        house.gateway.webhooks.cancel(house.account, BY_HAND, newest(house)["id"])
    assert newest(house)["state"] == "sending"


def test_what_is_cancelled_is_cancelled_once(shop: House, receiver: Recorder) -> None:
    listen(shop, receiver)
    shop.issue()

    cancelled = shop.gateway.webhooks.cancel(shop.account, BY_HAND, newest(shop)["id"]).body

    assert (cancelled["state"], cancelled["reason"]) == ("cancelled", "by_hand")
    with pytest.raises(DeliveryState):
        shop.gateway.webhooks.cancel(shop.account, BY_HAND, newest(shop)["id"])


def test_cancelling_the_first_of_a_card_lets_the_next_go(house: House, receiver: Recorder) -> None:
    listen(house, receiver, ordering="card")
    card = house.issue()
    house.redeem(card["id"], 100)
    [second, first] = house.gateway.webhooks.page(house.account, {"gift_card_id": card["id"]}).data
    assert second["waiting_for"] == "order"

    house.gateway.webhooks.cancel(house.account, BY_HAND, first["id"])
    house.gateway.dispatch()

    assert [json.loads(one.body)["sequence"] for one in receiver.requests] == [2], "the gap shows"


def test_a_message_goes_again_to_whom_it_is_told_or_to_all_that_want_it_now(
    house: House, receiver: Recorder
) -> None:
    listen(house, receiver)
    house.issue()
    house.gateway.dispatch()
    [message] = house.gateway.webhooks.messages(house.account, {}).data
    with Recorder() as late, Recorder() as stranger:
        newcomer = listen(house, late)
        listen(house, stranger, event_types=["gift_card.redeemed"])
        replay = house.gateway.webhooks.replay

        replay(house.account, BY_HAND, message["id"], [newcomer])
        house.gateway.dispatch()
        assert (len(receiver.requests), len(late.requests)) == (1, 1)
        told = replay(house.account, BY_HAND, message["id"]).body
        house.gateway.dispatch()

        assert (len(receiver.requests), len(late.requests), len(stranger.requests)) == (2, 2, 0)
        assert len({one.body for one in (*receiver.requests, *late.requests)}) == 1
        assert len(told["deliveries"]) == 2
    with pytest.raises(NotFound):
        house.gateway.webhooks.replay(house.account, BY_HAND, message["id"], ["we_" + "0" * 26])
    with pytest.raises(NotFound):
        house.gateway.webhooks.replay(house.other, BY_HAND, message["id"])


def test_what_has_no_body_any_more_is_not_sent_again(house: House, receiver: Recorder) -> None:
    listen(house, receiver)
    house.issue()
    house.gateway.dispatch()
    forget_bodies(house)
    message = house.gateway.webhooks.messages(house.account, {}).data[0]["id"]

    with pytest.raises(MessageGone):
        house.gateway.webhooks.retry(house.account, BY_HAND, newest(house)["id"])
    with pytest.raises(MessageGone):
        house.gateway.webhooks.replay(house.account, BY_HAND, message)
    assert house.gateway.webhooks.message(house.account, message)["body"] is None


def test_lists_name_nothing_of_another_account(house: House, receiver: Recorder) -> None:
    endpoint = listen(house, receiver)
    card = house.issue()
    message = house.gateway.webhooks.messages(house.account, {}).data[0]["id"]

    for asked in ({}, {"endpoint_id": endpoint}, {"message_id": message}, {"gift_card_id": card["id"]}):
        assert house.gateway.webhooks.page(house.other, asked).data == []
        assert len(house.gateway.webhooks.page(house.account, asked).data) == 1
    with pytest.raises(NotFound):
        house.gateway.webhooks.message(house.other, message)
    with pytest.raises(NotFound):
        house.gateway.webhooks.attempts(house.other, newest(house)["id"])


def test_a_body_that_a_person_was_erased_from_is_never_sent_again(house: House, receiver: Recorder) -> None:
    """One id never stands over two bodies: not by retry or replay, not by recover, not for who missed it."""
    endpoint = listen(house, receiver)
    house.tell(type="contact.created", email="mia@example.com")
    [mia] = house.gateway.people.page(house.account, {}).data
    house.issue(contact_id=mia["id"])
    house.gateway.dispatch()
    told = house.gateway.webhooks
    delivery = newest(house, type="gift_card.issued")

    house.gateway.people.erase(house.account, BY_HAND, mia["id"])
    house.gateway.dispatch()

    late = listen(house, receiver)
    with pytest.raises(MessageGone):
        told.retry(house.account, BY_HAND, delivery["id"])
    for to in (None, [late]):
        with pytest.raises(MessageGone):
            told.replay(house.account, BY_HAND, delivery["message_id"], to)
    a_day_ago = house.clock.now() - timedelta(days=1)
    for one in (endpoint, late):
        told.recover(house.account, BY_HAND, one, since=a_day_ago, missed=True)
    house.gateway.run_jobs()
    house.gateway.dispatch()
    issued = [one for one in receiver.requests if json.loads(one.body)["type"] == "gift_card.issued"]
    assert len(issued) == 1


def test_a_body_stays_while_somebody_sends_it_again(house: House, receiver: Recorder) -> None:
    """Between the question whether there is a body and the commit, nobody takes it away."""
    listen(house, receiver)
    house.tell(type="contact.created", email="mia@example.com")
    [mia] = house.gateway.people.page(house.account, {}).data
    house.issue(contact_id=mia["id"])
    house.gateway.dispatch()
    parts, asked = house.gateway.parts, Gate()
    is_alone = parts.engines.is_sqlite  # one writer: whoever comes second waits by itself
    number = house.rows("webhook_deliveries")[0]["id"]

    def again(tx: Writing) -> None:
        state = resending.lock(tx, number)
        assert state.has_body
        if not is_alone:
            asked()
        resending.again(tx, state, resending.HAND)

    sending = Crowd([lambda: parts.writer.run(again)])
    assert is_alone or asked.reached.wait(10)
    if is_alone:
        sending.wait()
    erasing = Crowd([lambda: house.gateway.people.erase(house.account, BY_HAND, mia["id"])])
    until(lambda: is_alone or somebody_waits(house))
    assert parts.writer.run(lambda tx: pruning.forget_bodies(tx, a_year_on(house), 9)) == 0
    asked.open()
    sending.wait()
    erasing.wait()
    house.gateway.dispatch()

    issued = house.rows("messages", type="gift_card.issued")
    assert [(bool(row["body"]), row["erased_at"]) for row in issued] == [(True, None)]
    sent = [one.body for one in receiver.requests if json.loads(one.body)["type"] == "gift_card.issued"]
    assert (len(sent), len({*sent})) == (2, 1)


def somebody_waits(house: House) -> bool:
    """Whether a session of PostgreSQL waits for a row of this database."""
    asked = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with house.gateway.parts.engines.reading() as connection:
        return bool(connection.execute(asked).scalar_one())


def a_year_on(house: House) -> datetime:
    now: datetime = house.clock.now()
    return now + timedelta(days=365)


def test_what_waits_behind_another_or_was_cancelled_is_not_retried(shop: House, receiver: Recorder) -> None:
    listen(shop, receiver, ordering="card")
    card = shop.issue()
    shop.redeem(card["id"], 100)
    [second, first] = shop.gateway.webhooks.page(shop.account, {"gift_card_id": card["id"]}).data
    told = shop.gateway.webhooks

    with pytest.raises(DeliveryState, match="waits for an earlier one"):
        told.retry(shop.account, BY_HAND, second["id"])
    told.cancel(shop.account, BY_HAND, first["id"])
    with pytest.raises(DeliveryState, match="was cancelled"):
        told.retry(shop.account, BY_HAND, first["id"])

    assert shop.gateway.dispatch() == 1
    assert [row["state"] for row in shop.rows("webhook_deliveries")] == ["cancelled", "delivered"]
