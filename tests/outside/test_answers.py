"""What is kept of an attempt: bounded in every part, and without the secrets that were sent."""

import html
import json
from datetime import timedelta
from typing import Any
from unicodedata import category
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.retries import OUTCOMES
from connector.outside.answers import MAX_ANSWER_HEADERS, Answer, answered, unanswered
from connector.outside.exchange import AttemptFault, Exchange, Limits
from connector.outside.heads import Head
from connector.outside.urls import read_target
from tests.kit.clock import THE_MOMENT, FixedClock

SIGNATURE = "v1,hvztuz7X+PM9Uuho/EQ3rVenVCJopx9jSPfvYwyoZYY="
TOKEN = 'very/secret+"token"&more='
SENT = {
    "host": "hooks.example.com",
    "user-agent": "gift-card-connector",
    "webhook-id": "msg_01JD4Z8Q5W6X7Y8Z9A0B1C2D3E",
    "webhook-timestamp": "1795186800",
    "webhook-signature": f"{SIGNATURE} v1,c2Vjb25kIHNpZ25hdHVyZSwgYSByb3RhdGlvbg==",
    "authorization": f"Bearer {TOKEN}",
    "x-short": "abc",
}


def an_exchange(clock: FixedClock | None = None) -> Exchange:
    return Exchange(read_target("https://hooks.example.com/"), Limits(), clock or FixedClock())


def kept(
    status: int = 400,
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
    *,
    is_cut: bool = False,
    exchange: Exchange | None = None,
) -> Answer:
    """What is kept of such an answer to a request with the headers SENT."""
    head = Head(status, headers or [])
    return answered(head, exchange or an_exchange(), SENT, body, is_cut, THE_MOMENT)


@pytest.mark.parametrize(
    ("status", "outcome", "error"),
    [
        (200, "delivered", None),
        (299, "delivered", None),
        (302, "refused", "redirect"),
        (404, "refused", "http_404"),
        (410, "gone", "http_410"),
        (429, "throttled", "http_429"),
        (500, "failed", "http_500"),
        (599, "failed", "http_599"),
    ],
)
def test_an_answer_is_called_by_its_status(status: int, outcome: str, error: str | None) -> None:
    answer = kept(status)

    assert (answer.status, answer.outcome, answer.error) == (status, outcome, error)


def test_a_body_that_was_cut_is_said_to_be_where_nothing_worse_is() -> None:
    assert kept(200, is_cut=True).error == "answer_cut"
    assert kept(200, is_cut=True).outcome == "delivered"
    assert kept(500, is_cut=True).error == "http_500"
    assert kept(500, is_cut=True).answer_cut


def test_what_the_exchange_saw_is_kept_in_milliseconds() -> None:
    clock = FixedClock()
    exchange = an_exchange(clock)
    exchange.address = "203.0.113.7"
    clock.forward(timedelta(milliseconds=120))
    exchange.note("connect", exchange.started)
    clock.forward(timedelta(milliseconds=1380))
    exchange.renew()

    answer = kept(200, exchange=exchange)

    assert (answer.duration_ms, dict(answer.phases_ms)) == (1500, {"connect": 120})
    assert (answer.address, answer.reconnected) == ("203.0.113.7", True)


def test_no_more_than_ten_headers_are_kept_and_none_is_long() -> None:
    answer = kept(headers=[("N" * 60_000 + str(number), "v" * 60_000) for number in range(30)])

    assert len(answer.headers) == MAX_ANSWER_HEADERS
    assert {(len(name), len(value)) for name, value in answer.headers} == {(1024, 1024)}


def test_header_names_are_in_small_letters_and_cookies_are_nobodys_business() -> None:
    answer = kept(headers=[("X-Shop", "Glow Spa"), ("SET-Cookie", "session=abc")])

    assert answer.headers == (("x-shop", "Glow Spa"), ("set-cookie", "[redacted]"))


def test_controls_are_never_kept() -> None:
    headers = [("X-A", "a\x00b\x1b[2Jc\x7fd\x85e\tf")]

    assert kept(headers=headers).headers == (("x-a", "a\ufffdb\ufffd[2Jc\ufffdd\ufffde\ufffdf"),)


