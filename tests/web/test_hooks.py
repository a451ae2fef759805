"""A signed delivery goes in as it came; every refusal is one of the contract's, and leaves nothing."""

import base64
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connector.adapters.kit import Answers
from connector.domain.errors import OutcomeUnknown, Unavailable
from connector.domain.inbound import Request, Source
from connector.flows.gateway import Gateway
from connector.store import accounts
from tests.kit.deeds import make_sandbox
from tests.kit.house import ACCOUNT, PUBLIC_URL, House, open_house
from tests.walk.agency import made_live
from tests.web.door import MAX_BODY_BYTES, Door, door_of, refusal

CALENDLY = f"/hooks/{ACCOUNT}/calendly"
ZAPIER = f"/hooks/{ACCOUNT}/zapier"


def door_with(house: House, adapter: str, **changes: Any) -> Door:
    """A door to the same house, where one adapter behaves otherwise."""
    known = house.gateway.parts.adapters
    changed = {**known, adapter: dataclasses.replace(known[adapter], **changes)}
    return door_of(house, Gateway(dataclasses.replace(house.gateway.parts, adapters=changed)))


def seen_by(house: House, adapter: str = "standard") -> tuple[Door, list[Request]]:
    """A door whose adapter keeps what it is given, and verifies it as ever."""
    seen: list[Request] = []
    verify = house.gateway.parts.adapters[adapter].verify

    def keep(request: Request, source: Source) -> None:
        seen.append(request)
        verify(request, source)

    return door_with(house, adapter, verify=keep), seen


def raising(error: Exception) -> Callable[[Request, Source], None]:
    def verify(request: Request, source: Source) -> None:
        raise error

    return verify


def test_a_signed_delivery_is_processed_and_the_same_again_is_a_duplicate(door: Door) -> None:
    first = door.deliver("calendly", "booking.created")
    again = door.deliver("calendly", "booking.created")

    assert (first.status_code, first.content_type) == (200, "application/json")
    told = first.get_json()
    assert set(told) == {"delivery_id", "status", "events", "runs"}
    assert told["status"] == "processed"
    [run] = told["runs"]
    assert (run["recipe"], run["outcome"]) == ("first-booking", "done")
    assert door.house.balance(run["outputs"]["card"]["id"]) == 2500
    assert (again.status_code, again.get_json()) == (200, {**told, "status": "duplicate"})
    assert len(door.house.cards()) == 1
    door.house.require_proof()


def test_the_adapter_gets_the_bytes_and_headers_as_they_came(quick_door: Door) -> None:
    door, seen = seen_by(quick_door.house)

    answer = door.deliver(
        "standard",
        "booking.created",
        query="a=1&b=%20",
        headers={"X-Twice": "a", "Host": "evil.example", "X-Forwarded-For": "127.0.0.1"},
    )

    assert answer.status_code == 200, answer.text
    [request] = seen
    sample = quick_door.house.signed("standard", "booking.created")
    assert request.body == sample.body
    assert request.url == f"{PUBLIC_URL}/hooks/{ACCOUNT}/standard?a=1&b=%20"
    assert (request.method, request.query, request.token) == ("POST", "a=1&b=%20", None)
    assert request.headers["x-twice"] == "a"
    assert request.headers["content-type"] == "application/json"
    assert all(name == name.lower() for name in request.headers)
    assert request.address == "203.0.113.7"
    assert request.received_at == quick_door.house.clock.now()


