"""The front, through the real server: what is refused, what reaches the app, and how much of it waits."""

import json
import selectors
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from connector.web.front import LARGE_BODIES, Front
from connector.web.wsgi import SMALL_ANSWER
from tests.kit.wire import PATIENCE_S, Reply, Wire, a_request, exchange, serving

CAP = 200_000
Start = Callable[..., Any]


class Echo:
    """An app that says back what reached it, and counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        self.calls += 1
        told = {key: value for key, value in environ.items() if isinstance(value, str)}
        told["body"] = environ["wsgi.input"].read().decode("latin-1")
        data = json.dumps(told).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [data]


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def port(echo: Echo) -> Iterator[int]:
    with serving(Front(echo, max_body_bytes=CAP)) as port:
        yield port


@pytest.fixture
def hasty(echo: Echo) -> Iterator[int]:
    """The port of a front that waits no time for a body."""
    with serving(Front(echo, max_body_bytes=CAP, body_deadline_s=0.05)) as port:
        yield port


def assert_problem(reply: Reply, status: int, code: str) -> None:
    assert reply.status == status
    assert reply.header("content-type") == "application/problem+json"
    told = reply.json()
    assert (told["status"], told["code"]) == (status, code)
    assert told["type"].endswith(f"/errors/{code}")
    assert told["title"] and told["detail"]
    assert told["request_id"] == reply.header("x-request-id")
    assert told["request_id"].startswith("req_")
    assert told["errors"] == []


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = a_request("POST", "/", "Transfer-Encoding: chunked")
    return head + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + end


def test_a_body_reaches_the_app_whole(port: int) -> None:
    reply = exchange(port, a_request("POST", "/hooks/a/b?x=%20", "X-Sig: abc", body=b'{"a": 1}'))

    assert reply.status == 200
    seen = reply.json()
    assert seen["body"] == '{"a": 1}'
    assert seen["CONTENT_LENGTH"] == "8"
    assert seen["PATH_INFO"] == "/hooks/a/b"
    assert seen["QUERY_STRING"] == "x=%20"
    assert seen["HTTP_X_SIG"] == "abc"
    assert seen["REMOTE_ADDR"] == "127.0.0.1"


def test_a_body_in_chunks_reaches_the_app_as_one(port: int) -> None:
    reply = exchange(port, chunked(b"abc", b"x" * 70_000, b"def"))

    assert reply.json()["body"] == "abc" + "x" * 70_000 + "def"
    assert reply.json()["CONTENT_LENGTH"] == "70006"


def test_many_requests_share_a_connection(port: int) -> None:
    with Wire(port) as wire:
        for number in range(3):
            wire.send(a_request("POST", "/", body=str(number).encode()))
            assert wire.reply().json()["body"] == str(number)


def test_head_is_answered_without_a_body(port: int) -> None:
    with Wire(port) as wire:
        wire.send(a_request("HEAD", "/") + a_request("GET", "/after"))
        first = wire.reply(to_head=True)
        second = wire.reply()

    assert first.status == 200
    assert int(first.header("content-length") or 0) > 0
    assert second.json()["PATH_INFO"] == "/after"


def test_a_body_of_exactly_the_limit_is_taken(port: int) -> None:
    assert exchange(port, a_request("POST", "/", body=b"x" * CAP)).status == 200
    assert exchange(port, chunked(b"x" * CAP)).status == 200


@pytest.mark.parametrize("length", [CAP + 1, 10 * 2**30, 2**63 - 1])
def test_a_body_declared_too_large_is_refused_before_it_is_sent(port: int, echo: Echo, length: int) -> None:
    reply = exchange(port, a_request("POST", "/", f"Content-Length: {length}"))

    assert_problem(reply, 413, "body_too_large")
    assert echo.calls == 0


def test_a_body_that_asks_first_is_refused_without_being_asked_for(port: int) -> None:
    head = a_request("POST", "/", "Expect: 100-continue", f"Content-Length: {CAP + 1}")

    with Wire(port) as wire:
        wire.send(head)

        assert_problem(wire.reply(), 413, "body_too_large")


def test_an_endless_body_is_refused_soon_after_the_limit(port: int, echo: Echo) -> None:
    with Wire(port) as wire:
        wire.send(chunked(b"x" * (CAP + 1), end=b""))

        assert_problem(wire.reply(), 413, "body_too_large")
        assert wire.is_closed()
    assert echo.calls == 0


@pytest.mark.parametrize(
    "unfinished",
    [
        a_request("POST", "/", "Content-Length: 10") + b"abc",
        a_request("POST", "/", "Content-Length: 100000") + b"abc",
        chunked(b"abc", end=b""),
        chunked(b"abc", end=b"0\r\n"),
        a_request("POST", "/", "Transfer-Encoding: chunked"),
    ],
    ids=["small", "large", "between chunks", "before the last line", "nothing"],
)
def test_a_body_that_does_not_come_in_time_is_408_and_the_connection_ends(
    hasty: int, echo: Echo, unfinished: bytes
) -> None:
    with Wire(hasty) as wire:
        wire.send(unfinished)

        assert_problem(wire.reply(), 408, "body_too_slow")
        assert wire.is_closed()
    assert echo.calls == 0


@pytest.mark.parametrize(
    "cut",
    [
        a_request("POST", "/", "Content-Length: 10") + b"abc",
        a_request("POST", "/", "Content-Length: 100000") + b"abc",
        chunked(b"abc", end=b""),
        chunked(b"abc", end=b"0\r\n"),
        chunked(b"abc", end=b"5\r\nab"),
    ],
    ids=["small", "large", "between chunks", "before the last line", "in a chunk"],
)
def test_a_body_that_breaks_off_never_reaches_the_app(port: int, echo: Echo, cut: bytes) -> None:
    assert_problem(exchange(port, cut, ends=True), 400, "bad_request")
    assert echo.calls == 0


@pytest.mark.parametrize(
    "end",
    [b"zz\r\nabc\r\n0\r\n\r\n", b"-1\r\nabc\r\n0\r\n\r\n", b"0\r\nX-Trailer: 1\r\n\r\n"],
    ids=["a size that is none", "a size below zero", "trailers"],
)
def test_a_body_in_wrong_chunks_never_reaches_the_app(port: int, echo: Echo, end: bytes) -> None:
    assert_problem(exchange(port, chunked(b"abc", end=end)), 400, "bad_request")
    assert echo.calls == 0


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (a_request("POST", "/", "Content-Length: abc"), 400),
        (a_request("POST", "/", "Content-Length: -1"), 400),
        (a_request("POST", "/", "Content-Length: +3") + b"abc", 400),
        (a_request("POST", "/", "Content-Length: 99999999999999999999"), 400),
        (a_request("POST", "/", "Content-Length: 3", "Content-Length: 4") + b"abc", 400),
        (a_request("POST", "/", "Transfer-Encoding: xchunked") + b"3\r\nabc\r\n0\r\n\r\n", 400),
        (a_request("POST", "/", "Transfer-Encoding: gzip, chunked") + b"3\r\nabc\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 400),
        (a_request("GET", "/", "Host: localhost"), 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (a_request("GET", "/", "X-A : b"), 400),
        (a_request("GET", "/", "X-A: b\x00c"), 400),
        (a_request("GET", "/", "X-A: b\rc"), 400),
        (a_request("GET", "/", "X-A: b\r\n folded"), 400),
        (a_request("GET", "/", "X-A: \x80\xff"), 400),
        (a_request("GET", "/", "X-A: " + "a" * 65_536), 431),
        (a_request("GET", "/", *[f"X-{number}: a" for number in range(200)]), 431),
        (a_request("GET", "/" + "a" * 70_000), 431),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (a_request("TRACE", "/"), 405),
        (a_request("FOO", "/"), 405),
        (a_request("CONNECT", "localhost:1"), 405),
        (a_request("GET", "/a/../b"), 404),
        (a_request("GET", "/a/%2e%2e/b"), 404),
        (a_request("GET", "/a%00b"), 404),
        (a_request("GET", "/a%0d%0aX-B:c"), 404),
        (a_request("GET", "//a"), 404),
        (a_request("OPTIONS", "*"), 404),
        (a_request("POST", "/", "Content-Encoding: gzip", body=b"\x1f\x8b"), 415),
        (a_request("POST", "/", "Content-Encoding: identity, br", body=b"x"), 415),
    ],
)
def test_a_request_in_wrong_form_is_refused_and_others_are_served(
    port: int, echo: Echo, wrong: bytes, status: int
) -> None:
    reply = exchange(port, wrong)

    assert reply.status == status
    assert echo.calls == 0
    assert exchange(port, a_request()).status == 200


def test_a_refused_method_is_told_which_are_allowed(port: int) -> None:
    reply = exchange(port, a_request("TRACE", "/"))

    assert_problem(reply, 405, "method_not_allowed")
    assert "POST" in (reply.header("allow") or "")


def test_where_both_lengths_are_given_the_chunks_count_and_the_app_sees_no_other(port: int) -> None:
    both = a_request("POST", "/", "Content-Length: 3", "Transfer-Encoding: chunked")

    seen = exchange(port, both + b"5\r\nabcde\r\n0\r\n\r\n").json()

    assert (seen["body"], seen["CONTENT_LENGTH"]) == ("abcde", "5")


def test_a_second_protocol_is_not_spoken(port: int) -> None:
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")

    assert exchange(port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").status == 0
    assert (
        exchange(port, a_request("GET", "/", *upgrade, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")).status
        == 200
    )


def test_a_thousand_requests_in_one_go_are_each_answered_in_order(port: int) -> None:
    with Wire(port) as wire:
        sender = threading.Thread(
            target=wire.send,
            args=(b"".join(a_request("GET", f"/{n}" if n % 10 else "/a/../b") for n in range(1_000)),),
        )
        sender.start()
        replies = [wire.reply() for _ in range(1_000)]
        sender.join()

    assert [reply.status for reply in replies] == [200 if n % 10 else 404 for n in range(1_000)]
    assert replies[999].json()["PATH_INFO"] == "/999"


def test_two_thousand_segments_are_a_path_like_any_other(port: int) -> None:
    assert exchange(port, a_request("GET", "/a" * 2_000)).status == 200


class Held:
    """An app whose handlers wait until they are let go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.let_go = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        self.begun.release()
        assert self.let_go.wait(PATIENCE_S)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]


