"""What a platform tells again under another name: no news, and yet the newest word on its booking."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any, Final

from connector.domain.events import rfc3339
from connector.domain.inbound import Request
from connector.flows.differences import NOT_AGREED
from tests.kit.house import ACCOUNT, ADDRESS, PUBLIC_URL, House

URL: Final = f"{PUBLIC_URL}/hooks/{ACCOUNT}/square"
HOUR: Final = timedelta(hours=1)


def told(
    house: House,
    name: str,
    status: str,
    *,
    starts: timedelta = 24 * HOUR,
    late: timedelta = timedelta(0),
    customer: str | None = "c-1",
) -> dict[str, Any]:
    """One webhook of Square's on one booking of one customer, told now; every one has an id of its own."""
    now = house.clock.now()
    booking = {
        "id": "b-1",
        "customer_id": customer,
        "status": status,
        "start_at": rfc3339(house.clock.now().replace(hour=0, minute=0) + starts),
        "appointment_segments": [{"duration_minutes": 60}],
    }
    told_at = rfc3339(now - late)
    data = {"type": "booking", "id": "b-1:1", "object": {"booking": booking}}
    body = json.dumps({"type": name, "event_id": told_at, "created_at": told_at, "data": data}).encode()
    key = house.secrets["square"].encode()
    made = base64.b64encode(hmac.new(key, URL.encode() + body, hashlib.sha256).digest()).decode()
    headers = {"content-type": "application/json", "x-square-hmacsha256-signature": made}
    answer = house.receive("square", Request("POST", URL, headers, body, ADDRESS, now))
    house.clock.forward(timedelta(minutes=1))
    return dict(answer.body)


def types(answer: dict[str, Any]) -> list[str]:
    return [event["type"] for event in answer["events"]]


def test_a_booking_that_is_cancelled_taken_up_and_cancelled_again_is_cancelled(house: House) -> None:
    told(house, "booking.created", "ACCEPTED")
    first = told(house, "booking.updated", "CANCELLED_BY_CUSTOMER")
    taken_up = told(house, "booking.updated", "ACCEPTED", starts=30 * HOUR)
    assert len(house.rows("awaited_completions")) == 1

    again = told(house, "booking.updated", "CANCELLED_BY_SELLER", starts=30 * HOUR)

    assert (types(first), types(taken_up)) == (["booking.cancelled"], ["booking.rescheduled"])
    assert (again["status"], again["delivery_id"]) == ("duplicate", first["delivery_id"])
    [fact] = house.rows("facts")
    assert (fact["state"], house.rows("awaited_completions")) == ("cancelled", [])
    house.clock.forward(48 * HOUR)
    house.gateway.tick()
    assert [row["type"] for row in house.rows("events")].count("booking.completed") == 0


def test_an_end_told_again_that_names_nobody_ends_the_wait_all_the_same(shop: House) -> None:
    told(shop, "booking.created", "ACCEPTED")
    told(shop, "booking.updated", "CANCELLED_BY_CUSTOMER")
    told(shop, "booking.updated", "ACCEPTED", starts=30 * HOUR)
    again = told(shop, "booking.updated", "CANCELLED_BY_SELLER", starts=30 * HOUR, customer=None)
    assert (again["status"], shop.rows("awaited_completions")) == ("duplicate", [])


def test_an_end_that_was_told_before_and_comes_late_changes_nothing(shop: House) -> None:
    told(shop, "booking.created", "ACCEPTED")
    told(shop, "booking.updated", "NO_SHOW")
    told(shop, "booking.updated", "CANCELLED_BY_SELLER")
    assert told(shop, "booking.updated", "NO_SHOW", late=HOUR)["status"] == "duplicate"
    [fact] = shop.rows("facts")
    assert fact["state"] == "cancelled"


def test_a_booking_that_was_asked_for_is_made_once_it_is_agreed_to(house: House) -> None:
    asked = told(house, "booking.created", "PENDING")
    noted = told(house, "booking.updated", "PENDING")
    assert (asked["status"], asked["events"], noted["events"]) == ("ignored", [], [])
    assert {row["reason"] for row in house.rows("inbound_deliveries")} == {NOT_AGREED}
    assert (house.rows("facts"), house.cards(), house.rows("awaited_completions")) == ([], [], [])

    agreed = told(house, "booking.updated", "ACCEPTED")
    noted = told(house, "booking.updated", "ACCEPTED")
    moved = told(house, "booking.updated", "ACCEPTED", starts=30 * HOUR)

    assert types(agreed) == ["booking.created"]
    assert (types(noted), types(moved)) == ([], ["booking.rescheduled"])
    [event, _] = house.rows("events")
    assert json.loads(event["envelope"])["booking"]["status"] == "created"
    assert (len(house.cards()), len(house.rows("awaited_completions"))) == (1, 1)


def test_a_booking_that_stood_and_is_asked_for_again_is_not_made_a_second_time(shop: House) -> None:
    """Its new time must be agreed to; and a request that comes late says nothing new."""
    assert types(told(shop, "booking.created", "ACCEPTED")) == ["booking.created"]

    asked = told(shop, "booking.updated", "PENDING", starts=30 * HOUR)
    agreed = told(shop, "booking.updated", "ACCEPTED", starts=30 * HOUR)

    assert (asked["events"], types(agreed)) == ([], ["booking.rescheduled"])
    assert len(shop.cards()) == 1


def test_what_was_asked_for_and_never_agreed_to_gives_nothing(shop: House) -> None:
    told(shop, "booking.created", "PENDING")
    assert types(told(shop, "booking.updated", "DECLINED")) == ["booking.cancelled"]
    assert (shop.cards(), shop.rows("awaited_completions")) == ([], [])
