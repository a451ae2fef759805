"""One attempt: every answer kept, the schedule held, and what it means for the endpoint and for others."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.endpoint_health import BREAKER_FAILURES, BREAKER_FIRST
from connector.domain.retries import SCHEDULE
from tests.kit.house import House, open_house
from tests.kit.receiver import Recorder, Reply


def states(house: House) -> list[str]:
    return [row["state"] for row in house.rows("webhook_deliveries")]


def outcomes(house: House) -> list[str]:
    return [row["record"]["outcome"] for row in house.rows("attempts")]


def told(receiver: Recorder) -> list[Any]:
    return [json.loads(one.body) for one in receiver.requests]


# What an answer makes of a delivery


def test_a_delivery_is_tried_by_the_schedule_and_then_dead(house: House, receiver: Recorder) -> None:
    """S004-40."""
    house.gateway.create_endpoint(house.account, url=receiver.url)
    receiver.answers(*[500] * 20)
    house.issue()

    for waited in SCHEDULE:
        assert house.gateway.dispatch() == 1
        house.clock.forward(waited - timedelta(milliseconds=1))
        assert house.gateway.dispatch() == 0, "never before its time"
        house.clock.forward(waited / 5)
    assert house.gateway.dispatch() == 1

    assert states(house) == ["dead"]
    assert house.rows("webhook_deliveries")[0]["reason"] == "schedule_used_up"
    assert outcomes(house) == ["failed"] * (len(SCHEDULE) + 1)
    assert [row["number"] for row in house.rows("attempts")] == list(range(1, len(SCHEDULE) + 2))
    house.clock.forward(timedelta(days=30))
    assert house.gateway.dispatch() == 0


@pytest.mark.parametrize(
    ("told", "waited"),
    [("120", timedelta(seconds=120)), ("1", SCHEDULE[0]), ("-5", SCHEDULE[0]), ("999999", timedelta(days=1))],
)
def test_retry_after_lengthens_the_schedule_and_never_shortens_it(
    sqlite_url: str, tmp_path: Path, receiver: Recorder, told: str, waited: timedelta
) -> None:
    house = open_house(tmp_path, sqlite_url)
    house.gateway.create_endpoint(house.account, url=receiver.url)
    receiver.answers(Reply(503, headers={"retry-after": told}))
    house.issue()
    house.gateway.dispatch()

    house.clock.forward(waited - timedelta(seconds=1))
    assert house.gateway.dispatch() == 0
    house.clock.forward(waited / 5 + timedelta(seconds=1))
    assert house.gateway.dispatch() == 1

    assert states(house) == ["delivered"]
    house.gateway.close()


def test_410_switches_the_endpoint_off_and_ends_what_was_open(house: House, receiver: Recorder) -> None:
    made = house.gateway.create_endpoint(house.account, url=receiver.url)
    with Recorder() as other:
        house.gateway.create_endpoint(house.account, url=other.url)
        receiver.answers(500, 410)
        house.issue()
        house.gateway.dispatch()
        house.issue()

        house.clock.forward(timedelta(seconds=1))
        house.gateway.dispatch()

        found = house.gateway.endpoint(house.account, made.body["id"])
        assert (found["status"], found["disabled_reason"]) == ("disabled", "gone")
        ours = [row for row in house.rows("webhook_deliveries") if row["endpoint_id"] == 1]
        assert [(row["state"], row["reason"]) for row in ours] == [("dead", "gone")] * 2
        house.issue()
        house.clock.forward(timedelta(days=2))
        house.gateway.dispatch()
        assert len(receiver.requests) == 2
        told = [json.loads(one.body)["type"] for one in other.requests]
        assert told == ["gift_card.issued"] * 2 + ["endpoint.disabled", "gift_card.issued"]


def test_an_endpoint_that_asks_to_be_switched_off_keeps_what_is_open(
    house: House, receiver: Recorder
) -> None:
    made = house.gateway.create_endpoint(house.account, url=receiver.url)
    receiver.answers(Reply(500, headers={"webhook-delivery": "disable"}))
    house.issue()

    house.gateway.dispatch()

    found = house.gateway.endpoint(house.account, made.body["id"])
    assert (found["status"], found["disabled_reason"]) == ("disabled", "receiver")
    assert states(house) == ["retrying"]
    house.clock.forward(timedelta(days=2))
    assert house.gateway.dispatch() == 0


def test_every_attempt_is_kept_with_what_was_answered(house: House, receiver: Recorder) -> None:
    """S004-41."""
    house.gateway.create_endpoint(house.account, url=receiver.url)
    receiver.answers(Reply(418, body=b"short and \x00 stout" + b"x" * 5000))
    house.issue()

    house.gateway.dispatch()

    [attempt] = house.rows("attempts")
    record = attempt["record"]
    assert (record["status"], record["outcome"], record["error"]) == (418, "refused", "http_418")
    assert record["answer"].startswith("short and \ufffd stout")
    assert (len(record["answer"]), record["answer_cut"]) == (4096, True)
    assert record["url"] == receiver.url
    assert attempt["started_at"] == house.clock.now()
    assert record["retry_at"].endswith("Z"), "as every moment of ours"


# An endpoint of which we cannot open the secret


def test_an_endpoint_without_a_readable_secret_holds_up_no_other(
    database_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    old = open_house(tmp_path, database_url, keys=(b"o" * 32,))
    with Recorder() as unlucky:
        old.gateway.create_endpoint(old.account, url=unlucky.url)
        old.gateway.close()
        house = open_house(tmp_path, database_url, keys=(b"n" * 32,))
        house.gateway.create_endpoint(house.account, url=receiver.url)
        house.issue()

        assert house.gateway.dispatch() == 2

        assert unlucky.requests == []
        assert len(receiver.requests) == 1
        assert sorted(states(house)) == ["delivered", "retrying"]
        assert sorted(outcomes(house)) == ["delivered", "internal"]
        house.gateway.close()


# What it means for the endpoint


def test_an_endpoint_that_only_failed_for_five_days_is_switched_off_and_the_others_are_told(
    house: House, receiver: Recorder
) -> None:
    made = house.gateway.create_endpoint(house.account, url=receiver.url)
    receiver.answers(*[500] * 200)
    for _ in range(6):
        house.issue()
        house.gateway.dispatch()
        house.clock.forward(timedelta(hours=6))
    house.clock.forward(timedelta(days=4))
    with Recorder() as other:
        house.gateway.create_endpoint(house.account, url=other.url, event_types=["endpoint.disabled"])

        for _ in range(8):
            house.gateway.dispatch()
            house.clock.forward(timedelta(hours=6))

        found = house.gateway.endpoint(house.account, made.body["id"])
        assert (found["status"], found["disabled_reason"]) == ("disabled", "failing")
        [message] = told(other)
        about = message["data"]["endpoint"]
        assert (about["id"], about["host"], about["reason"]) == (made.body["id"], "127.0.0.1", "failing")
        assert about["failing_since"] == "2026-11-20T15:00:00Z"
        assert about["open_deliveries"] > 0
    count = len(receiver.requests)
    house.issue()
    house.clock.forward(timedelta(days=2))
    house.gateway.dispatch()
    assert len(receiver.requests) == count


def test_the_breaker_holds_everything_back_and_uses_up_no_attempt(
    sqlite_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    house = open_house(tmp_path, sqlite_url)
    house.gateway.create_endpoint(house.account, url=receiver.url)
    receiver.answers(*[500] * (BREAKER_FAILURES + 1))
    for _ in range(BREAKER_FAILURES + 5):
        house.issue(1000)

    house.gateway.dispatch()
    assert len(receiver.requests) == BREAKER_FAILURES
    house.clock.forward(BREAKER_FIRST - timedelta(seconds=1))
    assert house.gateway.dispatch() == 0

    house.clock.forward(timedelta(seconds=10))
    assert house.gateway.dispatch() == 1, "one probe"
    assert states(house).count("pending") == 4, "the oldest that is due"
    house.clock.forward(BREAKER_FIRST * 3)
    house.gateway.dispatch()

    assert set(states(house)) == {"delivered"}
    assert max(row["tries"] for row in house.rows("webhook_deliveries")) == 2
    house.gateway.close()


def test_an_endpoint_that_asks_for_time_gets_nothing_at_all_until_then(
    sqlite_url: str, tmp_path: Path, receiver: Recorder
) -> None:
    house = open_house(tmp_path, sqlite_url)
    house.gateway.create_endpoint(house.account, url=receiver.url)
    receiver.answers(Reply(429, headers={"retry-after": "120"}))
    house.issue()
    house.gateway.dispatch()
    house.issue()

    house.clock.forward(timedelta(seconds=119))
    assert house.gateway.dispatch() == 0
    house.clock.forward(timedelta(seconds=1))
    house.gateway.dispatch()

    assert len(receiver.requests) == 2, "what is due by the schedule goes; the refused one has its jitter"
    house.gateway.close()


def test_what_cannot_be_reached_while_our_own_line_is_down_is_not_charged(
    sqlite_url: str, tmp_path: Path
) -> None:
    house = open_house(tmp_path, sqlite_url)
    for number in range(8):
        house.gateway.create_endpoint(house.account, url=f"http://no-{number}.invalid/hook")
    house.issue()

    house.gateway.dispatch()

    tries = [row["tries"] for row in house.rows("webhook_deliveries")]
    charged = [row["record"].get("is_counted", True) for row in house.rows("attempts")]
    assert tries.count(1) == charged.count(True) == 5, "until five hosts said so"
    assert {row["state"] for row in house.rows("webhook_deliveries")} == {"retrying", "pending"}
    house.gateway.close()
