"""Holds and the audit trail at the door, and each deed of a card's life as REST answers it."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.kit.deeds import make_sandbox
from tests.web.door import Door, refusal, wrong_fields


def card_at(door: Door) -> tuple[str, str]:
    """A key with every scope, and a card's path."""
    key = door.house.key("admin")
    made = door.post("/v1/gift-cards", key=key, body={"amount": 2500, "currency": "USD"})
    return key, f"/v1/gift-cards/{made.get_json()['id']}"


def told(answer: TestResponse, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return dict(answer.get_json())


def test_hold_capture_and_look_at_it(door: Door) -> None:
    key, card = card_at(door)

    made = told(door.post(f"{card}/holds", key=key, body={"amount": 1000, "expires_in": 60}), 201)
    hold = f"/v1/holds/{made['hold']['id']}"
    assert set(made) == {"hold", "gift_card"}
    assert made["hold"]["expires_at"] == "2026-11-20T15:01:00Z"
    taken = told(door.post(f"{hold}/capture", key=key, body={"amount": 400}))

    assert set(taken) == {"hold", "gift_card", "transaction"}
    assert taken["transaction"]["amount"] == -400
    assert told(door.get(hold, key=key)) == taken["hold"]
    assert refusal(door.post(f"{hold}/release", key=key)) == (409, "hold_not_open")
    assert refusal(door.post(f"{hold}/capture", key=key)) == (409, "hold_not_open")


def test_a_hold_is_released_without_a_body(door: Door) -> None:
    key, card = card_at(door)
    made = told(door.post(f"{card}/holds", key=key, body={"amount": 1000}), 201)

    done = told(door.post(f"/v1/holds/{made['hold']['id']}/release", key=key))

    assert set(done) == {"hold", "gift_card"}
    assert done["gift_card"]["available"] == 2500


def test_lists_turn_their_pages_by_the_link(quick_door: Door) -> None:
    key, card = card_at(quick_door)
    for _ in range(3):
        quick_door.post(f"{card}/holds", key=key, body={"amount": 1})

    for name, count in (("holds", 3), ("audit", 4)):
        seen, path, query = 0, f"{card}/{name}", "limit=2"
        while query:
            answer = quick_door.get(path, key=key, query=query)
            page = told(answer)
            seen += len(page["data"])
            link = answer.headers.get("Link", "")
            assert bool(link) == (page["next_cursor"] is not None)
            assert path in link or not link
            query = link.partition("?")[2].partition(">")[0]
        assert seen == count


DEEDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("disable", {"reason": "lost"}, {"state": "disabled"}),
    ("enable", {}, {"state": "active", "disabled_at": None}),
    ("extend", {"expires_at": "2026-12-20T15:00:00Z"}, {"expires_at": "2026-12-20T15:00:00Z"}),
    ("expire", {}, {"state": "expired", "balance": 0}),
    ("revive", {"reason": "by mistake"}, {"state": "active", "balance": 2500, "expires_at": None}),
    ("deliver", {"via": "email"}, {"state": "active"}),
    ("disable", {"permanent": True}, {"state": "disabled"}),
    ("remove", {}, {"state": "removed", "balance": 2500}),
]


def test_a_cards_life_call_by_call(door: Door) -> None:
    make_sandbox(door.house)
    key, card = card_at(door)
    written = {"expires_at": "2026-12-01T15:00:00Z", "recipient": {"email": "mia@example.com"}}
    assert told(door.call("PATCH", card, key=key, body=written))["expires_at"] == "2026-12-01T15:00:00Z"

    for deed, body, expected in DEEDS:
        shown = told(door.post(f"{card}/{deed}", key=key, body=body))["gift_card"]
        assert {name: shown[name] for name in expected} == expected, deed

    assert told(door.get(card, key=key))["state"] == "removed", "by its id it is still there"
    assert refusal(door.post(f"{card}/enable", key=key)) == (409, "card_disabled")
    door.house.require_proof()


