"""A key is changed for a token: RFC 6749's answers, and never more than the key is worth."""

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from connector.flows.limits import Limits, Rate
from tests.kit.house import House
from tests.web.door import Door, door_of, refusal

FORM = "application/x-www-form-urlencoded"
CARDS = "/v1/gift-cards"
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def made(quick_door: Door) -> dict[str, Any]:
    house = quick_door.house
    return house.gateway.create_key(house.account, name="till", scopes=["cards:read", "cards:write"])


def ask(door: Door, fields: dict[str, str], **how: Any) -> TestResponse:
    return door.post("/oauth/token", raw=urlencode(fields).encode(), content_type=FORM, **how)


def credentials(made: dict[str, Any]) -> dict[str, str]:
    return {**GRANT, "client_id": made["id"], "client_secret": made["key"]}


def basic(client: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()}


def token_of(door: Door, made: dict[str, Any], **more: str) -> str:
    return str(ask(door, {**credentials(made), **more}).get_json()["access_token"])


def wrong(answer: TestResponse) -> tuple[int, str]:
    assert answer.content_type == "application/json"
    assert set(answer.get_json()) == {"error", "error_description"}
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.get_json()["error"]


def test_a_key_gets_a_token_that_opens_what_the_key_opens(door: Door) -> None:
    """S004-04."""
    house = door.house
    made = house.gateway.create_key(house.account, name="till", scopes=["cards:read", "cards:write"])

    answer = ask(door, credentials(made))

    told = answer.get_json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert {**told, "access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "cards:read cards:write",
    }
    token = told["access_token"]
    assert token.startswith("gct_")
    card = door.post(CARDS, key=token, body={"amount": 2500})
    assert card.status_code == 201
    assert card.get_json()["origin"] == {"key_id": made["id"]}
    assert token not in house.everything()


def test_the_key_may_come_by_basic_authentication(quick_door: Door, made: dict[str, Any]) -> None:
    answer = ask(quick_door, GRANT, headers=basic(made["id"], made["key"]))

    assert answer.status_code == 200
    assert quick_door.get(CARDS, key=answer.get_json()["access_token"]).status_code == 200


def test_a_scope_narrows_the_token(quick_door: Door, made: dict[str, Any]) -> None:
    answer = ask(quick_door, {**credentials(made), "scope": "cards:read"})
    token = answer.get_json()["access_token"]

    assert answer.get_json()["scope"] == "cards:read"
    assert quick_door.get(CARDS, key=token).status_code == 200
    assert refusal(quick_door.post(CARDS, key=token, body={"amount": 1})) == (403, "missing_scope")


def test_admin_can_be_narrowed_to_anything_and_others_are_never_widened(quick_door: Door) -> None:
    house = quick_door.house
    admin = house.gateway.create_key(house.account, name="boss", scopes=["admin"])
    till = house.gateway.create_key(house.account, name="till", scopes=["cards:read"])

    assert ask(quick_door, {**credentials(admin), "scope": "webhooks contacts"}).get_json()["scope"] == (
        "webhooks contacts"
    )
    for scope in ("admin", "cards:read cards:write", "nonsense", "platform", "CARDS:READ"):
        assert wrong(ask(quick_door, {**credentials(till), "scope": scope})) == (400, "invalid_scope"), scope
    assert wrong(ask(quick_door, {**credentials(admin), "scope": "platform"})) == (400, "invalid_scope")


def test_a_token_ends_after_an_hour(quick_door: Door, made: dict[str, Any]) -> None:
    token = token_of(quick_door, made)
    clock = quick_door.house.clock

    clock.forward(timedelta(minutes=60) - timedelta(microseconds=1))
    assert quick_door.get(CARDS, key=token).status_code == 200
    clock.forward(timedelta(microseconds=1))
    assert refusal(quick_door.get(CARDS, key=token)) == (401, "unauthorized")


def test_a_token_ends_with_its_key(door: Door) -> None:
    house = door.house
    ends = house.clock.now() + timedelta(minutes=10)
    short = house.gateway.create_key(house.account, name="short", expires_at=ends)
    revoked = house.gateway.create_key(house.account, name="lost")
    told = ask(door, credentials(short)).get_json()
    tokens = [told["access_token"], token_of(door, revoked)]
    assert told["expires_in"] == 600
    assert [door.get(CARDS, key=one).status_code for one in tokens] == [200, 200]

    house.gateway.revoke_key(house.account, revoked["id"])
    assert [door.get(CARDS, key=one).status_code for one in tokens] == [200, 401]
    house.clock.forward(timedelta(minutes=10))
    assert [door.get(CARDS, key=one).status_code for one in tokens] == [401, 401]