def test_a_list_of_addresses_is_asked_of_the_real_one(sqlite_house: House) -> None:
    parts = sqlite_house.gateway.parts

    def restrict(tx: Any) -> None:
        accounts.put_source(
            tx,
            parts.ring,
            sqlite_house.account,
            slug="standard",
            adapter="standard",
            secrets=[sqlite_house.secrets["standard"]],
            settings={"currency": "USD", "allow_ips": ["198.51.100.0/24"]},
            managed_by="config",
        )

    parts.writer.run(restrict)
    alone, proxied = door_of(sqlite_house), door_of(sqlite_house, trusted_proxies=["10.0.0.0/8"])
    spoofed = {"X-Forwarded-For": "198.51.100.9"}

    def status(door: Door, peer: str, headers: dict[str, str]) -> int:
        return door.deliver("standard", "booking.created", peer=peer, headers=headers).status_code

    assert status(alone, "198.51.100.9", {}) == 200
    assert status(alone, "203.0.113.7", spoofed) == 403
    assert status(proxied, "10.0.0.1", spoofed) == 200
    assert status(proxied, "10.0.0.1", {"X-Forwarded-For": "198.51.100.9, 203.0.113.7"}) == 403
    assert status(proxied, "10.0.0.1", {"X-Forwarded-For": "198.51.100.9, _hidden"}) == 403
    assert status(proxied, "203.0.113.7", spoofed) == 403


@pytest.mark.parametrize(
    "header",
    ["", "t=1,v1=", "x", "é" * 10, "\x80\xff", "a" * 8_192, "t=1795186830,v1=" + "0" * 64, "t=nan,v1=0,v1=0"],
)
def test_a_signature_that_is_missing_or_wrong_is_one_uniform_answer(quick_door: Door, header: str) -> None:
    """T01; threats, rows 76 and 78."""
    sample = quick_door.house.signed("calendly", "booking.created")
    plain = quick_door.post(CALENDLY, raw=sample.body)

    answer = quick_door.post(
        CALENDLY, raw=sample.body, headers={"Calendly-Webhook-Signature": header} if header else {}
    )

    assert refusal(answer) == (401, "signature_refused")
    assert {**answer.get_json(force=True), "request_id": ""} == {
        **plain.get_json(force=True),
        "request_id": "",
    }
    assert quick_door.house.cards() == []


def test_the_log_names_the_source_that_a_refused_delivery_was_for(quick_door: Door) -> None:
    """Whoever operates it finds which secret is wrong; whoever asks is told nothing."""
    sample = quick_door.house.signed("zapier", "booking.created")
    wrong = {"Authorization": "Bearer of-somebody-else"}

    with capture_logs() as lines:
        refused = quick_door.post(ZAPIER, raw=sample.body, headers=wrong)
        quick_door.post(f"{ZAPIER}/a-token-that-is-wrong", raw=sample.body)
        quick_door.post(f"/hooks/{ACCOUNT}/nobody", raw=sample.body, headers=wrong)

    name = f"{ACCOUNT}/zapier"
    told = [(one["event"], one["code"], one.get("source"), one.get("adapter")) for one in lines]
    assert told == [
        ("refused", "signature_refused", name, "zapier"),
        ("refused", "not_found", name, "zapier"),
        ("refused", "not_found", None, None),
    ]
    assert "of-somebody-else" not in str(lines) and "a-token-that-is-wrong" not in str(lines)
    assert name not in refused.text


def test_one_changed_byte_anywhere_is_refused(quick_door: Door) -> None:
    sample = quick_door.house.signed("calendly", "booking.created")
    signature = sample.headers["calendly-webhook-signature"]

    for place in range(0, len(sample.body), 7):
        body = bytearray(sample.body)
        body[place] ^= 1
        answer = quick_door.post(CALENDLY, raw=bytes(body), headers={"Calendly-Webhook-Signature": signature})
        assert refusal(answer) == (401, "signature_refused")
    assert quick_door.house.cards() == []


@pytest.mark.parametrize(
    "path",
    [
        *("/hooks/glow-spa/nobody", "/hooks/nobody/calendly", "/hooks/other-shop/calendly"),
        *("/hooks/glow-spa/Calendly", "/hooks/GLOW-SPA/calendly", "/hooks/glow-spa/calendly/a-token"),
        *("/hooks/glow-spa/calendly%00", "/hooks/glow-spa/calendly%0a", "/hooks/glow-spa/%63alendly%20"),
        *("/hooks/glow-spa", "/hooks/glow-spa/", "/hooks//glow-spa/calendly", "/hooks/glow-spa/calendly/"),
        *(
            "/hooks/glow-spa/calendly/a/b",
            "/hooks/glow-spa/../glow-spa/calendly",
            f"/hooks/{'a' * 64}/calendly",
        ),
        *("/hooks/glow-spa/" + "x/" * 2_000, "/hooks/glow-spa/%2e%2e/calendly", "/hooks/gl%C3%BCck/calendly"),
        "/hooks/glow-spa/%ff%fe",
    ],
)
def test_a_path_of_no_source_is_404(quick_door: Door, path: str) -> None:
    answer = quick_door.deliver("calendly", "booking.created", path=path)

    assert refusal(answer) == (404, "not_found")


