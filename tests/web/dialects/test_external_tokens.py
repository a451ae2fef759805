"""An access token by e-mail: one answer for everybody, and not many of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.flows.limits import Rate
from tests.kit.house import House, open_house
from tests.web.dialects.asking import refused
from tests.web.door import Door, door_of

PATH = "/api/external/access-token"
OWNER = "owner@glow.example"


@pytest.fixture
def guarded(sqlite_url: str, tmp_path: Path) -> Iterator[Door]:
    house = open_house(tmp_path, sqlite_url, failed_lookups=Rate(3, 60))
    yield door_of(house)
    house.gateway.close()


def ask(door: Door, email: Any = OWNER, path: str = PATH, **how: Any) -> Any:
    return door.post(path, body={"email": email}, **how)


def waiting(house: House) -> int:
    return len(house.rows("token_requests"))


def test_whoever_asks_gets_the_same_answer(door: Door) -> None:
    """S002-04, S002-05: the same work too: a row, which a worker looks at."""
    key = door.house.key("admin")
    made = door.call("PATCH", "/v1/accounts/glow-spa", key=key, body={"name": "x"})
    assert made.status_code == 409, "its address stands in config.toml"

    answers = [ask(door, one) for one in (OWNER, "stranger@example.com", "no address")]
    answers.append(ask(door, path="/external/access-token"))

    assert {one.status_code for one in answers} == {202}
    assert len({one.data for one in answers}) == 1
    assert "spam" in answers[0].get_json()["message"]
    assert waiting(door.house) == 4
    assert door.house.gateway.run_jobs() == 4
    assert waiting(door.house) == 0 and door.house.rows("notifications") == []


def test_it_is_asked_for_as_rarely_as_codes_are_guessed(guarded: Door) -> None:
    for _ in range(3):
        assert ask(guarded).status_code == 202

    refusal = ask(guarded)
    assert refused(refusal)[:2] == (429, "rate_limited") and refusal.headers["Retry-After"]
    assert waiting(guarded.house) == 3
    assert ask(guarded, peer="198.51.100.9").status_code == 202, "somebody elsewhere"


@pytest.mark.parametrize(
    "body", [{}, {"email": None}, {"email": ""}, {"email": 7}, {"email": "x" * 321}, {"mail": "x"}]
)
def test_what_is_no_request_is_refused(quick_door: Door, body: Any) -> None:
    status, code, _ = refused(quick_door.post(PATH, body=body))

    assert (status, code) == (422, "validation_failed")
    assert waiting(quick_door.house) == 0


def test_an_account_says_where_its_token_is_sent(quick_door: Door) -> None:
    """By a platform key, and by its own admin; an address that is none is refused."""
    platform = str(quick_door.house.gateway.create_key(None, name="agency")["key"])

    made = quick_door.post("/v1/accounts", key=platform, body={"slug": "new", "email": "Me@Example.com"})
    assert (made.status_code, made.get_json()["email"]) == (201, "me@example.com")
    own = quick_door.house.key("admin", account="new")
    for told, shown in (("you@example.com", "you@example.com"), (None, None), ("", None)):
        answer = quick_door.call("PATCH", "/v1/accounts/new", key=own, body={"email": told})
        assert answer.get_json()["email"] == shown
    wrong = quick_door.call("PATCH", "/v1/accounts/new", key=own, body={"email": "nobody"})
    assert wrong.status_code == 422
