"""Runs at the door: why something happened or did not, and what a second person decides."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.kit.happened import held_run
from tests.kit.house import OTHER
from tests.web.door import Door, refusal, wrong_fields

RUNS = "/v1/runs"


def told(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def book(door: Door, number: str = "b-1", **how: Any) -> dict[str, Any]:
    answer = door.house.tell(
        type=how.pop("type", "booking.created"), booking_id=number, email="mia@example.com", **how
    )
    return dict(answer.body)


def test_a_run_says_line_by_line_why_nothing_happened(door: Door) -> None:
    book(door, "b-0", type="booking.completed")
    [run] = book(door)["runs"]
    key = door.house.key("events")

    shown = told(door.get(f"{RUNS}/{run['id']}", key=key))

    assert (shown["outcome"], shown["place"]) == ("not_matched", "recipes/first-booking.yaml:6:5")
    assert (shown["file"], shown["revision"]) == (
        "recipes/first-booking.yaml",
        door.house.rows("runs")[0]["revision"],
    )
    assert shown["trace"] == [
        {"line": 6, "text": "contact.visits == 0", "verdict": False, "values": {"contact.visits": 1}}
    ]
    assert refusal(door.get(f"{RUNS}/{run['id']}", key=door.house.key("events", account=OTHER))) == (
        404,
        "not_found",
    )


def test_runs_are_filtered_by_everything_at_once_and_paged(door: Door) -> None:
    first, second = book(door)["runs"][0], book(door, "b-2")["runs"][0]
    key = door.house.key("events")
    contact = door.house.rows("contacts")[0]["public_id"]

    def ids(query: str = "") -> list[str]:
        return [one["id"] for one in told(door.get(RUNS, key=key, query=query))["data"]]

    assert ids() == [second["id"], first["id"]]
    assert ids("outcome=done&recipe=first-booking&source=standard&type=booking.created") == [first["id"]]
    assert ids(f"contact_id={contact}&outcome=already_done") == [second["id"]]
    assert ids("since=2026-11-20T15:00:00Z&until=2026-11-20T15:00:01Z") == ids()
    assert ids("source=calendly") == ids("type=order.paid") == ids("until=2026-11-20T15:00:00Z") == []
    assert ids("recipe=%C3%A9") == ids("source=%C3%A9") == []
    page = door.get(RUNS, key=key, query="limit=1")
    cursor = told(page)["next_cursor"]
    assert f"cursor={cursor}" in page.headers["Link"]
    assert ids(f"limit=1&cursor={cursor}") == [first["id"]]


@pytest.mark.parametrize(
    "query", ["outcome=paid", "since=yesterday", "recipes=x", "limit=0", "cursor=x", "outcome="]
)
def test_a_wrong_filter_is_refused(quick_door: Door, query: str) -> None:
    answer = quick_door.get(RUNS, key=quick_door.house.key("events"), query=query)

    assert refusal(answer) == (400, "bad_request")
    assert set(wrong_fields(answer)) == {query.partition("=")[0]}


def test_a_second_person_decides_and_is_noted(door: Door) -> None:
    house = door.house
    key = house.key("admin")
    for word, outcome, cards in (("approve", "done", 1), ("refuse", "skipped", 1)):
        run = held_run(house)
        assert told(door.get(f"{RUNS}/{run}", key=key))["lapses_at"] == "2026-12-04T15:00:00Z"
        path = f"{RUNS}/{run}/{word}"
        assert refusal(door.post(path, key=house.key("events", "cards:write"))) == (403, "missing_scope")

        shown = told(door.post(path, key=key, body={"note": "she asked"}, headers={"Idempotency-Key": word}))

        assert (shown["outcome"], shown["lapses_at"], len(house.cards())) == (outcome, None, cards)
        [row] = house.rows("audit", subject=run)
        assert (row["act"], row["note"], "key_id" in row["origin"]) == (f"{word}_run", "she asked", True)
        again = door.post(path, key=key, body={"note": "she asked"}, headers={"Idempotency-Key": word})
        assert (again.get_json(), again.headers["Idempotent-Replayed"]) == (shown, "true")
        for late in ("approve", "refuse"):
            assert refusal(door.post(f"{RUNS}/{run}/{late}", key=key)) == (409, "run_not_held")
    house.require_proof()


def test_a_run_goes_again_by_either_recipe(door: Door) -> None:
    book(door, "b-0", type="booking.completed")
    [run] = book(door)["runs"]
    key = door.house.key("events")
    path = f"{RUNS}/{run['id']}/replay"

    for which in ("same", "today"):
        shown = told(door.post(path, key=key, body={"with": which}))
        assert (shown["outcome"], shown["replays"]) == ("not_matched", run["id"])
    query = f"replays={run['id']}"
    assert len(told(door.get(RUNS, key=key, query=query))["data"]) == 2
    assert refusal(door.post(path, key=key, body={})) == (422, "validation_failed")
    assert refusal(door.post(path, key=key, body={"with": "tomorrow"})) == (422, "validation_failed")


def test_what_is_done_is_not_done_again(door: Door) -> None:
    [run] = book(door)["runs"]

    answer = door.post(f"{RUNS}/{run['id']}/replay", key=door.house.key("events"), body={"with": "same"})

    assert refusal(answer) == (409, "not_replayable")
    assert len(door.house.cards()) == 1


def test_a_run_is_shown_as_a_test_or_why_it_is_none(quick_door: Door) -> None:
    door, key = quick_door, quick_door.house.key("events")
    [done] = book(quick_door)["runs"]
    [again] = book(quick_door, "b-2")["runs"]

    made = told(door.get(f"{RUNS}/{done['id']}/test", key=key))

    assert (made["recipe"], made["file"]) == ("first-booking", "recipes/first-booking.yaml")
    assert made["yaml"].splitlines()[-1] == "      - issue_card: {amount: 25.00 USD}"
    assert "mia@" not in made["yaml"]
    assert refusal(door.get(f"{RUNS}/{again['id']}/test", key=key)) == (409, "not_replayable")
    other = door.house.key("events", account=OTHER)
    assert refusal(door.get(f"{RUNS}/{done['id']}/test", key=other)) == (404, "not_found")
