"""Events at the door: what recipes saw, and again for the recipes of today."""

from typing import Any

from tests.kit.house import OTHER
from tests.web.door import Door, refusal

EVENTS = "/v1/events"


def book(door: Door, number: str = "b-1") -> dict[str, Any]:
    return dict(
        door.house.tell(type="booking.created", booking_id=number, email="mia@example.com", note="hello").body
    )


def test_an_event_is_its_envelope_with_what_became_of_it(door: Door) -> None:
    answer = book(door)
    [event] = answer["events"]
    key = door.house.key("events")

    shown = door.get(f"{EVENTS}/{event['id']}", key=key).get_json()
    listed = door.get(EVENTS, key=key).get_json()["data"]

    assert shown["booking"]["id"] == "b-1"
    assert shown["data"]["note"] == "hello"
    assert shown["delivery_id"] == answer["delivery_id"]
    assert [one["outcome"] for one in shown["runs"]] == ["done"]
    assert listed == [{name: one for name, one in shown.items() if name not in ("data", "runs")}]
    other = door.house.key("events", account=OTHER)
    assert refusal(door.get(f"{EVENTS}/{event['id']}", key=other)) == (404, "not_found")
    assert door.get(EVENTS, key=other).get_json()["data"] == []


def test_events_are_filtered(quick_door: Door) -> None:
    book(quick_door)
    quick_door.house.send("calendly", "booking.cancelled")
    key = quick_door.house.key("events")

    def types(query: str) -> list[str]:
        data = quick_door.get(EVENTS, key=key, query=query).get_json()["data"]
        return [one["type"] for one in data]

    assert types("") == ["booking.cancelled", "booking.created"]
    assert types("source=standard&recipe=first-booking&outcome=done") == ["booking.created"]
    assert types("type=booking.cancelled&since=2026-11-20T15:00:00Z") == ["booking.cancelled"]
    assert types("until=2026-11-20T15:00:00Z") == types("outcome=failed") == []
    assert refusal(quick_door.get(EVENTS, key=key, query="event_id=x")) == (400, "bad_request")


def test_an_event_again_gives_nothing_twice(door: Door) -> None:
    [event] = book(door)["events"]
    key, headers = door.house.key("events"), {"Idempotency-Key": "k1"}
    path = f"{EVENTS}/{event['id']}/replay"

    first = door.post(path, key=key, headers=headers)
    again = door.post(path, key=key, headers=headers)

    assert first.status_code == 200, first.text
    assert first.get_json()["event_id"] == event["id"]
    assert [run["outcome"] for run in first.get_json()["runs"]] == ["already_done"]
    assert again.get_json() == first.get_json()
    assert len(door.house.rows("runs")) == 2
    assert len(door.house.cards()) == 1
