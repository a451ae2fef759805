"""Who asks is known by a key of the account, in one header, written once."""

from datetime import timedelta

import pytest

from connector.domain.errors import Unauthorized
from connector.flows.access import PLATFORM
from connector.operations.kit import SCOPES
from connector.web.access import key_in
from connector.web.factory import DIALECTS
from tests.web.door import Door, door_of, refusal

CARD = "gc_" + "0" * 26
CONTACT = "ct_" + "0" * 26
KEY = "key_" + "0" * 26
ENDPOINT = "we_" + "0" * 26
TRANSACTION = "tr_" + "0" * 26
FUND = "fund_" + "0" * 26
JOB = "job_" + "0" * 26
HOLD = "hold_" + "0" * 26
RUN = "run_" + "0" * 26
EVENT = "evt_" + "0" * 26
DELIVERY = "dlv_" + "0" * 26
NOTIFICATION = "ntf_" + "0" * 26
MESSAGE = "msg_" + "0" * 26
SENT = "whd_" + "0" * 26

# Every route that asks for a key, the scope it needs, and a body that it takes.
ROUTES: list[tuple[str, str, str, object]] = [
    ("POST", "/v1/gift-cards", "cards:write", {"amount": 2500}),
    ("POST", f"/v1/gift-cards/{CARD}/redeem", "cards:write", {"amount": 1}),
    ("POST", f"/v1/gift-cards/{CARD}/load", "cards:write", {"amount": 1}),
    ("POST", f"/v1/gift-cards/{CARD}/adjust", "cards:write", {"amount": -1, "reason": "goodwill"}),
    ("POST", f"/v1/gift-cards/{CARD}/set-balance", "cards:write", {"balance": 1}),
    ("POST", f"/v1/gift-cards/{CARD}/refund", "cards:write", {"transaction_id": "tr_1"}),
    ("POST", f"/v1/gift-cards/{CARD}/transfer", "cards:write", {"to": CARD, "amount": 1}),
    ("POST", f"/v1/gift-cards/{CARD}/cash-out", "cards:write", {}),
    ("PATCH", f"/v1/gift-cards/{CARD}", "cards:write", {"note": "n"}),
    ("POST", f"/v1/gift-cards/{CARD}/disable", "cards:write", {"permanent": True}),
    ("POST", f"/v1/gift-cards/{CARD}/enable", "cards:write", None),
    ("POST", f"/v1/gift-cards/{CARD}/renew-link", "cards:write", {}),
    ("POST", f"/v1/gift-cards/{CARD}/extend", "cards:write", {"expires_at": "2027-01-01T00:00:00Z"}),
    ("POST", f"/v1/gift-cards/{CARD}/expire", "cards:write", None),
    ("POST", f"/v1/gift-cards/{CARD}/revive", "cards:write", {"reason": "by mistake"}),
    ("POST", f"/v1/gift-cards/{CARD}/remove", "cards:write", None),
    ("POST", f"/v1/gift-cards/{CARD}/restore", "cards:write", None),
    ("POST", f"/v1/gift-cards/{CARD}/change-code", "cards:write", {"code": "SPRING-2027"}),
    ("POST", f"/v1/gift-cards/{CARD}/reveal", "cards:reveal", None),
    ("POST", f"/v1/gift-cards/{CARD}/deliver", "cards:write", {"via": "email"}),
    ("GET", f"/v1/gift-cards/{CARD}/audit", "cards:read", None),
    ("GET", "/v1/audit", "admin", None),
    ("POST", f"/v1/gift-cards/{CARD}/holds", "cards:write", {"amount": 1}),
    ("GET", f"/v1/gift-cards/{CARD}/holds", "cards:read", None),
    ("GET", f"/v1/holds/{HOLD}", "cards:read", None),
    ("POST", f"/v1/holds/{HOLD}/capture", "cards:write", {"amount": 1}),
    ("POST", f"/v1/holds/{HOLD}/release", "cards:write", None),
    ("POST", "/v1/actions/disable-gift-card", "cards:write", {"card": CARD}),
    ("POST", "/v1/actions/send-gift-card", "cards:write", {"card": CARD}),
    ("POST", "/v1/actions/load-gift-card", "cards:write", {"card": CARD, "amount": "1.00"}),
    (
        "POST",
        "/v1/actions/adjust-balance",
        "cards:write",
        {"card": CARD, "amount": "-1.00", "reason": "fraud"},
    ),
    ("POST", "/v1/actions/issue-gift-card", "cards:write", {"amount": "25.00"}),
    ("POST", "/v1/actions/redeem-gift-card", "cards:write", {"card": CARD, "amount": "1.00"}),
    ("POST", "/v1/actions/check-balance", "cards:read", {"card": CARD}),
    ("GET", "/v1/gift-cards", "cards:read", None),
    ("GET", f"/v1/gift-cards/{CARD}/transactions", "cards:read", None),
    ("GET", "/v1/transactions", "cards:read", None),
    ("GET", f"/v1/transactions/{TRANSACTION}", "cards:read", None),
    ("PATCH", f"/v1/transactions/{TRANSACTION}", "cards:write", {"invoice": "INV-7"}),
    ("GET", "/v1/reports/liability", "reports", None),
    ("GET", "/v1/reports/redemptions", "reports", None),
    ("GET", "/v1/reports/recipes", "reports", None),
    ("GET", "/v1/reports/contacts-with-balance", "reports", None),
    ("GET", "/v1/reports/funding", "reports", None),
    ("GET", f"/v1/gift-cards/{CARD}", "cards:read", None),
    ("POST", "/v1/gift-cards/lookup", "cards:read", {"code": "AAAA-AAAA"}),
    ("POST", "/v1/gift-cards/bulk", "cards:write", {"gift_cards": [{"amount": 2500}]}),
    ("GET", "/v1/jobs", "cards:read", None),
    ("GET", f"/v1/jobs/{JOB}", "cards:read", None),
    ("GET", f"/v1/jobs/{JOB}/lines", "cards:read", None),
    ("POST", f"/v1/jobs/{JOB}/cancel", "cards:write", None),
    ("POST", "/v1/contacts", "contacts", {"email": "mia@example.com", "find_or_create": True}),
    ("GET", "/v1/contacts", "contacts", None),
    ("GET", f"/v1/contacts/{CONTACT}", "contacts", None),
    ("PATCH", f"/v1/contacts/{CONTACT}", "contacts", {"first_name": "Mia"}),
    ("POST", f"/v1/contacts/{CONTACT}/merge", "contacts", {"from": CONTACT}),
    ("POST", f"/v1/contacts/{CONTACT}/erase", "contacts", None),
    ("GET", f"/v1/contacts/{CONTACT}/gift-cards", "cards:read", None),
    ("GET", f"/v1/contacts/{CONTACT}/points", "contacts", None),
    ("POST", f"/v1/contacts/{CONTACT}/points/earn", "contacts", {"points": 1}),
    ("POST", f"/v1/contacts/{CONTACT}/points/spend", "contacts", {"points": 1}),
    ("POST", f"/v1/contacts/{CONTACT}/points/convert", "cards:write", {"points": 1, "amount": 1}),
    ("POST", "/v1/actions/add-points", "contacts", {"email": "mia@example.com", "points": 9}),
    ("POST", "/v1/actions/spend-points", "contacts", {"contact_id": CONTACT, "points": 1}),
    (
        "POST",
        "/v1/actions/convert-points",
        "cards:write",
        {"contact_id": CONTACT, "points": 1, "amount": "0.01"},
    ),
    ("POST", "/v1/actions/find-gift-cards", "cards:read", {"email": "mia@example.com"}),
    ("POST", "/v1/orders", "cards:write", {"id": 1, "lines": [{"id": 2}]}),
    ("GET", "/v1/orders", "cards:read", None),
    ("POST", "/v1/programs", "admin", {"slug": "spa", "name": "Spa day"}),
    ("GET", "/v1/programs", "cards:read", None),
    ("GET", "/v1/programs/no-such", "cards:read", None),
    ("PATCH", "/v1/programs/no-such", "admin", {"name": "Spa"}),
    ("POST", "/v1/funding", "admin", {"amount": 10_000_000}),
    ("GET", "/v1/funding", "reports", None),
    ("GET", f"/v1/funding/{FUND}", "reports", None),
    ("PATCH", f"/v1/funding/{FUND}", "admin", {"threshold": 1}),
    ("POST", f"/v1/funding/{FUND}/withdraw", "admin", {"amount": 1}),
    ("POST", "/v1/webhook-endpoints", "webhooks", {"url": "http://127.0.0.1:9999/hook"}),
    ("GET", "/v1/webhook-endpoints", "webhooks", None),
    ("GET", "/v1/event-types", "webhooks", None),
    ("GET", f"/v1/webhook-endpoints/{ENDPOINT}", "webhooks", None),
    ("PATCH", f"/v1/webhook-endpoints/{ENDPOINT}", "webhooks", {"description": "d"}),
    ("DELETE", f"/v1/webhook-endpoints/{ENDPOINT}", "webhooks", None),
    ("POST", f"/v1/webhook-endpoints/{ENDPOINT}/rotate", "webhooks", {"overlap_s": 0}),
    ("POST", f"/v1/webhook-endpoints/{ENDPOINT}/ping", "webhooks", None),
    ("POST", f"/v1/webhook-endpoints/{ENDPOINT}/pause", "webhooks", None),
    ("POST", f"/v1/webhook-endpoints/{ENDPOINT}/enable", "webhooks", {"backlog": "drop"}),
    ("POST", f"/v1/webhook-endpoints/{ENDPOINT}/recover", "webhooks", {"since": "2026-11-20T10:00:00Z"}),
    ("GET", "/v1/messages", "webhooks", None),
    ("GET", f"/v1/messages/{MESSAGE}", "webhooks", None),
    ("POST", f"/v1/messages/{MESSAGE}/replay", "webhooks", {}),
    ("GET", "/v1/webhook-deliveries", "webhooks", None),
    ("GET", f"/v1/webhook-deliveries/{SENT}", "webhooks", None),
    ("GET", f"/v1/webhook-deliveries/{SENT}/attempts", "webhooks", None),
    ("POST", f"/v1/webhook-deliveries/{SENT}/retry", "webhooks", None),
    ("POST", f"/v1/webhook-deliveries/{SENT}/cancel", "webhooks", None),
    ("POST", "/v1/hooks", "webhooks", {"target_url": "http://127.0.0.1:9999/hook", "event": "ping"}),
    ("DELETE", "/v1/hooks", "webhooks", None),
    ("DELETE", f"/v1/hooks/{ENDPOINT}", "webhooks", None),
    ("GET", "/v1/hooks/samples/gift_card.issued", "webhooks", None),
    ("GET", "/v1/runs", "events", None),
    ("GET", f"/v1/runs/{RUN}", "events", None),
    ("GET", f"/v1/runs/{RUN}/test", "events", None),
    ("POST", f"/v1/runs/{RUN}/approve", "admin", {"note": "she asked"}),
    ("POST", f"/v1/runs/{RUN}/refuse", "admin", None),
    ("POST", f"/v1/runs/{RUN}/replay", "events", {"with": "today"}),
    ("GET", "/v1/events", "events", None),
    ("GET", f"/v1/events/{EVENT}", "events", None),
    ("POST", f"/v1/events/{EVENT}/replay", "events", None),
    ("GET", "/v1/inbound", "events", None),
    ("GET", f"/v1/inbound/{DELIVERY}", "events", None),
    ("POST", f"/v1/inbound/{DELIVERY}/replay", "events", None),
    ("GET", "/v1/notifications", "contacts", None),
    ("GET", f"/v1/notifications/{NOTIFICATION}", "contacts", None),
    ("POST", f"/v1/notifications/{NOTIFICATION}/retry", "contacts", None),
    ("POST", "/v1/accounts", "platform", {"slug": "new-shop"}),
    ("GET", "/v1/accounts", "admin", None),
    ("GET", "/v1/accounts/no-shop", "admin", None),
    ("PATCH", "/v1/accounts/no-shop", "admin", {"name": "Glow"}),
    ("POST", "/v1/sources", "admin", {"slug": "new-source", "adapter": "standard"}),
    ("GET", "/v1/sources", "admin", None),
    ("GET", "/v1/sources/no-source", "admin", None),
    ("PATCH", "/v1/sources/no-source", "admin", {"rotate": True}),
    ("DELETE", "/v1/sources/no-source", "admin", None),
    ("POST", "/v1/clock", "admin", {"advance": 60}),
    ("POST", "/v1/keys", "admin", {"name": "till"}),
    ("GET", "/v1/keys", "admin", None),
    ("DELETE", f"/v1/keys/{KEY}", "admin", None),
]
PAGES = {"/docs", "/docs/<name>", "/openapi.json", "/errors/<code>"}
CARDS = {
    "/c/<token>",
    "/c/<token>/opened",
    "/c/<token>/program",
    "/c/card.css",
    "/c/card.js",
    "/balance",
    "/balance/<slug:account>",
}
TOKENS = {"/api/external/access-token", "/external/access-token"}
OPEN_RULES = {*TOKENS, "/", "/healthz", "/readyz", "/metrics", "/oauth/token", *PAGES, *CARDS}


