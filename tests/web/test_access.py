"""Who asks is known by a key of the account, in one header, written once."""

from datetime import timedelta

import pytest

from connector.domain.errors import Unauthorized
from connector.operations.kit import SCOPES
from connector.web.access import key_in
from tests.web.door import Door, refusal

CARD = "gc_" + "0" * 26
ENDPOINT = "we_" + "0" * 26

# Every route that asks for a key, the scope it needs, and a body that it takes.
ROUTES: list[tuple[str, str, str, object]] = [
    ("POST", "/v1/gift-cards", "cards:write", {"amount": 2500}),
    ("POST", f"/v1/gift-cards/{CARD}/redeem", "cards:write", {"amount": 1}),
    ("POST", "/v1/actions/issue-gift-card", "cards:write", {"amount": "25.00"}),
    ("POST", "/v1/actions/redeem-gift-card", "cards:write", {"card": CARD, "amount": "1.00"}),
    ("POST", "/v1/actions/check-balance", "cards:read", {"card": CARD}),
    ("GET", "/v1/gift-cards", "cards:read", None),
    ("GET", f"/v1/gift-cards/{CARD}", "cards:read", None),
    ("POST", "/v1/gift-cards/lookup", "cards:read", {"code": "AAAA-AAAA"}),
    ("POST", "/v1/webhook-endpoints", "webhooks", {"url": "http://127.0.0.1:9999/hook"}),
    ("GET", "/v1/webhook-endpoints", "webhooks", None),
    ("GET", f"/v1/webhook-endpoints/{ENDPOINT}", "webhooks", None),
    ("DELETE", f"/v1/webhook-endpoints/{ENDPOINT}", "webhooks", None),
]
OPEN_RULES = {"/", "/healthz", "/readyz", "/metrics"}


@pytest.mark.parametrize("written", ["Bearer gck_abc", "bearer gck_abc", "BEARER  gck_abc "])
def test_a_key_is_read_from_the_bearer_header(written: str) -> None:
    assert key_in(written) == "gck_abc"


@pytest.mark.parametrize(
    "written",
    [
        *("", "Bearer", "Bearer ", "gck_abc", "Basic gck_abc", "Bearergck_abc", "Bearer whsec_abc"),
        *(
            "Bearer gck_",
            "Bearer gck_a b",
            "Bearer gck_a, Bearer gck_b",
            "Bearer gck_\xff",
            "Bearer gck_a\x00",
        ),
        *("Bearer gck_" + "a" * 201, "Bearer gck_" + "a" * 100_000, "Bearer ｇck_abc", "Bearer\tgck_abc"),
    ],
)
def test_anything_else_is_no_key(written: str) -> None:
    with pytest.raises(Unauthorized):
        key_in(written)


def test_every_route_below_v1_is_in_the_matrix(quick_door: Door) -> None:
    """No undocumented route: what is neither here nor open is a hook."""
    rules = {
        (method, rule.rule)
        for rule in quick_door.client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    closed = {(method, rule) for method, rule in rules if rule.startswith("/v1/")}
    assert len(closed) == len(ROUTES)
    assert {rule for _, rule in rules - closed if not rule.startswith("/hooks/")} == OPEN_RULES


def test_each_scope_opens_its_own_routes_and_no_other(quick_door: Door) -> None:
    keys = {scope: quick_door.house.key(scope) for scope in SCOPES}

    for method, path, needed, body in ROUTES:
        for scope, key in keys.items():
            answer = quick_door.call(method, path, key=key, body=body)
            if scope in (needed, "admin"):
                assert answer.status_code in (200, 201, 404), (method, path, scope, answer.text)
            else:
                assert refusal(answer) == (403, "missing_scope"), (method, path, scope)
                assert needed in answer.get_json(force=True)["detail"]


def test_without_a_valid_key_every_route_is_closed(quick_door: Door) -> None:
    for method, path, _, body in ROUTES:
        for key in ("", "gck_nobodys", "whsec_other"):
            answer = quick_door.call(method, path, key=key, body=body)
            assert refusal(answer) == (401, "unauthorized"), (method, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert quick_door.house.cards() == []


def test_who_asks_is_known_before_the_body_is_looked_at(quick_door: Door) -> None:
    answer = quick_door.post("/v1/gift-cards", raw=b"not json", content_type="text/plain")

    assert refusal(answer) == (401, "unauthorized")


def test_a_key_that_was_revoked_or_has_ended_opens_nothing_from_the_next_request_on(door: Door) -> None:
    house = door.house
    revoked = house.gateway.create_key(house.account, name="a", scopes=["cards:read"])
    ending = house.gateway.create_key(
        house.account, name="b", scopes=["cards:read"], expires_at=house.clock.now() + timedelta(hours=1)
    )
    assert door.get("/v1/gift-cards", key=revoked["key"]).status_code == 200
    assert door.get("/v1/gift-cards", key=ending["key"]).status_code == 200

    house.gateway.revoke_key(house.account, revoked["id"])
    house.clock.forward(timedelta(hours=1))

    assert refusal(door.get("/v1/gift-cards", key=revoked["key"])) == (401, "unauthorized")
    assert refusal(door.get("/v1/gift-cards", key=ending["key"])) == (401, "unauthorized")


def test_a_key_in_the_query_or_a_cookie_is_no_key(quick_door: Door) -> None:
    key = quick_door.house.key("admin")

    assert refusal(quick_door.get("/v1/gift-cards", query=f"access_token={key}")) == (401, "unauthorized")
    answer = quick_door.get("/v1/gift-cards", headers={"Cookie": f"Authorization=Bearer {key}"})
    assert refusal(answer) == (401, "unauthorized")