def test_a_disabled_source_is_as_none(sqlite_house: House) -> None:
    door = door_of(sqlite_house)
    sqlite_house.gateway.parts.writer.run(lambda tx: accounts.disable_config_sources(tx, set()))

    disabled = door.deliver("standard", "booking.created")
    unknown = door.post(f"/hooks/{ACCOUNT}/nobody", raw=b"{}")

    assert refusal(disabled) == (404, "not_found")
    assert disabled.get_json(force=True)["detail"] == unknown.get_json(force=True)["detail"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"])
def test_only_post_delivers(quick_door: Door, method: str) -> None:
    """Threats, row 94."""
    for path in (CALENDLY, f"{CALENDLY}/token", f"/hooks/{ACCOUNT}/nobody"):
        answer = quick_door.call(method, path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_head_is_answered_where_the_platform_asks_by_it(sqlite_house: House) -> None:
    door = door_with(sqlite_house, "standard", answers=Answers(answers_head=True))

    answer = door.call("HEAD", f"/hooks/{ACCOUNT}/standard")

    assert (answer.status_code, answer.data) == (200, b"")
    assert door.call("HEAD", CALENDLY).status_code == 405
    assert door.call("HEAD", f"/hooks/{ACCOUNT}/nobody").status_code == 405


def test_a_platform_that_needs_a_bare_answer_gets_one(sqlite_house: House) -> None:
    door = door_with(sqlite_house, "standard", answers=Answers(bare=True))

    for _ in ("first", "again"):
        answer = door.deliver("standard", "booking.created")
        assert (answer.status_code, answer.data) == (200, b"")
        assert "Content-Type" not in answer.headers
        assert answer.headers["X-Request-Id"].startswith("req_")
    assert len(sqlite_house.cards()) == 1


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/json"),
        *("application/json; charset=utf-16", "application/json; charset=nope"),
    ],
)
def test_only_the_declared_type_is_read(quick_door: Door, content_type: str) -> None:
    """T12."""
    answer = quick_door.deliver("calendly", "booking.created", content_type=content_type)

    assert refusal(answer) == (415, "wrong_content_type")


def test_a_compressed_body_is_not_opened(quick_door: Door) -> None:
    answer = quick_door.deliver("calendly", "booking.created", headers={"Content-Encoding": "gzip"})

    assert refusal(answer) == (415, "wrong_content_type")


def test_a_body_over_the_limit_is_413(quick_door: Door) -> None:
    answer = quick_door.post(CALENDLY, raw=b"x" * (MAX_BODY_BYTES + 1))

    assert refusal(answer) == (413, "body_too_large")


def test_a_body_at_the_limit_is_looked_at(quick_door: Door) -> None:
    assert refusal(quick_door.post(CALENDLY, raw=b"x" * MAX_BODY_BYTES)) == (401, "signature_refused")


