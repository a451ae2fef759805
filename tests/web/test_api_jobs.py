"""Bulk issues by REST: a job to poll, results line by line."""

import json
from typing import Any

import pytest

from connector.domain.accounts import Actor
from connector.flows import bulk
from tests.kit.house import OTHER, PUBLIC_URL
from tests.web.door import MAX_BODY_BYTES, Door, door_of, refusal, wrong_fields

BULK = "/v1/gift-cards/bulk"
UNKNOWN = "/v1/jobs/job_" + "0" * 26


@pytest.fixture
def key(quick_door: Door) -> str:
    return quick_door.house.key("cards:read", "cards:write")


def submitted(door: Door, key: str, lines: list[Any]) -> dict[str, Any]:
    answer = door.post(BULK, key=key, body={"gift_cards": lines})
    assert answer.status_code == 202, answer.text
    return dict(answer.get_json())


def test_a_bulk_request_is_a_job_to_poll_and_answers_line_by_line(door: Door) -> None:
    """S004-79."""
    key = door.house.key("cards:read", "cards:write")
    lines = [
        {"amount": 2500, "contact": {"email": "mia@example.com"}},
        {"amount": "2500"},
        "no object",
        {"amount": 100, "colour": "red"},
        {"amount": 100, "expires_at": "2027-06-01T00:00:00+02:00"},
    ]
    answer = door.post(BULK, key=key, body={"gift_cards": lines})
    job = answer.get_json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"{PUBLIC_URL}/v1/jobs/{job['id']}"
    counts = {"total", "done", "failed", "skipped"}
    assert set(job) == {"id", "kind", "state", *counts, "created_at", "ended_at"}
    assert (job["kind"], job["state"], job["total"]) == ("bulk", "queued", 5)

    door.house.gateway.run_jobs()

    ended = door.get(f"/v1/jobs/{job['id']}", key=key).get_json()
    assert (ended["state"], ended["done"], ended["failed"]) == ("done", 2, 3)
    page = door.get(f"/v1/jobs/{job['id']}/lines", key=key).get_json()
    assert [line["state"] for line in page["data"]] == ["done", "failed", "failed", "failed", "done"]
    assert page["data"][0]["gift_card"]["code"]
    assert page["data"][4]["gift_card"]["expires_at"] == "2027-05-31T22:00:00Z"
    fields = [line["error"]["errors"] for line in page["data"] if line["error"]]
    assert [errors[0]["field"] for errors in fields if errors] == ["amount", "colour"]
    door.house.require_proof()


def test_lines_come_page_by_page_with_a_link(quick_door: Door, key: str) -> None:
    job = submitted(quick_door, key, [{"amount": 100}] * 3)
    quick_door.house.gateway.run_jobs()
    path = f"/v1/jobs/{job['id']}/lines"

    first = quick_door.get(path, key=key, query="limit=2")
    second = quick_door.get(path, key=key, query=f"limit=2&cursor={first.get_json()['next_cursor']}")

    assert [line["number"] for line in first.get_json()["data"]] == [1, 2]
    assert [line["number"] for line in second.get_json()["data"]] == [3]
    assert f"{PUBLIC_URL}{path}?cursor=" in first.headers["Link"]
    assert refusal(quick_door.get("/v1/jobs", key=key, query="cursor=abcdabcdabcdabcd")) == (
        400,
        "bad_request",
    )


def test_only_the_key_that_asked_sees_the_codes(quick_door: Door, key: str) -> None:
    job = submitted(quick_door, key, [{"amount": 100}])
    quick_door.house.gateway.run_jobs()
    path = f"/v1/jobs/{job['id']}/lines"

    [own] = quick_door.get(path, key=key).get_json()["data"]
    [others] = quick_door.get(path, key=quick_door.house.key("cards:read")).get_json()["data"]

    assert own["gift_card"]["code"]
    assert others["gift_card"] == {**own["gift_card"], "code": None}


def narrowed(door: Door, made: dict[str, Any], scope: str) -> str:
    """A token for a key, with this scope alone."""
    form = f"grant_type=client_credentials&client_id={made['id']}&client_secret={made['key']}&scope={scope}"
    answer = door.post("/oauth/token", raw=form.encode(), content_type="application/x-www-form-urlencoded")
    return str(answer.get_json()["access_token"])


