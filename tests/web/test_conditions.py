"""If-Match and If-None-Match: nobody overwrites what they did not see, and nobody is sent what they had."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.kit.crowd import at_once
from tests.kit.deeds import do
from tests.operations.samples import DAY
from tests.web.door import Door, door_of, refusal, wrong_fields

CARDS = "/v1/gift-cards"
CONTACTS = "/v1/contacts"
MALFORMED = [
    *("", " ", "abc", '"abc', 'abc"', "'abc'", '"a" "b"', '"a";"b"', '"a",', ',"a"', '"a",,"b"', '"a\\"b"'),
    *('*, "a"', '"a", *', "**", 'w/"a"', "W/a", '"a"b', '"ä"', "\t", '"a b"', '"' + "a" * 5_000 + '"'),
]


@pytest.fixture
def key(door: Door) -> str:
    return door.house.key("cards:read", "cards:write", "contacts")


@pytest.fixture
def quick_key(quick_door: Door) -> str:
    return quick_door.house.key("cards:read", "cards:write", "contacts")


def patch(door: Door, key: str, card: str, note: str, tag: str, **headers: str) -> TestResponse:
    sent = {"If-Match": tag, **headers}
    return door.call("PATCH", f"{CARDS}/{card}", key=key, body={"note": note}, headers=sent)


def test_who_saw_the_card_as_it_is_may_change_it_and_who_did_not_may_not(door: Door, key: str) -> None:
    """Threats, row 110."""
    made = door.post(CARDS, key=key, body={"amount": 2500})
    card, seen = made.get_json()["id"], made.headers["ETag"]
    assert door.get(f"{CARDS}/{card}", key=key).headers["ETag"] == seen

    first = patch(door, key, card, "mine", seen)
    second = patch(door, key, card, "yours", seen)

    assert first.status_code == 200, first.text
    assert refusal(second) == (412, "precondition_failed")
    assert second.get_json(force=True)["retryable"] is False
    shown = door.get(f"{CARDS}/{card}", key=key)
    assert (shown.get_json()["note"], shown.headers["ETag"]) == ("mine", first.headers["ETag"])
    assert shown.headers["ETag"] != seen


def test_of_two_changes_at_once_by_one_tag_exactly_one_is_done(door: Door, key: str) -> None:
    card = door.house.issue(2500)["id"]
    for amount in (1, 2, 3):
        seen = door.get(f"{CARDS}/{card}", key=key).headers["ETag"]
        notes = [f"first {amount}", f"second {amount}"]

        ended = at_once([_patching(door_of(door.house), key, card, note, seen) for note in notes])

        answers = [one.value for one in ended]
        assert sorted(one.status_code for one in answers) == [200, 412]
        [done] = [one.get_json() for one in answers if one.status_code == 200]
        assert door.get(f"{CARDS}/{card}", key=key).get_json()["note"] == done["note"]
    door.house.require_proof()


def _patching(door: Door, key: str, card: str, note: str, tag: str) -> Any:
    return lambda: patch(door, key, card, note, tag)


def test_money_moves_only_off_the_card_as_it_was_seen(door: Door, key: str) -> None:
    card = door.house.issue(2500)["id"]
    seen = door.get(f"{CARDS}/{card}", key=key).headers["ETag"]
    held = door.post(f"{CARDS}/{card}/holds", key=key, body={"amount": 500}, headers={"If-Match": seen})
    assert held.status_code == 201, held.text

    stale = door.post(f"{CARDS}/{card}/redeem", key=key, body={"amount": 100}, headers={"If-Match": seen})
    told = {"If-Match": f'"other" , {held.headers["ETag"]}'}
    fresh = door.post(f"{CARDS}/{card}/redeem", key=key, body={"amount": 100}, headers=told)

    assert refusal(stale) == (412, "precondition_failed")
    assert fresh.status_code == 200, fresh.text
    assert fresh.headers["ETag"] == door.get(f"{CARDS}/{card}", key=key).headers["ETag"]
    assert door.house.balance(card) == 2400
    door.house.require_proof()


def test_a_replay_gets_the_first_answer_though_its_tag_is_stale_by_then(door: Door, key: str) -> None:
    card = door.house.issue(2500)["id"]
    seen = door.get(f"{CARDS}/{card}", key=key).headers["ETag"]
    first = patch(door, key, card, "mine", seen, **{"Idempotency-Key": "k-1"})
    patch(door, key, card, "later", first.headers["ETag"])

    again = patch(door, key, card, "mine", seen, **{"Idempotency-Key": "k-1"})

    assert (again.status_code, again.data) == (200, first.data)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["ETag"] == first.headers["ETag"]
    assert door.get(f"{CARDS}/{card}", key=key).get_json()["note"] == "later"


def test_another_tag_under_the_same_key_is_another_request(door: Door, key: str) -> None:
    card = door.house.issue(2500)["id"]
    seen = door.get(f"{CARDS}/{card}", key=key).headers["ETag"]
    refused = patch(door, key, card, "mine", '"stale"', **{"Idempotency-Key": "k-1"})

    replayed = patch(door, key, card, "mine", '"stale"', **{"Idempotency-Key": "k-1"})
    other = patch(door, key, card, "mine", seen, **{"Idempotency-Key": "k-1"})

    assert refusal(refused) == refusal(replayed) == (412, "precondition_failed")
    assert replayed.headers["Idempotent-Replayed"] == "true"
    assert refusal(other) == (422, "idempotency_key_reused")
    assert patch(door, key, card, "mine", seen, **{"Idempotency-Key": "k-2"}).status_code == 200


@pytest.mark.parametrize("written", MALFORMED)
def test_a_condition_that_cannot_be_read_is_refused_and_nothing_done(
    quick_door: Door, quick_key: str, written: str
) -> None:
    card = quick_door.house.issue(2500)["id"]
    path = f"{CARDS}/{card}"

    changing = quick_door.call(
        "PATCH", path, key=quick_key, body={"note": "n"}, headers={"If-Match": written}
    )
    looking = quick_door.get(path, key=quick_key, headers={"If-None-Match": written})

    assert refusal(changing) == refusal(looking) == (400, "bad_request")
    assert "If-Match" in wrong_fields(changing)
    assert quick_door.get(path, key=quick_key).get_json()["note"] is None


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("*", 200),
        (" * ", 200),
        ("{tag}", 200),
        ('"a",{tag},"b"', 200),
        ('W/"a" , {tag}', 200),
        ("W/{tag}", 412),
        ('"a", "b"', 412),
        ('""', 412),
        ('"a,b"', 412),
    ],
)
def test_a_list_and_a_star_may_fit_and_a_weak_tag_never_does(
    quick_door: Door, quick_key: str, written: str, status: int
) -> None:
    card = quick_door.house.issue(2500)["id"]
    tag = quick_door.get(f"{CARDS}/{card}", key=quick_key).headers["ETag"]

    answer = patch(quick_door, quick_key, card, "mine", written.replace("{tag}", tag))

    assert answer.status_code == status, answer.text


def test_a_card_that_is_not_there_is_not_found_whatever_tag_is_asked(
    quick_door: Door, quick_key: str
) -> None:
    for tag in ("*", '"a"'):
        answer = patch(quick_door, quick_key, "gc_" + "0" * 26, "mine", tag)
        assert refusal(answer) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CARDS, {"amount": 100}),
        (f"{CARDS}/lookup", {"code": "{code}"}),
        ("/v1/holds/{hold}/release", {}),
        ("/v1/actions/redeem-gift-card", {"card": "{card}", "amount": "1.00"}),
    ],
)
def test_a_call_that_cannot_heed_a_condition_refuses_it(
    quick_door: Door, quick_key: str, path: str, body: dict[str, Any]
) -> None:
    house = quick_door.house
    card = house.issue(2500)
    hold = do(house, "hold", card=card["id"], amount=5)["hold"]
    names = {"{code}": card["code"], "{card}": card["id"]}
    before = house.rows("cards")

    answer = quick_door.post(
        path.replace("{hold}", hold["id"]),
        key=quick_key,
        body={name: names.get(str(value), value) for name, value in body.items()},
        headers={"If-Match": "*"},
    )

    assert refusal(answer) == (400, "bad_request")
    assert house.rows("cards") == before


def test_who_has_seen_the_card_as_it_is_is_sent_nothing(door: Door, key: str) -> None:
    made = door.house.issue(2500)
    path = f"{CARDS}/{made['id']}"
    tag = door.get(path, key=key).headers["ETag"]
    assert door.post(f"{CARDS}/lookup", key=key, body={"code": made["code"]}).headers["ETag"] == tag

    for written in (tag, f"W/{tag}", f'"a", {tag}', "*"):
        unchanged = door.get(path, key=key, headers={"If-None-Match": written})
        assert (unchanged.status_code, unchanged.data, unchanged.headers["ETag"]) == (304, b"", tag)
        assert "Content-Type" not in unchanged.headers
    door.house.redeem(made["id"], 1)
    changed = door.get(path, key=key, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.get_json()["balance"]) == (200, 2499)


def test_time_that_ends_a_card_makes_another_tag(quick_door: Door, quick_key: str) -> None:
    """What is shown has changed, though no row has."""
    card = quick_door.house.issue(2500, usable_at=quick_door.house.clock.now() + DAY)["id"]
    tag = quick_door.get(f"{CARDS}/{card}", key=quick_key).headers["ETag"]
    quick_door.house.clock.forward(DAY)

    answer = quick_door.get(f"{CARDS}/{card}", key=quick_key, headers={"If-None-Match": tag})

    assert (answer.status_code, answer.get_json()["state"]) == (200, "active")


def test_what_is_only_simulated_has_no_tag(quick_door: Door, quick_key: str) -> None:
    card = quick_door.house.issue(2500)["id"]
    tag = quick_door.get(f"{CARDS}/{card}", key=quick_key).headers["ETag"]
    body = {"amount": 5, "simulate": True}

    told = quick_door.post(f"{CARDS}/{card}/redeem", key=quick_key, body=body, headers={"If-Match": tag})
    stale = quick_door.post(f"{CARDS}/{card}/redeem", key=quick_key, body=body, headers={"If-Match": '"a"'})

    assert told.status_code == 200
    assert "ETag" not in told.headers
    assert refusal(stale) == (412, "precondition_failed")


def test_a_contact_is_changed_only_as_it_was_seen(door: Door, key: str) -> None:
    made = door.post(CONTACTS, key=key, body={"email": "mia@example.com"})
    path = f"{CONTACTS}/{made.get_json()['id']}"
    seen = door.get(path, key=key).headers["ETag"]
    assert made.headers["ETag"] == seen
    assert door.get(path, key=key, headers={"If-None-Match": seen}).status_code == 304

    first = door.call("PATCH", path, key=key, body={"last_name": "Lee"}, headers={"If-Match": seen})
    assert first.status_code == 200, first.text
    other = door.post(CONTACTS, key=key, body={"email": "noor@example.com"}).get_json()["id"]
    for method, place, body in (
        ("PATCH", path, {"last_name": "Roy"}),
        ("POST", f"{path}/merge", {"from": other}),
        ("POST", f"{path}/erase", None),
    ):
        stale = door.call(method, place, key=key, body=body, headers={"If-Match": seen})
        assert refusal(stale) == (412, "precondition_failed")

    shown = door.get(path, key=key)
    assert (shown.get_json()["last_name"], shown.headers["ETag"]) == ("Lee", first.headers["ETag"])
    merged = door.post(
        f"{path}/merge", key=key, body={"from": other}, headers={"If-Match": first.headers["ETag"]}
    )
    assert merged.status_code == 200, merged.text
