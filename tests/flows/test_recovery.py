"""Recover: what is dead, and what was never made, arrives after all, each once, wherever it was stopped."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.domain.errors import NotFound, ValidationFailed
from connector.domain.retries import SCHEDULE
from connector.flows import recovery
from connector.store import endpoints, jobs, resending
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import make_sandbox
from tests.kit.house import BY_HAND, House
from tests.kit.receiver import Recorder, Reply

ISSUED = ["gift_card.issued"]


def recover(house: House, endpoint: str, since: datetime = THE_MOMENT, **span: Any) -> dict[str, Any]:
    return dict(house.gateway.webhooks.recover(house.account, BY_HAND, endpoint, since=since, **span).body)


def die(house: House) -> None:
    """Let the schedule of what is open be used up."""
    for waited in (*SCHEDULE, timedelta()):
        while house.gateway.dispatch():
            pass
        house.clock.forward(waited * 1.2)


def test_all_that_is_dead_arrives_with_a_fresh_schedule(house: House, receiver: Recorder) -> None:
    made = house.gateway.create_endpoint(house.account, url=receiver.url).body["id"]
    receiver.answers(*[500] * 40)
    cards = [house.issue(1000)["id"] for _ in range(3)]
    die(house)
    receiver.recovers()
    before = len(receiver.requests)

    job = recover(house, made)
    assert (job["kind"], job["state"], job["endpoint_id"]) == ("recover", "queued", made)
    house.gateway.run_jobs()
    house.gateway.webhooks.enable(house.account, made)
    house.gateway.dispatch()

    done = house.gateway.jobs.one(house.account, job["id"])
    assert (done["state"], done["done"]) == ("done", 3)
    arrived = receiver.requests[before:]
    told = [json.loads(one.body)["data"]["gift_card"]["id"] for one in arrived]
    assert sorted(told) == sorted(cards), "each once, side by side"
    assert len({one.header("webhook-id") for one in receiver.requests}) == 3
    assert {(row["state"], row["tries"]) for row in house.rows("webhook_deliveries")} == {("delivered", 1)}


def test_what_was_never_made_is_made_where_that_is_asked_for(house: House, receiver: Recorder) -> None:
    made = house.gateway.create_endpoint(house.account, url=receiver.url, event_types=["gift_card.issued"])
    endpoint = made.body["id"]
    receiver.answers(Reply(500, headers={"webhook-delivery": "disable"}))
    house.issue()
    house.gateway.dispatch()
    house.clock.forward(timedelta(minutes=1))
    card = house.issue()
    house.redeem(card["id"], 100)
    house.gateway.webhooks.enable(house.account, endpoint, "drop")

    recover(house, endpoint)
    house.gateway.run_jobs()
    assert house.gateway.dispatch() == 0
    job = recover(house, endpoint, missed=True)
    house.gateway.run_jobs()
    house.gateway.dispatch()

    assert house.gateway.jobs.one(house.account, job["id"])["done"] == 1, "the other type is not wanted"
    assert [json.loads(one.body)["data"]["gift_card"]["id"] for one in receiver.requests[1:]] == [card["id"]]


def test_a_span_ends_where_it_is_told_and_reaches_thirty_days(house: House, receiver: Recorder) -> None:
    made = house.gateway.create_endpoint(house.account, url=receiver.url).body["id"]
    now = house.clock.now()
    for wrong in (
        {"since": now - timedelta(days=31)},
        {"since": now, "until": now},
        {"since": now, "until": now - timedelta(days=1)},
    ):
        with pytest.raises(ValidationFailed):
            house.gateway.webhooks.recover(house.account, BY_HAND, made, **wrong)
    with pytest.raises(NotFound):
        house.gateway.webhooks.recover(house.other, BY_HAND, made, since=now)
    assert house.rows("jobs") == []


def test_it_goes_on_where_it_stopped_and_does_nothing_twice(house: House, receiver: Recorder) -> None:
    """One batch after another, each with its place in its own transaction."""
    made = house.gateway.create_endpoint(house.account, url=receiver.url, ordering="card").body["id"]
    receiver.answers(Reply(410))
    card = house.issue()
    for _ in range(4):
        house.redeem(card["id"], 100)
    house.gateway.dispatch()
    house.gateway.webhooks.enable(house.account, made)
    parts = house.gateway.parts
    since, until = THE_MOMENT, THE_MOMENT + timedelta(hours=1)

    def step(after: int) -> tuple[int, int]:
        def work(tx: Writing) -> tuple[int, int]:
            endpoint = endpoints.lock(tx, house.account.id, made)
            assert endpoint is not None
            return resending.revive(tx, endpoint, since, until, after, 2)

        return parts.writer.run(work)

    done, place = 0, 0
    while (looked := step(place))[0]:
        done, place = done + looked[0], looked[1]
    assert recovery.run_due(parts) == 0

    while house.gateway.dispatch():
        pass
    assert done == 5
    sequences = [json.loads(one.body)["sequence"] for one in receiver.requests[1:]]
    assert sequences == [1, 2, 3, 4, 5], "in order, where order is asked for"


def test_a_sandboxs_span_is_by_its_own_clock(shop: House, receiver: Recorder) -> None:
    make_sandbox(shop, timedelta(days=40))
    made = str(shop.gateway.create_endpoint(shop.account, url=receiver.url, event_types=ISSUED).body["id"])
    receiver.answers(Reply(500, headers={"webhook-delivery": "disable"}))
    since = THE_MOMENT + timedelta(days=39)
    shop.issue()
    shop.gateway.dispatch()
    shop.issue()  # nobody listens
    shop.gateway.webhooks.enable(shop.account, made, "drop")

    with pytest.raises(ValidationFailed):
        recover(shop, made, THE_MOMENT + timedelta(days=9))
    recover(shop, made, since, missed=True)
    shop.gateway.run_jobs()
    shop.gateway.dispatch()

    assert [row["state"] for row in shop.rows("webhook_deliveries")] == ["cancelled", "delivered"]


def test_what_died_in_a_sandbox_is_found_by_its_own_clock(shop: House, receiver: Recorder) -> None:
    make_sandbox(shop, timedelta(days=40))
    made = str(shop.gateway.create_endpoint(shop.account, url=receiver.url).body["id"])
    receiver.answers(Reply(500, headers={"webhook-delivery": "abort-message"}))
    shop.issue()
    shop.gateway.dispatch()

    recover(shop, made, THE_MOMENT + timedelta(days=39))
    shop.gateway.run_jobs()
    shop.gateway.dispatch()

    assert [row["state"] for row in shop.rows("webhook_deliveries")] == ["delivered"]


def test_a_job_with_a_fault_of_its_own_ends_and_stops_no_other(shop: House, receiver: Recorder) -> None:
    made = str(shop.gateway.create_endpoint(shop.account, url=receiver.url).body["id"])
    bad, good = (recover(shop, made)["id"] for _ in "ab")
    parts = shop.gateway.parts

    def spoil(tx: Writing) -> None:
        job = jobs.find(tx, shop.account.id, bad)
        assert job is not None
        jobs.keep_place(tx, parts.ring, job, '{"endpoint": 1}')

    parts.writer.run(spoil)
    shop.gateway.run_jobs()

    states = [shop.gateway.jobs.one(shop.account, one)["state"] for one in (bad, good)]
    assert states == ["cancelled", "done"]
    assert shop.gateway.jobs.one(shop.account, bad)["failed"] == 1