@pytest.mark.parametrize("written", ["Bearer gck_abc", "bearer gck_abc", "BEARER  gck_abc "])
def test_a_key_is_read_from_the_bearer_header(written: str) -> None:
    assert key_in(written) == "gck_abc"


def test_a_token_is_read_from_the_same_header() -> None:
    assert key_in("Bearer gct_abc") == "gct_abc"


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
            "Bearer gct_",
            "Bearer gcx_abc",
            "Bearer gct_" + "a" * 601,
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
    rules -= {(route.method, route.path) for one in DIALECTS for route in one.routes}  # tests/web/dialects
    closed = {(method, rule) for method, rule in rules if rule.startswith("/v1/")}
    matcher = quick_door.client.application.url_map.bind("connector")
    tried = [
        (method, str(matcher.match(path, method, return_rule=True)[0].rule)) for method, path, _, _ in ROUTES
    ]
    assert sorted(tried) == sorted(closed), "each route once"
    assert {rule for _, rule in rules - closed if not rule.startswith("/hooks/")} == OPEN_RULES


def test_each_scope_opens_its_own_routes_and_no_other(quick_door: Door) -> None:
    keys = {scope: quick_door.house.key(scope) for scope in SCOPES}
    both = quick_door.house.key("cards:write", "contacts")

    for method, path, needed, body in ROUTES:
        is_converting = "convert" in path
        if is_converting:  # it makes a card of somebody's points: each scope alone is too little
            alone = quick_door.call(method, path, key=keys["cards:write"], body=body)
            assert refusal(alone) == (403, "missing_scope") and "contacts" in alone.text
        for scope, key in keys.items():
            own = both if is_converting and scope == needed else key
            answer = quick_door.call(method, path, key=own, body=body)
            if scope == needed or (scope == "admin" and needed != PLATFORM):
                assert answer.status_code not in (401, 403), (method, path, scope, answer.text)
                assert answer.status_code < 500, (method, path, scope, answer.text)
            else:
                assert refusal(answer) == (403, "missing_scope"), (method, path, scope)
                assert needed in answer.get_json(force=True)["detail"]