STRANGE = [
    *(b"", b"not json", b"{", b'{"a": 1,}', b"{'a': 1}", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff\xfe{}"),
    *(b'{"a": "\\u0000"}', b'{"a": ' + b"9" * 4_301 + b"}", b"[" * 900 + b"]" * 900, b'{"\\ud800": 1}'),
]


@pytest.mark.parametrize("body", STRANGE, ids=lambda body: repr(body[:12]))
def test_a_body_from_a_known_sender_that_is_no_json_is_400(quick_door: Door, body: bytes) -> None:
    secret = quick_door.house.secrets["zapier"]

    answer = quick_door.post(ZAPIER, raw=body, headers={"X-Connector-Secret": secret})

    assert refusal(answer) == (400, "bad_json")


def test_json_that_the_adapter_cannot_understand_is_422_and_kept(door: Door) -> None:
    secret = door.house.secrets["zapier"]

    answer = door.post(ZAPIER, raw=b'{"type": 5}', headers={"X-Connector-Secret": secret})

    assert refusal(answer) == (422, "not_understood")


def test_a_token_in_the_path_opens_and_a_wrong_one_is_as_no_source(quick_door: Door) -> None:
    """T13."""
    house = quick_door.house
    body = house.signed("zapier", "booking.created").body

    right = quick_door.post(f"{ZAPIER}/{house.secrets['zapier']}", raw=body)
    wrong = quick_door.post(f"{ZAPIER}/{'a' * 43}", raw=body)
    nobody = quick_door.post(f"/hooks/{ACCOUNT}/nobody/{'a' * 43}", raw=body)
    header = quick_door.post(ZAPIER, raw=body, headers={"X-Connector-Secret": "a" * 43})

    assert right.status_code == 200, right.text
    assert refusal(wrong) == refusal(nobody) == (404, "not_found")
    assert {**wrong.get_json(force=True), "request_id": ""} == {
        **nobody.get_json(force=True),
        "request_id": "",
    }
    assert refusal(header) == (401, "signature_refused")


def test_no_secret_reaches_a_log(quick_door: Door) -> None:
    house = quick_door.house
    secret = house.secrets["zapier"]
    body = house.signed("zapier", "booking.created").body
    basic = base64.b64encode(f"x:{secret}".encode()).decode()

    with capture_logs() as lines:
        for path, headers in (
            (f"{ZAPIER}/{secret}", {}),
            (f"{CALENDLY}/{secret}", {}),
            (f"/hooks/nobody/{secret}/{secret}", {}),
            (f"/hooks/{secret}", {}),
            (ZAPIER, {"X-Connector-Secret": secret}),
            (ZAPIER, {"Authorization": f"Basic {basic}"}),
            (CALENDLY, {"Authorization": f"Bearer {secret}"}),
        ):
            quick_door.post(path, raw=body, headers=headers)

    assert len(lines) >= 7
    assert secret not in json.dumps(lines, default=str)
    assert basic not in json.dumps(lines, default=str)


@pytest.mark.parametrize("fault", [Unavailable, OutcomeUnknown])
@pytest.mark.parametrize(
    ("source", "status", "code"), [("standard", 503, "unavailable"), ("zapier", 429, "rate_limited")]
)
def test_when_nothing_can_be_stored_the_platform_is_told_to_come_again(
    sqlite_house: House, fault: type[Unavailable | OutcomeUnknown], source: str, status: int, code: str
) -> None:
    door = door_with(sqlite_house, source, verify=raising(fault()))

    answer = door.deliver(source, "booking.created")

    assert refusal(answer) == (status, code)
    assert answer.headers["Retry-After"] == "1"


def test_a_bug_in_an_adapter_is_a_500_that_tells_nothing(sqlite_house: House) -> None:
    door = door_with(sqlite_house, "standard", verify=raising(ZeroDivisionError("their secret")))

    with capture_logs() as lines:
        answer = door.deliver("standard", "booking.created")

    assert refusal(answer) == (500, "internal")
    assert "secret" not in answer.text + json.dumps(lines, default=str)


def test_who_answers_a_survey_has_the_card_in_the_answer_to_it(sqlite_url: str, tmp_path: Path) -> None:
    """S004-51: made, sent and shown by the one request that tells of it, before the tab is closed."""
    house = open_house(tmp_path, sqlite_url, recipes=made_live("survey-thanks"))
    make_sandbox(house)

    told = door_of(house).deliver("standard", "survey.completed").get_json()

    [run] = told["runs"]
    card = run["outputs"]["card"]
    assert (run["outcome"], house.balance(card["id"])) == ("done", 500)
    assert house.gateway.card(house.account, card["id"])["last4"] == card["code"].replace("-", "")[-4:]
    assert [one["state"] for one in house.rows("notifications")] == ["simulated"]
    house.gateway.close()
