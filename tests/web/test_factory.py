"""What holds of every answer: its id, its headers, no door left open to other sites, never a 500."""

import itertools

import pytest
from structlog.testing import capture_logs

from connector.web.factory import create_web
from tests.kit.house import House
from tests.web.door import Door, door_of, refusal

ODD_PATHS = [
    *(
        "/..",
        "/../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/.",
        "/%00",
        "/%0d%0aX-Evil: 1",
        "/v1//gift-cards",
    ),
    *("/v1/gift-cards/", "/v1/gift-cards//", "/v1/gift-cards/%2e%2e", "/v1", "/v1/"),
    *(
        "/V1/gift-cards",
        "/v1/gift%2Dcards%00",
        "/v1/gift-cards;x=1",
        "/%ff%fe",
        "/%",
        "/%zz",
        "/\\",
        "/v1\\gift-cards",
    ),
    *(
        "/" + "a/" * 2_000,
        "/" + "a" * 100_000,
        "/v1/gift-cards/gc_" + "0" * 25,
        "/v1/gift-cards/gc_" + "0" * 27,
    ),
    *(
        "/v1/gift-cards/GC_" + "0" * 26,
        "/v1/gift-cards/we_" + "0" * 26,
        "/v1/gift-cards/gc_" + "0" * 26 + "%0a",
    ),
    *("/v1/gift-cards/gc_" + "０" * 26, "/v1/actions", "/v1/actions/", "/v1/actions/no-such-action"),
    *("/static/x", "/favicon.ico", "/openapi.yaml", "/docs/", "/healthz/", "/metrics/x"),
    "/v1/webhook-endpoints/x",
]


def test_every_answer_has_an_id_of_its_own_and_closed_headers(quick_door: Door) -> None:
    key = quick_door.house.key("admin")
    answers = [
        quick_door.get("/"),
        quick_door.get("/healthz"),
        quick_door.get("/nowhere"),
        quick_door.call("PUT", "/v1/gift-cards"),
        quick_door.get("/v1/gift-cards", key=key),
        quick_door.post("/v1/gift-cards", key=key, body={"amount": 2500}),
        quick_door.post("/v1/gift-cards", body={}),
        quick_door.deliver("calendly", "booking.created"),
    ]

    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert len(set(ids)) == len(answers)
    for answer in answers:
        assert answer.headers["X-Request-Id"].startswith("req_")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers


def test_each_request_with_a_key_is_one_line_of_the_log(quick_door: Door) -> None:
    """S004-63: read or written, done or refused; the route stands for the path, and no value is in it."""
    made = quick_door.house.gateway.create_key(quick_door.house.account, name="till", scopes=["cards:read"])
    card = quick_door.house.issue(2500)["id"]

    with capture_logs() as lines:
        quick_door.get(f"/v1/gift-cards/{card}", key=made["key"])
        refused = quick_door.post(f"/v1/gift-cards/{card}/redeem", key=made["key"], body={"amount": 1})
        listed = quick_door.get("/api/external/gift-cards", key=made["key"])
        quick_door.get("/healthz")

    told = [(one["event"], one["key"], one["method"], one["route"], one["status"]) for one in lines]
    assert told == [
        ("answered", made["id"], "GET", "/v1/gift-cards/{card}", 200),
        ("refused", made["id"], "POST", "/v1/gift-cards/{card}/redeem", 403),
        ("answered", made["id"], "GET", "/api/external/gift-cards", 200),
    ]
    assert [one["request"] for one in lines[1:]] == [
        answer.headers["X-Request-Id"] for answer in (refused, listed)
    ]
    assert made["key"] not in str(lines) and card not in str(lines)


def test_an_id_that_the_caller_sends_is_not_taken_over(quick_door: Door) -> None:
    answer = quick_door.get("/healthz", headers={"X-Request-Id": "req_mine"})

    assert answer.headers["X-Request-Id"] != "req_mine"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://gifts.example.com"])
def test_no_other_site_may_read_an_answer(quick_door: Door, origin: str) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }

    for method, path in itertools.product(("OPTIONS", "GET", "POST"), ("/v1/gift-cards", "/", "/healthz")):
        answer = quick_door.call(method, path, headers=asked)
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "FOO", "PROPFIND"])
def test_a_method_that_is_not_ours_is_405_with_those_that_are(quick_door: Door, method: str) -> None:
    answer = quick_door.call(method, "/v1/gift-cards")

    assert refusal(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST"


def test_an_odd_path_is_404(quick_door: Door) -> None:
    key = quick_door.house.key("admin")

    for path in ODD_PATHS:
        for method in ("GET", "POST"):
            answer = quick_door.call(method, path, key=key)
            assert refusal(answer) == (404, "not_found"), (method, path[:80])


@pytest.mark.parametrize("path", ["//", "//healthz", "//v1/gift-cards", "///"])
def test_two_slashes_at_the_start_are_another_path(quick_door: Door, path: str) -> None:
    answer = quick_door.client.get("/healthz", environ_overrides={"PATH_INFO": path})

    assert refusal(answer) == (404, "not_found")


@pytest.mark.parametrize("host", ["evil.example", "..", "a" * 300, "[", "x:99999", "é", "", "a@b", " "])
def test_the_host_header_is_never_looked_at(quick_door: Door, host: str) -> None:
    assert quick_door.get("/healthz", headers={"Host": host}).status_code == 200
    answer = quick_door.get("/nowhere", headers={"Host": host, "X-Forwarded-Host": host})
    assert refusal(answer) == (404, "not_found")


def test_head_is_answered_where_get_is(quick_door: Door) -> None:
    answer = quick_door.call("HEAD", "/healthz")

    assert (answer.status_code, answer.data) == (200, b"")


def test_a_wrong_list_of_proxies_is_said_before_anything_is_served(sqlite_house: House) -> None:
    with pytest.raises(ValueError, match="not-a-network"):
        create_web(
            sqlite_house.gateway,
            public_url="https://gifts.example.com",
            trusted_proxies=["not-a-network"],
            max_body_bytes=1,
        )


def test_two_webs_in_one_process_do_not_share_what_they_count(sqlite_house: House) -> None:
    one, other = door_of(sqlite_house), door_of(sqlite_house)

    one.get("/healthz")

    line = 'connector_http_requests_total{route="/healthz",status="200"} 1.0'
    assert line in one.get("/metrics", peer="127.0.0.1").text
    assert line not in other.get("/metrics", peer="127.0.0.1").text


def test_no_address_is_asked_for_by_an_endpoints_name(quick_door: Door) -> None:
    """What would answer is left out of each start: see `_Way`."""
    with pytest.raises(LookupError):
        quick_door.client.application.url_map.bind("connector").build("card", {"token": "t"})
