"""Keys by REST: made with what they may do, shown once, ended."""

from typing import Any

import pytest

from tests.kit.house import OTHER
from tests.web.door import Door, refusal, wrong_fields

PATH = "/v1/keys"
NOBODY = "key_" + "0" * 26


@pytest.fixture
def key(door: Door) -> str:
    return door.house.key("admin")


@pytest.fixture
def quick_key(quick_door: Door) -> str:
    return quick_door.house.key("admin")


def test_a_key_opens_what_was_asked_for_until_it_is_revoked(door: Door, key: str) -> None:
    """S004-03."""
    body = {"name": "till", "scopes": ["cards:read"], "allow_ips": ["203.0.113.7"]}
    answer = door.post(PATH, key=key, body=body)
    assert answer.status_code == 201, answer.text
    made = answer.get_json()
    assert (made["scopes"], made["allow_ips"]) == (["cards:read"], ["203.0.113.7/32"])
    assert door.get("/v1/gift-cards", key=made["key"]).status_code == 200
    assert door.get("/v1/gift-cards", key=made["key"], peer="203.0.113.8").status_code == 403

    gone = door.call("DELETE", f"{PATH}/{made['id']}", key=key)

    assert (gone.status_code, gone.data) == (204, b"")
    assert refusal(door.get("/v1/gift-cards", key=made["key"])) == (401, "unauthorized")
    again = door.call("DELETE", f"{PATH}/{made['id']}", key=key)
    assert again.status_code == 204, "ended is ended, however often"


def test_a_key_is_replaced_without_a_request_refused(door: Door, key: str) -> None:
    """S004-71, S004-72: both are good until the first is revoked, and the new one goes on."""
    body = {"name": "till", "scopes": ["cards:read"]}
    old, new = (door.post(PATH, key=key, body=body).get_json() for _ in "ab")
    assert [door.get("/v1/gift-cards", key=one["key"]).status_code for one in (old, new, old)] == [200] * 3

    door.call("DELETE", f"{PATH}/{old['id']}", key=key)

    assert [door.get("/v1/gift-cards", key=one["key"]).status_code for one in (old, new)] == [401, 200]


def test_a_secret_is_in_the_answer_that_made_it_and_in_no_other(door: Door, key: str) -> None:
    made = door.post(PATH, key=key, body={}).get_json()
    listed = door.get(PATH, key=key)

    assert made["key"] not in listed.text
    assert key not in listed.text
    assert {name: value for name, value in made.items() if name != "key"} in listed.get_json()["data"]


def test_a_key_may_end_by_itself(quick_door: Door, quick_key: str) -> None:
    made = quick_door.post(PATH, key=quick_key, body={"expires_at": "2027-01-01T00:00:00Z"})

    assert made.get_json()["expires_at"] == "2027-01-01T00:00:00Z"


def test_a_platform_key_makes_keys_of_accounts_and_none_like_itself(door: Door) -> None:
    platform = door.house.gateway.create_key(None, name="agency")

    made = door.post(PATH, key=platform["key"], body={"account": OTHER, "scopes": ["admin"]}).get_json()

    assert door.house.gateway.authenticate(made["key"]).account.slug == OTHER
    assert list(wrong_fields(door.post(PATH, key=platform["key"], body={}))) == ["account"]
    answer = door.post(PATH, key=platform["key"], body={"account": OTHER, "scopes": ["platform"]})
    assert list(wrong_fields(answer)) == ["scopes"]
    gone = door.call("DELETE", f"{PATH}/{platform['id']}", key=platform["key"], query=f"account={OTHER}")
    assert gone.status_code == 404


def test_another_account_s_key_is_not_there(quick_door: Door, quick_key: str) -> None:
    theirs = quick_door.house.gateway.create_key(quick_door.house.other, name="theirs")
    told = set()
    for public_id in (theirs["id"], NOBODY):
        answer = quick_door.call("DELETE", f"{PATH}/{public_id}", key=quick_key)
        told.add((*refusal(answer), answer.get_json(force=True)["detail"].replace(public_id, "")))

    assert len(told) == 1
    assert quick_door.house.gateway.authenticate(theirs["key"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": ["cards:red"]}, "scopes"),
        ({"scopes": "cards:read"}, "scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"allow_ips": ["anywhere"]}, "allow_ips"),
        ({"allow_ips": [f"10.0.{n}.0/24" for n in range(101)]}, "allow_ips"),
        ({"name": "a" * 201}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"secret": "gck_mine"}, "secret"),
    ],
)
def test_what_is_wrong_is_named(quick_door: Door, quick_key: str, body: dict[str, Any], field: str) -> None:
    answer = quick_door.post(PATH, key=quick_key, body=body)

    assert refusal(answer) == (422, "validation_failed")
    assert list(wrong_fields(answer)) == [field]
