"""What a webhook leaves out is asked of the platform's own API, by a worker, before the recipes run."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from connector.domain.errors import NotUnderstood
from connector.domain.inbound import Request
from connector.flows.receive import Received
from tests.kit.house import BY_HAND, House, open_house
from tests.kit.platform import Platform, acuity_appointment
from tests.kit.receiver import Reply

from .bookings import VISITED

CREDENTIAL: Final = "4711:glow-api-key"
ADA: Final = "ada@example.com"


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform() as running:
        yield running


@pytest.fixture
def spa(database_url: str, tmp_path: Path, platform: Platform) -> Iterator[House]:
    """A gateway whose Acuity source has a credential, and whose recipe gives a card for every visit."""
    api = {"adapter": "acuity", "credential": CREDENTIAL, "options": {"api_url": platform.url}}
    house = open_house(tmp_path, database_url, recipes={"visited": VISITED}, sources={"acuity": api})
    yield house
    house.gateway.close()


def tell(house: House, action: str, number: str = "123") -> Received:
    body = f"action={action}&id={number}&calendarID=1".encode()
    request = house.signed("acuity", "booking.created", body=body)
    form = {**request.headers, "content-type": "application/x-www-form-urlencoded"}
    return house.receive("acuity", Request("POST", request.url, form, body, "192.0.2.7", house.clock.now()))


def envelopes(house: House) -> list[dict[str, Any]]:
    return [json.loads(row["envelope"]) for row in house.rows("events")]


def test_an_appointment_is_completed_by_the_platforms_api(spa: House, platform: Platform) -> None:
    platform.holds_at("/appointments/123", acuity_appointment("123"))

    answer = tell(spa, "scheduled")
    assert (answer.status, answer.body["status"], spa.rows("events")) == (202, "accepted", [])
    spa.gateway.run_backlog()

    [event] = envelopes(spa)
    assert event["type"] == "booking.created"
    assert event["contact"]["email"] == ADA
    assert event["booking"] == {
        "id": "123",
        "status": "created",
        "service": "Hot stone massage",
        "starts_at": "2026-11-20T17:00:00Z",
        "ends_at": "2026-11-20T18:00:00Z",
        "price": {"amount": "80.00", "currency": "USD"},
    }
    [asked] = platform.requests
    assert asked.header("authorization") == "Basic NDcxMTpnbG93LWFwaS1rZXk="
    assert CREDENTIAL not in spa.everything()


def test_its_end_which_was_looked_up_completes_the_visit(spa: House, platform: Platform) -> None:
    platform.holds_at("/appointments/123", acuity_appointment("123"))
    tell(spa, "scheduled")
    spa.gateway.run_backlog()
    spa.clock.forward(timedelta(hours=4))

    spa.gateway.tick()

    assert [event["type"] for event in envelopes(spa)] == ["booking.created", "booking.completed"]
    assert (spa.snapshot(ADA)["visits"], len(spa.cards())) == (1, 1)


@pytest.mark.parametrize("status", [500, 401, 404, 429])
def test_where_it_does_not_say_it_is_asked_again_later(spa: House, platform: Platform, status: int) -> None:
    platform.holds_at("/appointments/123", acuity_appointment("123"))
    platform.answers(status)
    tell(spa, "scheduled")

    spa.gateway.run_backlog()
    [kept] = spa.rows("inbound_deliveries")
    assert (kept["status"], kept["tries"]) == ("accepted", 1)
    assert kept["reason"] == f"Acuity Scheduling answered {status}."
    assert spa.rows("events") == []
    spa.clock.forward(timedelta(minutes=1))
    spa.gateway.run_backlog()

    assert len(spa.rows("events")) == 1
    assert len(platform.requests) == 2


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"datetime": "soon"}', b"{" + b" " * 70_000 + b"}"])
def test_an_answer_that_is_none_is_no_appointment(spa: House, platform: Platform, body: bytes) -> None:
    platform.holds_at("/appointments/123", body)
    tell(spa, "scheduled")

    spa.gateway.run_backlog()

    [kept] = spa.rows("inbound_deliveries")
    assert (kept["status"], kept["tries"], spa.rows("events")) == ("accepted", 1, [])


def test_what_was_given_up_is_asked_again_by_hand(spa: House, platform: Platform) -> None:
    platform.answers(*[500] * 5)
    delivery = tell(spa, "scheduled").body["delivery_id"]
    for _ in range(5):
        spa.gateway.run_backlog()
        spa.clock.forward(timedelta(hours=1))
    [kept] = spa.rows("inbound_deliveries")
    assert kept["due_at"] is None
    platform.holds_at("/appointments/123", acuity_appointment("123"))

    spa.gateway.inbound.replay(spa.account, BY_HAND, delivery)

    assert [event["contact"]["email"] for event in envelopes(spa)] == [ADA]


@pytest.mark.parametrize("is_late", [False, True])
def test_a_cancellation_that_nobody_can_look_up_ends_the_wait_all_the_same(
    spa: House, platform: Platform, is_late: bool
) -> None:
    """Also where the booking's own look-up comes back only after the cancellation's was given up."""
    told = Reply(200, json.dumps(acuity_appointment("123")).encode())
    replies: list[int | Reply] = [500, 500, told] if is_late else [told, 500]
    platform.answers(*replies, *[500] * 4)
    tell(spa, "scheduled")
    spa.gateway.run_backlog()
    tell(spa, "canceled")
    assert spa.rows("awaited_completions") == []
    for _ in range(5):
        spa.gateway.run_backlog()
        spa.clock.forward(timedelta(hours=1))

    spa.gateway.tick()

    assert [kept["status"] for kept in spa.rows("inbound_deliveries")] == ["ignored", "accepted"]
    assert [event["type"] for event in envelopes(spa)] == ["booking.created"]
    assert (spa.cards(), spa.rows("awaited_completions")) == ([], [])


def test_a_rescheduling_that_comes_late_revives_no_canceled_appointment(
    spa: House, platform: Platform
) -> None:
    for action, canceled in (("scheduled", False), ("canceled", True), ("rescheduled", True)):
        platform.holds_at("/appointments/123", acuity_appointment("123", canceled=canceled))
        tell(spa, action)
        spa.gateway.run_backlog()
        spa.clock.forward(timedelta(minutes=1))
    spa.clock.forward(timedelta(hours=4))

    spa.gateway.tick()

    assert [event["type"] for event in envelopes(spa)] == ["booking.created", "booking.cancelled"]
    assert (spa.cards(), spa.rows("awaited_completions")) == ([], [])


def test_what_is_told_of_a_booking_after_its_cancellation_was_run_counts_again(
    spa: House, platform: Platform
) -> None:
    platform.holds_at("/appointments/123", acuity_appointment("123"))
    for action in ("scheduled", "canceled", "rescheduled"):
        tell(spa, action)
        spa.gateway.run_backlog()
        spa.clock.forward(timedelta(minutes=1))
    assert len(spa.rows("awaited_completions")) == 1


@pytest.mark.parametrize(
    "number", ["..", ".", "../clients", "1/../2", "%2e%2e", "1?x=y", "1#a", "1%2F2", "a" * 201]
)
def test_an_id_that_would_be_another_path_is_asked_of_nobody(
    spa: House, platform: Platform, number: str
) -> None:
    with pytest.raises(NotUnderstood, match="no id"):
        tell(spa, "scheduled", quote(number, safe=""))
    spa.gateway.run_backlog()
    [kept] = spa.rows("inbound_deliveries")
    assert (kept["status"], spa.rows("events"), platform.requests) == ("rejected", [], [])


def test_a_copy_is_known_before_anybody_is_asked(spa: House, platform: Platform) -> None:
    platform.holds_at("/appointments/123", acuity_appointment("123"))
    tell(spa, "scheduled")
    assert tell(spa, "scheduled").body["status"] == "duplicate"
    spa.gateway.run_backlog()
    assert len(platform.requests) == 1


def test_without_a_credential_nobody_is_asked(shop: House) -> None:
    answer = tell(shop, "scheduled")
    assert answer.status == 200
    assert [event["contact"] for event in envelopes(shop)] == [None]