def test_past_the_queue_a_request_is_told_to_come_back_and_the_others_are_served() -> None:
    held = Held()
    front = Front(held, threads=1, queue=1)
    with serving(front) as port, Wire(port) as first, Wire(port) as second:
        first.send(a_request())
        assert held.begun.acquire(timeout=PATIENCE_S)
        second.send(a_request())
        while front.in_flight < 2:
            assert exchange(port, a_request("TRACE")).status == 405  # till the second has arrived
        reply = exchange(port, a_request())

        assert_problem(reply, 503, "unavailable")
        assert reply.header("retry-after") == "1"
        assert reply.json()["retryable"] is True
        assert front.in_flight == 2

        held.let_go.set()
        assert [first.reply().body, second.reply().body] == [b"done", b"done"]
        assert exchange(port, a_request()).status == 200


def test_nothing_is_left_in_flight_once_all_is_answered(echo: Echo) -> None:
    front = Front(echo, threads=2)
    with serving(front) as port:
        exchange(port, a_request())
    assert front.in_flight == 0


def test_a_client_that_goes_away_takes_no_thread_with_it() -> None:
    held = Held()
    front = Front(held, threads=1)
    with serving(front) as port:
        with Wire(port) as gone:
            gone.send(a_request())
            assert held.begun.acquire(timeout=PATIENCE_S)
        held.let_go.set()

        assert exchange(port, a_request()).body == b"done"


