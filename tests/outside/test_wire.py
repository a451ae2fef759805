"""On the wire: the bytes that go out are ours to the letter, every wait goes by the attempt's own time."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.domain.clock import SystemClock
from connector.outside.addresses import read_networks
from connector.outside.dial import Guard
from connector.outside.exchange import AttemptFault, Exchange, Limits
from connector.outside.kept import Kept
from connector.outside.names import Resolver
from connector.outside.urls import read_target
from connector.outside.wire import GuardedConnection, Line, TimedSocket
from tests.kit.crowd import PATIENCE_S, Crowd, until
from tests.kit.receiver import Peer, Recorder, Reply, hostile
from tests.kit.tls import Issuer

from .kit import QUICK, Names

CLOCK = SystemClock()
HEADERS = {  # as Client hands them over
    "host": "hooks.example.test",
    "user-agent": "gift-card-connector",
    "webhook-id": "msg_1",
    "accept-encoding": "identity",
    "content-length": "2",
}


def an_exchange(url: str = "http://127.0.0.1/", limits: Limits = QUICK) -> Exchange:
    return Exchange(read_target(url, allow_http=True), limits, CLOCK)


def error_of(fault: pytest.ExceptionInfo[AttemptFault]) -> str:
    return fault.value.error


@contextmanager
def a_timed_pair(seconds: float = QUICK.answer_s) -> Iterator[tuple[TimedSocket, socket.socket]]:
    """A socket in a step that may take `seconds`, and the far end."""
    ours, theirs = socket.socketpair()
    exchange = an_exchange()
    exchange.allow(seconds, "timeout_answer")
    with ours, theirs:
        yield TimedSocket(ours, exchange), theirs


@contextmanager
def a_line(*allowed: str, tls: ssl.SSLContext | None = None) -> Iterator[Line]:
    """A way out to the networks `allowed`; every name is this machine. All is closed at the end."""
    names = Resolver(CLOCK, Names(["127.0.0.1"]))
    kept: Kept[GuardedConnection] = Kept(CLOCK, QUICK)
    line = Line(Guard(read_networks(allowed), names), lambda: tls or ssl.create_default_context(), kept)
    try:
        yield line
    finally:
        kept.close()
        names.close()


def test_a_read_waits_no_longer_than_its_step_though_bytes_come_now_and_then() -> None:
    with a_timed_pair(0.2) as (timed, theirs), timed.makefile("rb") as reading:
        over = threading.Event()

        def drip() -> None:
            while not over.wait(0.02):
                theirs.sendall(b"x")

        dripping = Crowd([drip])
        with pytest.raises(AttemptFault) as fault:
            reading.read(10_000)
        over.set()
        dripping.wait()

    assert error_of(fault) == "timeout_answer"


def test_a_write_waits_no_longer_than_its_step_for_a_reader_that_takes_nothing() -> None:
    with a_timed_pair(0.2) as (timed, _), pytest.raises(AttemptFault) as fault:
        timed.sendall(b"x" * 50_000_000)

    assert error_of(fault) == "timeout_answer"


def test_when_the_step_is_over_nothing_is_read_or_written_any_more() -> None:
    with a_timed_pair(0) as (timed, theirs), timed.makefile("rb") as reading:
        theirs.sendall(b"late")

        for late in (lambda: reading.read(1), lambda: timed.sendall(b"x")):
            with pytest.raises(AttemptFault):
                late()


def test_all_bytes_are_written_however_few_the_socket_takes_at_a_time() -> None:
    body = bytes(range(256)) * 20_000
    got = bytearray()
    with a_timed_pair(PATIENCE_S) as (timed, theirs):

        def take() -> None:
            while len(got) < len(body):
                got.extend(theirs.recv(10_000))

        taking = Crowd([take])
        timed.sendall(body)
        taking.wait()

    assert got == body


def test_a_far_side_that_has_gone_is_told_in_the_libraries_own_words_when_writing() -> None:
    """urllib3 passes over a BrokenPipeError: they may have answered before they went."""
    with a_timed_pair() as (timed, theirs):
        theirs.close()

        with pytest.raises(BrokenPipeError):
            timed.sendall(b"x" * 1_000_000)


def test_a_far_side_that_resets_while_we_read_has_closed_the_connection() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.reset()

    with hostile(script) as url, a_line("127.0.0.0/8") as line, pytest.raises(AttemptFault) as fault:
        line.post(an_exchange(url), b"{}", HEADERS)

    assert error_of(fault) == "connection_closed"


def test_nobody_else_can_change_how_long_a_socket_waits() -> None:
    with a_timed_pair(0.1) as (timed, _), timed.makefile("rb") as reading:
        timed.settimeout(None)
        timed.settimeout(3600)

        with pytest.raises(AttemptFault):
            reading.read(1)


def test_what_was_heard_is_noted_since_then_a_request_is_never_sent_twice() -> None:
    with a_timed_pair() as (timed, theirs), timed.makefile("rb") as reading:
        assert not timed.exchange.has_heard
        theirs.sendall(b"x")
        reading.read(1)

        assert timed.exchange.has_heard


def test_the_request_is_what_we_wrote_and_nothing_else() -> None:
    got: list[bytes] = []

    def script(peer: Peer) -> None:
        got.append(peer.read_request())
        peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    with hostile(script) as url, a_line("127.0.0.0/8") as line:
        line.post(an_exchange(url + "/a%2fb/../c?d=%zz"), b"{}", HEADERS).close()

    lines = ["POST /hook/a%2fb/../c?d=%zz HTTP/1.1", *(f"{name}: {value}" for name, value in HEADERS.items())]
    assert got == ["\r\n".join([*lines, "", "{}"]).encode()]


def test_the_head_is_there_before_the_body_is_read() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe")
        peer.be_silent()

    with hostile(script) as url, a_line("127.0.0.0/8") as line:
        response = line.post(an_exchange(url), b"{}", HEADERS)

        assert response.status_code == 200
        assert response.raw.read1(5, decode_content=False) == b"he"
        response.raw.close()


def test_nothing_is_dialled_that_the_guard_does_not_allow() -> None:
    with Recorder() as receiver, a_line() as line:
        with pytest.raises(AttemptFault) as fault:
            line.post(an_exchange(receiver.url), b"{}", HEADERS)

        assert error_of(fault) == "address_not_allowed"
        assert receiver.connections == 0


def test_a_connection_is_kept_once_its_answer_was_read_to_the_end_and_taken_by_the_next() -> None:
    with Recorder() as receiver, a_line("127.0.0.0/8") as line:
        receiver.answers(Reply(200, b"hello"))
        first = line.post(an_exchange(receiver.url), b"{}", HEADERS)
        assert len(line.kept) == 0, "its body is still to be read"
        assert first.raw.read() == b"hello"
        assert len(line.kept) == 1

        second = an_exchange(receiver.url)
        line.post(second, b"{}", HEADERS).raw.read()
        afresh = an_exchange(receiver.url)
        afresh.may_reuse = False
        line.post(afresh, b"{}", HEADERS).raw.read()

        assert (second.is_reused, second.address) == (True, "127.0.0.1")
        assert not afresh.is_reused
        assert [request.connection for request in receiver.requests] == [1, 1, 2]


def test_a_handshake_that_does_not_end_leaves_no_connection_behind() -> None:
    ended = threading.Event()

    def script(peer: Peer) -> None:
        peer.be_silent()
        ended.set()  # since we hung up

    with hostile(script) as url, a_line("127.0.0.0/8") as line:
        with pytest.raises(AttemptFault) as fault:
            line.post(an_exchange(url.replace("http:", "https:")), b"{}", HEADERS)

        assert ended.wait(PATIENCE_S)
    assert error_of(fault) == "timeout_connect"


def test_a_certificate_for_somebody_else_gets_no_request(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    trusting = ssl.create_default_context(cafile=issuer.file)
    with Recorder(issuer.context("other.test")) as receiver, a_line("127.0.0.0/8", tls=trusting) as line:
        with pytest.raises(AttemptFault) as fault:
            line.post(an_exchange(receiver.at("hooks.example.test")), b"{}", HEADERS)

        assert receiver.requests == []
    assert error_of(fault) == "tls_wrong_name"


def test_over_tls_time_and_bytes_are_the_same(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    body = b"x" * 300_000
    with (
        Recorder(issuer.context("hooks.example.test")) as receiver,
        a_line("127.0.0.0/8", tls=ssl.create_default_context(cafile=issuer.file)) as line,
    ):
        exchange = an_exchange(receiver.at("hooks.example.test"), Limits())
        line.post(exchange, body, {**HEADERS, "content-length": str(len(body))}).raw.read()

        assert receiver.wait_for(1)[0].body == body
        assert set(exchange.phases_s) == {"dns", "connect", "tls"}
        assert exchange.remaining_s() <= Limits().answer_s
        until(lambda: len(line.kept) == 1)
