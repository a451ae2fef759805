"""One attempt: what goes out, what an answer becomes, what is never followed (T40 to T44)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.errors import FaultyFiles, ValidationFailed
from connector.domain.retries import OUTCOMES
from connector.outside.exchange import Limits
from connector.outside.http import MAX_ANSWER, Client
from tests.kit.receiver import Recorder, Reply

from .kit import BODY, HEADERS, UNKNOWN, Names, a_client


def test_a_receiver_on_this_machine_gets_the_post_where_the_network_is_named() -> None:
    with Recorder() as receiver, a_client() as client:
        answer = client.post(receiver.url, BODY, HEADERS)

        [request] = receiver.wait_for(1)
        assert (request.method, request.path, request.body) == ("POST", "/hook", BODY)
        assert (answer.status, answer.outcome, answer.error) == (200, "delivered", None)
        assert answer.address == "127.0.0.1"
        assert set(answer.phases_ms) == {"dns", "connect", "answer"}


def test_a_question_is_a_get_whose_answer_is_read_further() -> None:
    whole, too_much = b"[" + b" " * (MAX_ANSWER - 2) + b"]", b" " * (MAX_ANSWER + 1)
    with Recorder() as receiver, a_client() as client:
        receiver.answers(Reply(200, whole), Reply(200, too_much), 503)

        first, second, third = (client.ask(receiver.url, {"authorization": "Bearer x"}) for _ in range(3))

        assert [one.method for one in receiver.requests] == ["GET"] * 3
        assert receiver.requests[0].header("authorization") == "Bearer x"
        assert (first.status, first.body, first.answer_cut) == (200, whole, False)
        assert (len(second.body), second.answer_cut) == (MAX_ANSWER, True)
        assert (third.status, third.error) == (503, "http_503")
    with Recorder() as receiver, a_client(()) as guarded:
        answer = guarded.ask(receiver.url, {})
        assert (answer.status, answer.error) == (None, "address_not_allowed")


def test_without_a_named_network_this_machine_is_never_dialled() -> None:
    with Recorder() as receiver, a_client(()) as client:
        answer = client.post(receiver.url, BODY, HEADERS)

        assert (answer.status, answer.outcome, answer.error) == (None, "refused_by_us", "address_not_allowed")
        assert answer.detail == "loopback"
        assert answer.address is None
        assert receiver.connections == 0


def test_nothing_goes_out_but_what_the_caller_gave_and_the_connection_needs() -> None:
    with Recorder() as receiver, a_client() as client:
        client.post(receiver.url, BODY, {**HEADERS, "X-Shop": "Glow Spa"})

        [request] = receiver.wait_for(1)
        assert dict(request.headers) == {
            "host": f"127.0.0.1:{receiver.port}",
            "user-agent": "gift-card-connector",
            "accept": "*/*",
            **HEADERS,
            "x-shop": "Glow Spa",
            "accept-encoding": "identity",
            "content-length": str(len(BODY)),
        }


def test_the_path_is_sent_letter_by_letter() -> None:
    with Recorder() as receiver, a_client() as client:
        url = f"http://127.0.0.1:{receiver.port}"
        client.post(url + "/a%2fb/../c%zz//?d=e%20f&&[x]=~!$()*,;", BODY, HEADERS)
        client.post(url + "?q", BODY, HEADERS)

        assert [request.path for request in receiver.wait_for(2)] == [
            "/a%2fb/../c%zz//?d=e%20f&&[x]=~!$()*,;",
            "/?q",
        ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "evil.example"),
        ("content-length", "1"),
        ("Transfer-Encoding", "chunked"),
        ("connection", "upgrade"),
        ("Cookie", "a=b"),
        ("accept-encoding", "gzip"),
        ("x-evil", "a\r\nx-injected: b"),
        ("x-evil", "a\nb"),
        ("x-evil", "a\x00b"),
        ("x-evil", "für"),
        ("x-evil", ""),
        ("x-evil", " a"),
        ("x evil", "a"),
        ("x-evil\x00", "a"),
        ("x:evil", "a"),
        ("ｘ-evil", "a"),
        ("", "a"),
        ("x" * 65, "a"),
    ],
)
def test_a_header_that_could_bend_the_request_is_our_fault_and_not_sent(name: str, value: str) -> None:
    with Recorder() as receiver, a_client() as client:
        answer = client.post(receiver.url, BODY, {name: value})

        assert (answer.outcome, answer.error) == ("internal", "header_not_allowed")
        assert receiver.connections == 0


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with Recorder() as elsewhere, Recorder() as receiver, a_client() as client:
        receiver.answers(
            Reply(status, headers={"Location": elsewhere.url, "Refresh": f"0; url={elsewhere.url}"})
        )

        answer = client.post(receiver.url, BODY, HEADERS)

        assert (answer.status, answer.outcome, answer.error) == (status, "refused", "redirect")
        assert answer.detail == elsewhere.url
        assert elsewhere.connections == 0
        assert len(receiver.requests) == 1


def test_of_a_location_only_200_letters_are_kept() -> None:
    with Recorder() as receiver, a_client() as client:
        receiver.answers(Reply(302, headers={"location": "https://x.example/" + "a" * 5000}))

        assert len(client.post(receiver.url, BODY, HEADERS).detail or "") == 200


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login shop password secret\n")
    netrc.chmod(0o600)
    with Recorder() as proxy, Recorder() as receiver, a_client() as client:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))

        answer = client.post(receiver.url, BODY, HEADERS)

        assert answer.outcome == "delivered"
        assert proxy.connections == 0
        assert "authorization" not in receiver.requests[0].headers


def test_cookies_are_not_kept() -> None:
    with Recorder() as receiver, a_client() as client:
        receiver.answers(Reply(200, headers={"Set-Cookie": "session=1; Path=/"}))

        answer = client.post(receiver.url, BODY, HEADERS)
        client.post(receiver.url, BODY, HEADERS)

        assert "cookie" not in receiver.wait_for(2)[1].headers
        assert ("set-cookie", "[redacted]") in answer.headers


def test_of_an_answer_the_first_4_kib_and_ten_headers_are_kept() -> None:
    many = {f"x-{number}": "y" * 2000 for number in range(30)}
    with Recorder() as receiver, a_client() as client:
        receiver.answers(Reply(500, b"x" * 1_000_000, many), Reply(500, b"y" * 4096), Reply(500, b"z" * 4097))

        long, exact, over = (client.post(receiver.url, BODY, HEADERS) for _ in range(3))

        assert (len(long.body), long.answer_cut, long.error) == (4096, True, "http_500")
        assert len(long.headers) == 10
        assert max(len(value) for _, value in long.headers) == 1024
        assert (exact.body, exact.answer_cut) == (b"y" * 4096, False)
        assert (over.body, over.answer_cut) == (b"z" * 4096, True)


def test_a_yes_with_too_much_behind_it_is_still_a_yes() -> None:
    with Recorder() as receiver, a_client() as client:
        receiver.answers(Reply(200, b"x" * 100_000))

        answer = client.post(receiver.url, BODY, HEADERS)

        assert (answer.status, answer.outcome, answer.error) == (200, "delivered", "answer_cut")


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Retry-After": "120"}, timedelta(minutes=2)),
        ({"Retry-After": "Fri, 20 Nov 2026 15:03:00 GMT"}, timedelta(minutes=3)),
        ({"Retry-After": "120", "retry-after": "180"}, timedelta(minutes=3)),
        ({"Retry-After": "-5"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_by_our_clock(headers: dict[str, str], told: timedelta | None) -> None:
    with Recorder() as receiver, a_client() as client:
        receiver.answers(Reply(429, headers=headers))

        answer = client.post(receiver.url, BODY, HEADERS)

        assert (answer.outcome, answer.error, answer.told) == ("throttled", "http_429", told)


@pytest.mark.parametrize(
    ("value", "told_to_stop"),
    [("abort-message", "abort-message"), (" Disable ", "disable"), ("explode", None), ("", None)],
)
def test_a_receiver_can_ask_to_be_left_alone(value: str, told_to_stop: str | None) -> None:
    with Recorder() as receiver, a_client() as client:
        receiver.answers(Reply(422, headers={"Webhook-Delivery": value}))

        assert client.post(receiver.url, BODY, HEADERS).told_to_stop == told_to_stop


def test_a_receiver_that_echoes_our_secrets_does_not_get_them_stored() -> None:
    signature = HEADERS["webhook-signature"]
    echo = f"you sent {signature} and Bearer very-secret-token, id msg_1"
    with Recorder() as receiver, a_client() as client:
        receiver.answers(
            Reply(400, echo.encode(), {"x-echo": echo}),
            Reply(400, b"x" * 4066 + b"very-secret-token" * 10),
        )
        sent = {**HEADERS, "Authorization": "Bearer very-secret-token"}

        plain, cut = client.post(receiver.url, BODY, sent), client.post(receiver.url, BODY, sent)

        assert plain.body == b"you sent [redacted] and [redacted], id msg_1"
        assert dict(plain.headers)["x-echo"] == plain.body.decode()
        assert b"very-sec" not in cut.body


def test_controls_in_answer_headers_are_not_stored() -> None:
    with Recorder() as receiver, a_client() as client:
        receiver.answers(Reply(200, headers={"x-screen": "\x1b[2J\x85"}))

        answer = client.post(receiver.url, BODY, HEADERS)

        assert dict(answer.headers)["x-screen"] == "\ufffd[2J\ufffd"


def test_a_url_that_is_refused_when_sending_is_an_answer_too() -> None:
    with a_client() as client:
        answer = client.post(r"http://127.0.0.1\@example.com/", BODY, HEADERS)

        assert (answer.outcome, answer.error) == ("refused_by_us", "url_not_allowed")
        assert answer.detail


@settings(max_examples=50, deadline=None)
@given(url=st.text(max_size=80), name=st.text(max_size=20), value=st.text(max_size=20))
def test_whatever_stands_in_url_and_headers_ends_in_an_answer(url: str, name: str, value: str) -> None:
    with a_client(look_up=Names(UNKNOWN)) as client:
        for tried in (url, f"https://{url}.example/{url}"):
            answer = client.post(tried, BODY, {name: value})

            assert answer.outcome in OUTCOMES
            assert answer.status is None


def test_many_threads_share_one_client() -> None:
    with Recorder() as receiver, a_client() as client, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: client.post(receiver.url, b"%d" % n, HEADERS), range(200)))

        assert {answer.outcome for answer in answers} == {"delivered"}
        assert sorted(int(request.body) for request in receiver.requests) == list(range(200))
        assert receiver.connections <= 8


def test_checking_a_url_says_what_is_wrong_with_it_and_sends_nothing() -> None:
    with Recorder() as receiver, a_client() as client, a_client(()) as strict:
        assert client.check(receiver.url) == []
        with pytest.raises(ValidationFailed, match=r"not public \(loopback\)"):
            strict.check(receiver.url)
        with pytest.raises(ValidationFailed, match="local network"):
            strict.check(f"http://localhost:{receiver.port}/")

        assert receiver.connections == 0


def test_checking_refuses_a_name_with_one_private_address_without_telling_which() -> None:
    with a_client((), look_up=Names(["93.184.216.34", "10.1.2.3"])) as client:
        with pytest.raises(ValidationFailed) as refusal:
            client.check("https://hooks.example.com/")

        assert refusal.value.detail == "hooks.example.com has an address that is not public (private)"
        assert refusal.value.errors[0].field == "url"


def test_a_name_that_does_not_resolve_yet_is_only_a_warning() -> None:
    with a_client((), look_up=Names(UNKNOWN)) as client:
        assert client.check("https://hooks.example.com/") == [
            "hooks.example.com does not resolve at the moment"
        ]


def test_our_own_public_address_is_refused_as_a_loop() -> None:
    with Recorder() as receiver:
        own = f"http://127.0.0.1:{receiver.port}"
        with a_client(own_url=own) as client:
            with pytest.raises(ValidationFailed, match="loop"):
                client.check(receiver.url)
            assert client.post(receiver.url, BODY, HEADERS).error == "url_not_allowed"
        assert receiver.connections == 0


def test_http_is_for_those_who_asked_for_it() -> None:
    with Recorder() as receiver:
        client = Client(["127.0.0.0/8"])
        try:
            assert client.post(receiver.url, BODY, HEADERS).error == "url_not_allowed"
        finally:
            client.close()
        assert receiver.connections == 0


def test_configuration_that_cannot_be_used_is_said_at_once(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")

    with pytest.raises(ValidationFailed, match="is not a network"):
        Client(["everything"])
    for file in (empty, tmp_path / "missing.pem"):
        with pytest.raises(FaultyFiles, match="no certificates"):
            Client(ca_file=str(file))


def test_the_limits_are_the_contracts() -> None:
    limits = Limits()

    assert (limits.connect_s, limits.answer_s, limits.total_s, limits.body_s) == (5, 10, 15, 2)
    assert limits.body_bytes == 4096