def test_without_a_valid_key_every_route_is_closed(quick_door: Door) -> None:
    """S004-05."""
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


def test_a_platform_key_opens_accounts_sources_keys_and_its_trail_and_no_money(quick_door: Door) -> None:
    key = quick_door.house.gateway.create_key(None, name="agency")["key"]
    theirs = {"/v1/accounts", "/v1/sources", "/v1/keys", "/v1/audit"}

    for method, path, _, body in ROUTES:
        answer = quick_door.call(method, path, key=key, body=body)
        if "/".join(path.split("/")[:3]) in theirs:
            assert answer.status_code not in (401, 403), (method, path, answer.text)
        else:
            assert refusal(answer) == (403, "missing_scope"), (method, path)
    assert quick_door.house.cards() == []


def test_a_key_is_used_from_its_own_networks_only(door: Door) -> None:
    """S004-73."""
    made = door.house.gateway.create_key(
        door.house.account, name="till", allow_ips=["198.51.100.0/24", "2001:db8::/32"]
    )
    key = made["key"]

    for peer in ("198.51.100.1", "198.51.100.255", "::ffff:198.51.100.9", "2001:db8::7"):
        assert door.get("/v1/gift-cards", key=key, peer=peer).status_code == 200, peer
    for peer in ("198.51.101.1", "2001:db9::1", "127.0.0.1", "", "unix:"):
        answer = door.get("/v1/gift-cards", key=key, peer=peer)
        assert refusal(answer) == (403, "address_not_allowed"), peer