def test_a_token_that_may_only_look_at_balances_sees_no_codes(quick_door: Door) -> None:
    """T33: a token is worth what it was narrowed to, also with its own key's jobs."""
    house = quick_door.house
    scopes = ["cards:read", "cards:write", "cards:reveal"]
    made = house.gateway.create_key(house.account, name="till", scopes=scopes)
    job = submitted(quick_door, made["key"], [{"amount": 100}])
    house.gateway.run_jobs()
    path = f"/v1/jobs/{job['id']}/lines"

    def code(secret: str) -> Any:
        [line] = quick_door.get(path, key=secret).get_json()["data"]
        return line["gift_card"]["code"]

    assert code(narrowed(quick_door, made, "cards:read")) is None
    assert code(narrowed(quick_door, made, "cards:read+cards:write")) == code(made["key"]) is not None
    assert code(narrowed(quick_door, made, "cards:read+cards:reveal")) is not None


def test_a_job_that_no_key_asked_for_shows_its_codes_to_none(quick_door: Door) -> None:
    house = quick_door.house
    lines = [bulk.Asked({"amount": 100})]
    job = house.gateway.jobs.submit(house.account, Actor("manual"), lines).body
    house.gateway.run_jobs()

    page = quick_door.get(f"/v1/jobs/{job['id']}/lines", key=house.key("cards:read"))

    assert page.get_json()["data"][0]["gift_card"]["code"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"gift_cards": []},
        {"gift_cards": {}},
        {"gift_cards": "many"},
        {"gift_cards": None},
        {},
        {"gift_cards": [{"amount": 100}], "dry_run": True},
        {"gift_cards": [{}] * 10_001},
    ],
)
def test_what_is_no_list_of_cards_makes_no_job(quick_door: Door, key: str, body: dict[str, Any]) -> None:
    answer = quick_door.post(BULK, key=key, body=body)

    assert refusal(answer) == (422, "validation_failed")
    assert set(wrong_fields(answer)) <= {"gift_cards", "dry_run"}
    assert quick_door.get("/v1/jobs", key=key).get_json()["data"] == []


def test_ten_thousand_lines_are_one_job(quick_door: Door, key: str) -> None:
    wide = door_of(quick_door.house, max_body_bytes=1_048_576)

    job = submitted(wide, key, [{"amount": 1}] * 10_000)

    assert job["total"] == 10_000


def test_a_body_of_more_than_the_limit_is_refused_whole(quick_door: Door, key: str) -> None:
    lines = [{"amount": 1, "note": "x" * 1_000}] * (MAX_BODY_BYTES // 1_000)
    raw = json.dumps({"gift_cards": lines}).encode()

    assert refusal(quick_door.post(BULK, key=key, raw=raw)) == (413, "body_too_large")
    assert quick_door.get("/v1/jobs", key=key).get_json()["data"] == []


def test_the_same_key_and_body_is_the_same_job(quick_door: Door, key: str) -> None:
    body = {"gift_cards": [{"amount": 100}]}
    headers = {"Idempotency-Key": "monday"}
    first = quick_door.post(BULK, key=key, body=body, headers=headers)

    again = quick_door.post(BULK, key=key, body=body, headers=headers)
    other = quick_door.post(BULK, key=key, body={"gift_cards": [{"amount": 101}]}, headers=headers)

    assert again.data == first.data
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert refusal(other) == (422, "idempotency_key_reused")


def test_a_job_is_cancelled_once_and_stays_so(quick_door: Door, key: str) -> None:
    job = submitted(quick_door, key, [{"amount": 100}])
    path = f"/v1/jobs/{job['id']}"

    cancelled = quick_door.post(f"{path}/cancel", key=key)

    assert (cancelled.status_code, cancelled.get_json()["state"]) == (200, "cancelled")
    assert quick_door.post(f"{path}/cancel", key=key).get_json() == cancelled.get_json()
    assert quick_door.house.gateway.run_jobs() == 0
    [line] = quick_door.get(f"{path}/lines", key=key).get_json()["data"]
    assert line == {"number": 1, "state": "cancelled", "gift_card": None, "error": None}


def test_a_job_that_is_done_is_not_cancelled(quick_door: Door, key: str) -> None:
    job = submitted(quick_door, key, [{"amount": 100}])
    quick_door.house.gateway.run_jobs()

    assert refusal(quick_door.post(f"/v1/jobs/{job['id']}/cancel", key=key)) == (409, "conflict")


def test_another_accounts_job_is_as_unknown_as_none(quick_door: Door, key: str) -> None:
    job = submitted(quick_door, key, [{"amount": 100}])
    other = quick_door.house.key("admin", account=OTHER)

    for base in (f"/v1/jobs/{job['id']}", UNKNOWN):
        assert refusal(quick_door.get(base, key=other)) == (404, "not_found")
        assert refusal(quick_door.get(f"{base}/lines", key=other)) == (404, "not_found")
        assert refusal(quick_door.post(f"{base}/cancel", key=other)) == (404, "not_found")
    assert quick_door.get("/v1/jobs", key=other).get_json()["data"] == []