def broken(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/header":
        start_response("200 OK", [("X-A", "a\r\nSet-Cookie: b")])
    elif environ["PATH_INFO"] == "/well":
        start_response("200 OK", [])
    else:
        raise LookupError("a fault of ours")
    return [b"ok"]


@pytest.mark.parametrize("path", ["/", "/header"])
def test_a_fault_in_the_app_is_a_500_without_details_and_the_thread_lives_on(path: str) -> None:
    with serving(Front(broken, threads=1)) as port, capture_logs() as logs:
        reply = exchange(port, a_request("GET", path))

        assert_problem(reply, 500, "internal")
        assert b"fault" not in reply.body
        assert exchange(port, a_request("GET", "/well")).status == 200
    [line] = logs
    assert line["event"] == "request.failed"
    assert "of ours" not in str(line)
    assert "Set-Cookie" not in str(line)


class Telling:
    """An app that tells a long story, goes on when it is let, and notes whether it was closed."""

    def __init__(self, *, breaks_off: bool = False, waits: bool = False) -> None:
        self.breaks_off = breaks_off
        self.let_go = threading.Event()
        if not waits:
            self.let_go.set()
        self.closed = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/csv")])
        return self.story()

    def story(self) -> Iterator[bytes]:
        try:
            yield b"x" * 2 * SMALL_ANSWER  # more than is collected: with it the answer begins
            assert self.let_go.wait(PATIENCE_S)
            for _ in range(6):
                yield b"x" * SMALL_ANSWER
            if self.breaks_off:
                raise LookupError
        finally:
            self.closed.set()


def test_a_long_answer_without_a_length_is_streamed() -> None:
    app = Telling()
    with serving(Front(app)) as port:
        reply = exchange(port, a_request())

        assert reply.header("transfer-encoding") == "chunked"
        assert len(reply.body) == 8 * SMALL_ANSWER
        assert app.closed.wait(PATIENCE_S)


def test_a_stream_that_breaks_off_leaves_the_server_well() -> None:
    app = Telling(breaks_off=True)
    with serving(Front(app, threads=1)) as port:
        assert exchange(port, a_request()).status == 200
        assert app.closed.wait(PATIENCE_S)
        app.breaks_off = False

        assert len(exchange(port, a_request()).body) == 8 * SMALL_ANSWER


def test_a_client_that_leaves_in_the_middle_of_a_stream_leaves_the_server_well() -> None:
    app = Telling(waits=True)
    with serving(Front(app, threads=1)) as port:
        with Wire(port) as wire:
            wire.send(a_request())
            assert wire.socket.recv(1)  # it has begun: who leaves before is never listened to
        app.let_go.set()
        assert app.closed.wait(PATIENCE_S)

        assert len(exchange(port, a_request()).body) == 8 * SMALL_ANSWER


def test_many_large_bodies_that_never_end_cannot_fill_the_memory(echo: Echo) -> None:
    size = 4 * 2**20
    with serving(Front(echo, max_body_bytes=size)) as port:
        wires = [Wire(port) for _ in range(LARGE_BODIES // size + 1)]
        for wire in wires:
            wire.send(a_request("POST", "/", f"Content-Length: {size}") + b"x" * (size - 1))
        try:
            assert_problem(first_to_answer(wires), 503, "unavailable")
        finally:
            for wire in wires:
                wire.__exit__()


def first_to_answer(wires: list[Wire]) -> Reply:
    """The answer of whichever connection got one: which of them was the one too many is chance."""
    with selectors.DefaultSelector() as selector:
        for wire in wires:
            selector.register(wire.socket, selectors.EVENT_READ, wire)
        [(key, _), *_] = selector.select(PATIENCE_S)
        reply: Reply = key.data.reply()
        return reply


def test_what_no_query_may_hold_is_refused_below_us_and_encoded_it_goes_through(
    port: int, echo: Echo
) -> None:
    """As docs/dialects.md says of 002's filters: by the server itself, which asks nothing of ours."""
    for sent in ('"', "<", ">", "\xe9"):
        assert exchange(port, a_request("GET", f"/x?a:{sent}=1")).status == 400, sent
    assert echo.calls == 0
    assert exchange(port, a_request("GET", "/x?a:%3E=1")).json()["QUERY_STRING"] == "a:%3E=1"
    for sent in "!$'()*+,-./:;=?@[\\]^_`{|}~":
        assert exchange(port, a_request("GET", f"/x?a:{sent}=1")).status == 200, sent