def test_an_address_that_the_caller_wrote_itself_opens_nothing(quick_door: Door) -> None:
    """T14: only a proxy that the configuration names is believed."""
    house = quick_door.house
    key = house.gateway.create_key(house.account, name="till", allow_ips=["198.51.100.0/24"])["key"]
    written = {"X-Forwarded-For": "198.51.100.1", "X-Real-IP": "198.51.100.1"}

    stranger = quick_door.get("/v1/gift-cards", key=key, headers=written)
    proxied = door_of(house, trusted_proxies=["203.0.113.0/24"])

    assert refusal(stranger) == (403, "address_not_allowed")
    assert proxied.get("/v1/gift-cards", key=key, headers=written).status_code == 200
    assert refusal(proxied.get("/v1/gift-cards", key=key)) == (403, "address_not_allowed")


def test_when_a_key_was_used_is_noted_once_a_minute_and_never_in_the_request(door: Door) -> None:
    house = door.house
    key = house.key("cards:read")
    unused = house.key("cards:read")

    def used() -> list[str | None]:
        return [one["last_used_at"] for one in house.gateway.list_keys(house.account)]

    door.get("/v1/gift-cards", key=key)
    door.get("/v1/gift-cards", key=unused[:-1] + "!")
    assert used() == [None, None], "nothing is written while somebody waits"

    assert house.gateway.note_uses() == 1
    assert used() == ["2026-11-20T15:00:00Z", None]

    house.clock.forward(timedelta(seconds=59))
    door.get("/v1/gift-cards", key=key)
    assert house.gateway.note_uses() == 0

    house.clock.forward(timedelta(seconds=1))
    door.get("/v1/gift-cards", key=key)
    door.get("/v1/gift-cards", key=key)
    assert house.gateway.note_uses() == 1
    assert used() == ["2026-11-20T15:01:00Z", None]


def test_a_stolen_table_opens_nothing(door: Door) -> None:
    """T66: only digests of 256 random bits are kept; what is shown of a key opens nothing."""
    house = door.house
    made = house.gateway.create_key(house.account, name="till", scopes=["admin"])
    [row] = house.rows("access_keys")

    assert made["key"] not in str(row)
    assert len(made["key"]) >= 43
    for stolen in (row["hash"], row["prefix"], row["public_id"], f"gck_{row['hash']}", row["prefix"] + "a"):
        answer = door.get("/v1/gift-cards", key=stolen)
        assert refusal(answer) == (401, "unauthorized"), stolen
