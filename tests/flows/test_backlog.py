"""Stored deliveries: run once each, later after a failure, parked after the last; one holds up no other."""

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.errors import NotUnderstood, OutcomeUnknown
from connector.flows.backlog import AT_ONCE, RETRY_AFTER
from connector.store.writer import DatabaseFault
from tests.flows.making import ISSUE, SPEND, a_house, a_recipe, an_order
from tests.kit.crowd import Crowd
from tests.kit.house import House, open_house
from tests.kit.pauses import Gate, Pauses

SPENDING = a_recipe("spending", do=(ISSUE, SPEND), once_per="event.order.id")
PLAIN = a_recipe("plain")
LATER = {"standard": {"adapter": "standard", "respond": "async"}}


def deliveries(house: House) -> list[tuple[str, int, bool]]:
    """Each delivery: its status, how often it was tried, whether it will be tried again."""
    return [
        (row["status"], row["tries"], row["due_at"] is not None) for row in house.rows("inbound_deliveries")
    ]


def fail() -> None:
    raise DatabaseFault("the disk is gone")


def test_what_fails_is_tried_again_later_and_then_parked(database_url: str, tmp_path: Path) -> None:
    pauses = Pauses()
    with a_house(tmp_path, database_url, SPENDING, sources=LATER, pause=pauses) as house:
        house.tell(**an_order())
        pauses.at("redeem.card_read", fail)

        for tries, waited in enumerate(RETRY_AFTER, start=1):
            assert house.gateway.run_backlog() == 0
            assert deliveries(house) == [("accepted", tries, True)]
            house.clock.forward(waited - timedelta(milliseconds=1))
            passed = pauses.passed["redeem.card_read"]
            house.gateway.run_backlog()
            assert pauses.passed["redeem.card_read"] == passed, "never before its time"
            house.clock.forward(timedelta(milliseconds=1))
        house.gateway.run_backlog()

        assert deliveries(house) == [("accepted", len(RETRY_AFTER) + 1, False)]
        assert house.cards() == house.rows("events") == []


def test_a_failure_that_passes_leaves_no_trace(database_url: str, tmp_path: Path) -> None:
    pauses = Pauses()
    with a_house(tmp_path, database_url, SPENDING, sources=LATER, pause=pauses) as house:
        house.tell(**an_order())
        pauses.at("redeem.card_read", fail)
        house.gateway.run_backlog()
        pauses.nowhere()

        house.clock.forward(RETRY_AFTER[0])
        assert house.gateway.run_backlog() == 1

        assert [card["balance"] for card in house.cards()] == [2000]
        house.require_proof()


def test_a_delivery_that_cannot_be_run_holds_up_no_other(database_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, database_url, PLAIN, sources=LATER) as house:
        for number in range(3):
            house.tell(**an_order(f"o-{number}", email=f"p{number}@example.com"))
        standard = house.gateway.parts.adapters["standard"]

        def read(verified: Any) -> Any:
            if b"o-0" in verified.request.body:
                raise NotUnderstood("not any more")
            if b"o-1" in verified.request.body:
                raise RuntimeError("a bug")
            return standard.read(verified)

        poisoned = {"standard": dataclasses.replace(standard, read=read)}
        house.gateway.parts = dataclasses.replace(house.gateway.parts, adapters=poisoned)

        assert house.gateway.run_backlog() == 1

        assert deliveries(house) == [("accepted", 1, True), ("accepted", 1, True), ("processed", 0, False)]


def test_an_adapter_that_is_gone_postpones_its_deliveries(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, PLAIN, sources=LATER) as house:
        house.tell(**an_order())
        house.gateway.parts = dataclasses.replace(house.gateway.parts, adapters={})

        assert house.gateway.run_backlog() == 0

        assert deliveries(house) == [("accepted", 1, True)]


def test_a_commit_of_which_nobody_knows_is_not_run_again(database_url: str, tmp_path: Path) -> None:
    pauses = Pauses()
    with a_house(tmp_path, database_url, PLAIN, sources=LATER, pause=pauses) as house:
        house.tell(**an_order())

        def lose_the_line() -> None:
            pauses.nowhere()
            raise OutcomeUnknown

        pauses.at("writer.after_commit", lose_the_line)
        house.gateway.run_backlog()

        house.clock.forward(timedelta(days=1))
        assert house.gateway.run_backlog() == 0
        assert deliveries(house) == [("processed", 0, False)]
        assert len(house.cards()) == 1


def test_two_workers_run_each_delivery_once(database_url: str, tmp_path: Path) -> None:
    pauses, gate = Pauses(), Gate()
    with a_house(tmp_path, database_url, SPENDING, sources=LATER, pause=pauses) as house:
        (tmp_path / "other").mkdir()
        other = open_house(
            tmp_path / "other", database_url, clock=house.clock, recipes={"spending": SPENDING}, sources=LATER
        )
        other.tell(**an_order())
        pauses.at("redeem.card_read", gate)
        first = Crowd([house.gateway.run_backlog])
        assert gate.reached.wait(10)

        if not house.gateway.parts.engines.is_sqlite:  # there the second waits for the first anyway
            assert other.gateway.run_backlog() == 0
        gate.open()

        assert [one.value for one in first.wait()] == [1]
        assert other.gateway.run_backlog() == 0
        assert len(house.cards()) == 1
        other.gateway.close()


def test_a_long_backlog_is_run_in_pieces_oldest_first(sqlite_url: str, tmp_path: Path) -> None:
    with a_house(tmp_path, sqlite_url, PLAIN, sources=LATER) as house:
        for number in range(AT_ONCE + 3):
            house.tell(**an_order(f"o-{number}"))

        assert house.gateway.run_backlog() == AT_ONCE
        assert [status for status, _, _ in deliveries(house)] == ["processed"] * AT_ONCE + ["accepted"] * 3
        assert house.gateway.run_backlog() == 3


def test_what_the_sender_left_out_counts_from_the_moment_of_receipt(
    database_url: str, tmp_path: Path
) -> None:
    with a_house(tmp_path, database_url, PLAIN, sources=LATER) as house:
        came_at = house.clock.now()
        house.tell(type="order.paid", email="mia@example.com", amount="5.00", currency="USD")
        house.clock.forward(timedelta(hours=3))

        house.gateway.run_backlog()

        [event] = house.rows("events")
        assert event["occurred_at"] == came_at


@pytest.mark.parametrize("header", ["webhook-signature", "authorization", "x-connector-secret", "cookie"])
def test_what_proved_the_sender_is_not_kept(shop: House, header: str) -> None:
    request = shop.told(type="booking.created", booking_id="b-1", email="mia@example.com")
    headers = {"authorization": "Bearer proof", "x-connector-secret": "proof", "cookie": "proof"}

    shop.receive("standard", dataclasses.replace(request, headers={**headers, **request.headers}))

    [kept] = shop.rows("inbound_deliveries")
    assert header not in kept["request"]["headers"]
    assert "content-type" in kept["request"]["headers"]