def test_a_token_is_held_to_its_key_s_allowlist_and_limit(sqlite_house: House) -> None:
    door = door_of(sqlite_house, rates=Limits(per_key=Rate(3, 60)))
    made = sqlite_house.gateway.create_key(
        sqlite_house.account, name="till", allow_ips=["203.0.113.0/24"], scopes=["cards:read"]
    )
    token = token_of(door, made)

    assert wrong(ask(door, credentials(made), peer="198.51.100.1")) == (401, "invalid_client")
    elsewhere = door.get(CARDS, key=token, peer="198.51.100.1")
    assert refusal(elsewhere) == (403, "address_not_allowed")
    told = [door.get(CARDS, key=one).status_code for one in (token, made["key"], token)]
    assert told == [200, 200, 429], "a key and its tokens are one caller, the asking for them included"
    assert refusal(ask(door, credentials(made))) == (429, "rate_limited")


def test_a_token_gets_no_token(quick_door: Door, made: dict[str, Any]) -> None:
    token = token_of(quick_door, made)

    assert wrong(ask(quick_door, {**GRANT, "client_id": made["id"], "client_secret": token})) == (
        401,
        "invalid_client",
    )


def test_a_platform_key_s_token_makes_accounts(quick_door: Door) -> None:
    made = quick_door.house.gateway.create_key(None, name="agency")
    token = token_of(quick_door, made)

    assert quick_door.post("/v1/accounts", key=token, body={"slug": "new-shop"}).status_code == 201
    assert refusal(quick_door.get(CARDS, key=token)) == (403, "missing_scope")


def test_whatever_is_wrong_with_the_key_is_told_alike(quick_door: Door, made: dict[str, Any]) -> None:
    house = quick_door.house
    other = house.gateway.create_key(house.other, name="theirs")
    lost = house.gateway.create_key(house.account, name="lost")
    house.gateway.revoke_key(house.account, lost["id"])
    pairs = [
        (made["id"], "gck_wrong"),
        (made["id"], other["key"]),
        (other["id"], made["key"]),
        ("key_nobody", made["key"]),
        ("", made["key"]),
        (lost["id"], lost["key"]),
        ("é", "\x00"),
    ]
    told = set()
    for client, secret in pairs:
        for answer in (
            ask(quick_door, {**GRANT, "client_id": client or "-", "client_secret": secret}),
            ask(quick_door, GRANT, headers=basic(client, secret.replace("\x00", ""))),
        ):
            assert answer.headers["WWW-Authenticate"].startswith("Basic")
            told.add(wrong(answer))
    assert told == {(401, "invalid_client")}


@pytest.mark.parametrize(
    ("fields", "headers", "said"),
    [
        ({"client_id": "a", "client_secret": "b"}, {}, (400, "invalid_request")),
        ({"grant_type": "", "client_id": "a", "client_secret": "b"}, {}, (400, "invalid_request")),
        (
            {"grant_type": "password", "client_id": "a", "client_secret": "b"},
            {},
            (400, "unsupported_grant_type"),
        ),
        (GRANT, {}, (401, "invalid_client")),
        ({**GRANT, "client_id": "a"}, {}, (401, "invalid_client")),
        ({**GRANT, "client_secret": "b"}, basic("a", "b"), (400, "invalid_request")),
        (GRANT, {"Authorization": "Bearer gck_abc"}, (401, "invalid_client")),
        (GRANT, {"Authorization": "Basic"}, (401, "invalid_client")),
        (GRANT, {"Authorization": "Basic !!!!"}, (401, "invalid_client")),
        (
            GRANT,
            {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
            (401, "invalid_client"),
        ),
        (
            GRANT,
            {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
            (401, "invalid_client"),
        ),
    ],
)
def test_a_wrong_request_is_refused_in_the_standard_s_words(
    quick_door: Door, fields: dict[str, str], headers: dict[str, str], said: tuple[int, str]
) -> None:
    assert wrong(ask(quick_door, fields, headers=headers)) == said


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"grant_type=client_credentials", "text/plain"),
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM),
        (b"\xff\xfe=1", FORM),
        (b"a=%ff", FORM),
        (b"&".join(b"f%d=1" % number for number in range(100)), FORM),
    ],
)
def test_what_is_no_form_of_a_few_fields_is_refused(quick_door: Door, raw: bytes, content_type: str) -> None:
    answer = quick_door.post("/oauth/token", raw=raw, content_type=content_type)

    assert wrong(answer) == (400, "invalid_request")


def test_wrong_secrets_are_counted_at_their_address(sqlite_house: House) -> None:
    door = door_of(sqlite_house, rates=Limits(per_address=Rate(3, 60)))
    made = sqlite_house.gateway.create_key(sqlite_house.account, name="till")
    bad = {**GRANT, "client_id": made["id"], "client_secret": "gck_wrong"}

    told = [ask(door, bad).status_code for _ in range(5)]

    assert told == [401, 401, 401, 429, 429]
    assert ask(door, credentials(made)).status_code == 200


def test_a_made_up_token_opens_nothing(quick_door: Door, made: dict[str, Any]) -> None:
    token = token_of(quick_door, made)

    for forged in (token[:-1], token + "A", token[:4] + token[5:], "gct_" + "A" * 200):
        assert refusal(quick_door.get(CARDS, key=forged)) == (401, "unauthorized")
    assert quick_door.call("GET", "/oauth/token").status_code == 405
