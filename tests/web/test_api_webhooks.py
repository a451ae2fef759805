"""Endpoints are made, listed and deleted by their own account; a secret is shown once."""

from typing import Any

import pytest

from tests.kit.house import OTHER
from tests.kit.receiver import Recorder
from tests.web.door import Door, refusal, wrong_fields

PATH = "/v1/webhook-endpoints"
URL = "http://127.0.0.1:9999/hook"


@pytest.fixture
def key(door: Door) -> str:
    return door.house.key("webhooks")


@pytest.fixture
def quick_key(quick_door: Door) -> str:
    return quick_door.house.key("webhooks")


def test_an_endpoint_is_told_of_cards_until_it_is_deleted(door: Door, key: str, receiver: Recorder) -> None:
    made = door.post(PATH, key=key, body={"url": receiver.url, "event_types": ["gift_card.issued"]})
    assert made.status_code == 201, made.text
    endpoint = made.get_json()
    door.house.issue()
    assert door.house.gateway.dispatch() == 1

    gone = door.call("DELETE", f"{PATH}/{endpoint['id']}", key=key)
    door.house.issue()

    assert (gone.status_code, gone.data) == (204, b"")
    assert door.house.gateway.dispatch() == 0
    assert refusal(door.get(f"{PATH}/{endpoint['id']}", key=key)) == (404, "not_found")
    assert refusal(door.call("DELETE", f"{PATH}/{endpoint['id']}", key=key)) == (404, "not_found")


def test_a_secret_is_in_the_answer_that_made_it_and_in_no_other(door: Door, key: str) -> None:
    body = {"url": URL, "event_types": ["gift_card.*"], "description": "the till", "metadata": {"a": 1}}

    made = door.post(PATH, key=key, body=body).get_json()
    shown = door.get(f"{PATH}/{made['id']}", key=key)
    listed = door.get(PATH, key=key)

    assert made["secret"].startswith("whsec_")
    assert made["secret"] not in shown.text + listed.text
    assert {name: shown.get_json()[name] for name in body} == body
    assert listed.get_json() == {"data": [shown.get_json()], "next_cursor": None}


def test_a_url_may_have_2048_characters_and_no_more(quick_door: Door, quick_key: str) -> None:
    longest = f"{URL}?{'x' * (2_048 - len(URL) - 1)}"

    assert quick_door.post(PATH, key=quick_key, body={"url": longest}).status_code == 201
    assert wrong_fields(quick_door.post(PATH, key=quick_key, body={"url": longest + "x"})).keys() == {"url"}


def test_all_types_are_wanted_where_none_is_named(quick_door: Door, quick_key: str) -> None:
    assert quick_door.post(PATH, key=quick_key, body={"url": URL}).get_json()["event_types"] == ["*"]


def test_the_same_key_makes_one_endpoint_and_shows_the_same_secret(door: Door, key: str) -> None:
    headers = {"Idempotency-Key": "e"}

    first, again = (door.post(PATH, key=key, body={"url": URL}, headers=headers) for _ in "ab")
    other = door.post(PATH, key=key, body={"url": URL + "/2"}, headers=headers)

    assert first.data == again.data
    assert again.headers["Idempotent-Replayed"] == "true"
    assert refusal(other) == (422, "idempotency_key_reused")
    assert len(door.get(PATH, key=key).get_json()["data"]) == 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"url"}),
        ({"url": None}, {"url"}),
        ({"url": 1}, {"url"}),
        ({"url": ""}, {"url"}),
        ({"url": "ftp://example.com/x"}, {"url"}),
        ({"url": "http://10.0.0.1/"}, {"url"}),
        ({"url": "http://127.0.0.1\\@example.com/"}, {"url"}),
        ({"url": "https://gifts.example.com/hooks/a/b"}, {"url"}),
        ({"url": "https://a.example/" + "x" * 3_000}, {"url"}),
        ({"url": URL, "event_types": []}, {"event_types"}),
        ({"url": URL, "event_types": "*"}, {"event_types"}),
        ({"url": URL, "event_types": None}, {"event_types"}),
        ({"url": URL, "event_types": ["no.such"]}, {"event_types"}),
        ({"url": URL, "event_types": [1]}, {"event_types"}),
        ({"url": URL, "event_types": ["*"] * 101}, {"event_types"}),
        ({"url": URL, "description": "x" * 501}, {"description"}),
        ({"url": URL, "description": 5}, {"description"}),
        ({"url": URL, "metadata": []}, {"metadata"}),
        ({"url": URL, "metadata": {str(n): 1 for n in range(51)}}, {"metadata"}),
        (
            {"url": URL, "secret": "whsec_mine", "id": "we_mine", "status": "paused"},
            {"secret", "id", "status"},
        ),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(
    quick_door: Door, quick_key: str, body: dict[str, Any], fields: set[str]
) -> None:
    answer = quick_door.post(PATH, key=quick_key, body=body)

    assert refusal(answer) == (422, "validation_failed")
    assert set(wrong_fields(answer)) == fields
    assert quick_door.get(PATH, key=quick_key).get_json()["data"] == []


def test_another_accounts_endpoint_is_as_none(door: Door, key: str) -> None:
    endpoint = door.post(PATH, key=key, body={"url": URL}).get_json()["id"]
    theirs = door.house.key("admin", account=OTHER)

    for method in ("GET", "DELETE"):
        answers = [door.call(method, f"{PATH}/{one}", key=theirs) for one in (endpoint, "we_" + "0" * 26)]
        assert [refusal(answer) for answer in answers] == [(404, "not_found")] * 2
        first, second = ({**answer.get_json(force=True), "request_id": ""} for answer in answers)
        assert first == second
    assert door.get(PATH, key=theirs).get_json()["data"] == []
    assert door.get(f"{PATH}/{endpoint}", key=key).status_code == 200


def test_endpoints_come_a_page_at_a_time(quick_door: Door, quick_key: str) -> None:
    for number in range(3):
        quick_door.post(PATH, key=quick_key, body={"url": f"{URL}/{number}"})

    first = quick_door.get(PATH, key=quick_key, query="limit=2")
    cursor = first.get_json()["next_cursor"]
    second = quick_door.get(PATH, key=quick_key, query=f"limit=2&cursor={cursor}")

    assert f"cursor={cursor}" in first.headers["Link"]
    urls = [one["url"] for answer in (first, second) for one in answer.get_json()["data"]]
    assert urls == [f"{URL}/2", f"{URL}/1", f"{URL}/0"]
    assert second.get_json()["next_cursor"] is None


@pytest.mark.parametrize("query", ["cursor=we_2", "cursor=", "limit=0", "limit=x"])
def test_an_odd_question_is_400(quick_door: Door, quick_key: str, query: str) -> None:
    assert quick_door.get(PATH, key=quick_key, query=query).status_code == 400
