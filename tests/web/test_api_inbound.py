"""Inbound deliveries at the door: what a platform sent, and again after a mend."""

import json

import pytest

from connector.domain.errors import NotUnderstood
from tests.kit.happened import parked_delivery
from tests.kit.house import OTHER
from tests.web.door import Door, refusal

INBOUND = "/v1/inbound"


def rejected(door: Door) -> str:
    with pytest.raises(NotUnderstood):
        door.house.tell(email="mia@example.com", note="hello")
    return str(door.house.rows("inbound_deliveries")[-1]["public_id"])


def test_what_was_not_understood_is_shown_with_its_reason_and_its_bytes(door: Door) -> None:
    delivery, key = rejected(door), door.house.key("events")

    shown = door.get(f"{INBOUND}/{delivery}", key=key).get_json()
    [listed] = door.get(INBOUND, key=key, query="status=rejected&source=standard").get_json()["data"]

    assert json.loads(shown["body"]) == {"email": "mia@example.com", "note": "hello"}
    assert shown["body_base64"] is None
    assert (shown["status"], shown["events"], shown["runs"]) == ("rejected", [], [])
    assert shown["reason"]
    assert "webhook-signature" not in shown["headers"]
    assert listed.items() <= shown.items() and "body" not in listed
    other = door.house.key("events", account=OTHER)
    assert refusal(door.get(f"{INBOUND}/{delivery}", key=other)) == (404, "not_found")
    assert refusal(door.get(f"{INBOUND}/{delivery}", key=door.house.key("cards:read"))) == (
        403,
        "missing_scope",
    )


def test_a_replay_runs_what_can_be_understood_now(door: Door) -> None:
    key = door.house.key("events")
    delivery = parked_delivery(door.house)
    path = f"{INBOUND}/{delivery}/replay"

    first = door.post(path, key=key)

    assert (first.status_code, first.get_json()["status"]) == (200, "ignored")
    assert [one["type"] for one in first.get_json()["events"]] == ["custom.parked"]
    assert refusal(door.post(path, key=key)) == (409, "not_replayable")
    still = f"{INBOUND}/{rejected(door)}/replay"
    assert refusal(door.post(still, key=key)) == (422, "not_understood")


def test_deliveries_are_filtered(quick_door: Door) -> None:
    rejected(quick_door)
    quick_door.house.tell(type="booking.created", booking_id="b-1", email="mia@example.com")
    key = quick_door.house.key("events")

    def statuses(query: str) -> list[str]:
        data = quick_door.get(INBOUND, key=key, query=query).get_json()["data"]
        return [one["status"] for one in data]

    assert statuses("") == ["processed", "rejected"]
    assert statuses("type=booking.created&recipe=first-booking&outcome=done") == ["processed"]
    assert statuses("status=accepted") == statuses("source=zapier") == []
    assert refusal(quick_door.get(INBOUND, key=key, query="status=lost")) == (400, "bad_request")