def test_of_a_body_4_kib_are_kept_however_it_came() -> None:
    assert kept(body=b"x" * 5000).body == b"x" * 4096
    assert len(kept(body=TOKEN.encode() * 300).body) <= 4096


def test_where_a_redirect_pointed_is_kept_in_200_letters() -> None:
    to = "https://x.example/"

    assert kept(302, [("Location", to)]).detail == to
    assert kept(302, [("Location", to + "a" * 5000)]).detail == (to + "a" * 5000)[:200]
    assert kept(302).detail is None
    assert kept(200, [("Location", to)]).detail is None


@pytest.mark.parametrize(
    "secret", [TOKEN, f"Bearer {TOKEN}", SIGNATURE, SIGNATURE[3:], SENT["webhook-signature"]]
)
@pytest.mark.parametrize(
    "spelled",
    [
        str,
        lambda text: json.dumps({"sent": text}),
        lambda text: json.dumps({"sent": text}).replace("/", "\\/"),  # PHP's json_encode
        lambda text: f"a={quote(text, safe='')}&b=1",
        lambda text: f"<pre>{html.escape(text)}</pre>",
        lambda text: f"{text}{text}, {text}",
    ],
    ids=["plain", "json", "php", "url", "html", "often"],
)
def test_an_echo_of_what_was_sent_in_confidence_is_not_kept(secret: str, spelled: Any) -> None:
    echo = spelled(secret)

    answer = kept(302, [("X-Echo", echo), ("Location", "/?" + echo)], echo.encode())

    for told in (answer.body.decode(), dict(answer.headers)["x-echo"], answer.detail or ""):
        assert "[redacted]" in told
        for part in ("very", "secret", "token", "more=", SIGNATURE[3:11], SIGNATURE[-9:]):
            assert part not in told


def test_a_secret_is_not_kept_as_the_name_of_a_header_either() -> None:
    [(name, _)] = kept(headers=[(SIGNATURE[3:], "here you are")]).headers

    assert SIGNATURE[3:11].lower() not in name.lower()


@pytest.mark.parametrize("cut", range(8, len(TOKEN)))
def test_an_echo_that_was_cut_in_its_middle_is_not_kept(cut: int) -> None:
    body = b"you sent " + TOKEN[:cut].encode()

    assert kept(body=body, is_cut=True).body == b"you sent [redacted]"


def test_what_is_public_or_too_short_to_guard_anything_stays_readable() -> None:
    said = f"{SENT['webhook-id']} at {SENT['webhook-timestamp']} for {SENT['host']}: abc"

    assert kept(body=said.encode()).body == said.encode()


def test_a_receiver_says_how_long_to_wait_and_whether_to_stop() -> None:
    answer = kept(429, [("Retry-After", "120"), ("Webhook-Delivery", " Abort-Message ")])

    assert (answer.told, answer.told_to_stop) == (timedelta(minutes=2), "abort-message")
    assert kept(429, [("Webhook-Delivery", "abort-message; now")]).told_to_stop is None
    assert kept(429, [("Retry-After", "soon")]).told is None


@given(
    headers=st.lists(
        st.tuples(st.text("abcXYZ-", min_size=1, max_size=5), st.text(st.characters(max_codepoint=255)))
    ),
    body=st.binary(),
    status=st.integers(200, 599),
)
def test_whatever_was_answered_something_can_be_kept(
    headers: list[tuple[str, str]], body: bytes, status: int
) -> None:
    answer = kept(status, headers, body)

    assert answer.outcome in OUTCOMES
    assert not any(category(letter) == "Cc" for _, value in answer.headers for letter in value)


def test_an_attempt_without_an_answer_has_its_fault_and_what_was_seen_before() -> None:
    clock = FixedClock()
    exchange = an_exchange(clock)
    exchange.address = "203.0.113.7"
    clock.forward(timedelta(seconds=5))
    fault = AttemptFault("timeout", "timeout_connect", "why")

    assert unanswered(fault, exchange) == Answer(
        status=None,
        outcome="timeout",
        error="timeout_connect",
        detail="why",
        duration_ms=5000,
        address="203.0.113.7",
    )
    assert unanswered(fault) == Answer(None, "timeout", "timeout_connect", "why")