def test_a_null_empties_and_what_is_left_out_stays(quick_door: Door) -> None:
    key, card = card_at(quick_door)
    given = {"note": "n", "message": "m", "metadata": {"a": 1}, "expires_at": "2026-12-01T15:00:00Z"}
    told(quick_door.call("PATCH", card, key=key, body=given))

    shown = told(quick_door.call("PATCH", card, key=key, body={"note": None, "expires_at": None}))
    assert (shown["note"], shown["message"], shown["expires_at"]) == (None, "m", None)
    assert shown["metadata"] == {"a": 1}
    assert told(quick_door.call("PATCH", card, key=key, body={})) == shown
    assert told(quick_door.call("PATCH", card, key=key, body={"metadata": None}))["metadata"] == {}


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PATCH", "", {"balance": 1}, "balance"),
        ("PATCH", "", {"note": 4}, "note"),
        ("PATCH", "", {"metadata": []}, "metadata"),
        ("PATCH", "", {"card": "gc_1"}, "card"),
        ("POST", "/holds", {"amount": None}, "amount"),
        ("POST", "/holds", {"amount": 1, "expires_in": None}, "expires_in"),
        ("POST", "/holds", {"amount": 1, "expires_in": "day"}, "expires_in"),
        ("POST", "/holds", {"amount": True}, "amount"),
        ("POST", "/holds", {"amount": 1.5}, "amount"),
        ("POST", "/extend", {}, "expires_at"),
        ("POST", "/extend", {"expires_at": None}, "expires_at"),
        ("POST", "/revive", {}, "reason"),
        ("POST", "/disable", {"permanent": "yes"}, "permanent"),
        ("POST", "/deliver", {"via": "pigeon"}, "via"),
    ],
)
def test_a_wrong_field_is_named(
    quick_door: Door, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    key, card = card_at(quick_door)

    answer = quick_door.call(method, card + path, key=key, body=body)

    assert refusal(answer) == (422, "validation_failed")
    assert list(wrong_fields(answer)) == [field]


def test_a_code_is_shown_to_those_alone_who_may_see_it(door: Door) -> None:
    key = door.house.key("cards:read", "cards:write")
    made = told(door.post("/v1/gift-cards", key=key, body={"amount": 2500}), 201)
    path = f"/v1/gift-cards/{made['id']}/reveal"

    assert refusal(door.post(path, key=key)) == (403, "missing_scope")
    shown = told(door.post(path, key=door.house.key("cards:reveal")))

    assert shown["code"] == made["code"]
    assert set(shown) == {"code", "gift_card"}
    assert [row["act"] for row in door.house.rows("audit")].count("reveal") == 1


def test_a_live_account_sends_nothing_and_says_so(quick_door: Door) -> None:
    key, card = card_at(quick_door)
    quick_door.call("PATCH", card, key=key, body={"recipient": {"email": "mia@example.com"}})

    assert refusal(quick_door.post(f"{card}/deliver", key=key)) == (409, "delivery_not_configured")


def test_no_code_tools_disable_and_send(quick_door: Door) -> None:
    make_sandbox(quick_door.house)
    key = quick_door.house.key("cards:write")
    made = told(
        quick_door.post(
            "/v1/gift-cards", key=key, body={"amount": 2500, "recipient": {"email": "mia@example.com"}}
        ),
        201,
    )

    sent = quick_door.post("/v1/actions/send-gift-card", key=key, body={"code": made["code"]})
    assert told(sent)["gift_card"]["id"] == made["id"]
    stopped = quick_door.post("/v1/actions/disable-gift-card", key=key, body={"card": made["id"]})
    assert told(stopped)["gift_card"]["state"] == "disabled"


def test_the_same_key_holds_once(door: Door) -> None:
    key, card = card_at(door)
    asked = {"body": {"amount": 1000}, "headers": {"Idempotency-Key": "order-7"}}

    first = door.post(f"{card}/holds", key=key, **asked)
    again = door.post(f"{card}/holds", key=key, **asked)

    assert first.get_json() == again.get_json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert told(door.get(card, key=key))["held"] == 1000
