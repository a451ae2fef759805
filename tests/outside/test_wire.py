"""On the wire: the bytes that go out are ours to the letter, every wait goes by the attempt's own time."""

import select
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
from connector.outside.wire import GuardedConnection, Line, NotYet, Wire
from tests.kit.crowd import PATIENCE_S, Crowd
from tests.kit.receiver import Peer, Recorder, Reply, hostile
from tests.kit.tls import Issuer

from .kit import QUICK, Names

CLOCK = SystemClock()
REQUEST = b"POST /hook HTTP/1.1\r\nhost: hooks.example.test\r\ncontent-length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


def an_exchange(url: str = "http://127.0.0.1/", limits: Limits = QUICK) -> Exchange:
    return Exchange(read_target(url, allow_http=True), limits, CLOCK)


def error_of(fault: pytest.ExceptionInfo[AttemptFault]) -> str:
    return fault.value.error


@contextmanager
def a_timed_pair(seconds: float = QUICK.answer_s) -> Iterator[tuple[Wire, socket.socket]]:
    """A socket in a step that may take `seconds`, and the far end."""
    ours, theirs = socket.socketpair()
    exchange = an_exchange()
    exchange.allow(seconds, "timeout_answer")
    with ours, theirs:
        yield Wire(ours, exchange), theirs


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
    with a_timed_pair(0.2) as (timed, theirs):
        over = threading.Event()

        def drip() -> None:
            while not over.wait(0.02):
                theirs.sendall(b"x")

        dripping = Crowd([drip])
        with pytest.raises(AttemptFault) as fault:
            while timed.read(10_000):
                pass
        over.set()
        dripping.wait()

    assert error_of(fault) == "timeout_answer"


def test_a_write_waits_no_longer_than_its_step_for_a_reader_that_takes_nothing() -> None:
    with a_timed_pair(0.2) as (timed, _), pytest.raises(AttemptFault) as fault:
        timed.send(b"x" * 50_000_000)

    assert error_of(fault) == "timeout_answer"


def test_when_the_step_is_over_nothing_is_read_or_written_any_more() -> None:
    with a_timed_pair(0) as (timed, theirs):
        theirs.sendall(b"late")

        for late in (lambda: timed.read(1), lambda: timed.readline(1), lambda: timed.send(b"x")):
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
        timed.send(body)
        taking.wait()

    assert got == body


def test_a_far_side_that_has_gone_is_no_attempts_end_when_writing() -> None:
    """A connection passes over a BrokenPipeError: they may have answered before they went."""
    with a_timed_pair() as (timed, theirs):
        theirs.close()

        with pytest.raises(BrokenPipeError):
            timed.send(b"x" * 1_000_000)


def test_a_far_side_that_resets_while_we_read_has_closed_the_connection() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.reset()

    with hostile(script) as url, a_line("127.0.0.0/8") as line:
        connection = line.post(an_exchange(url), REQUEST)
        with pytest.raises(AttemptFault) as fault:
            connection.read_head()
        connection.close()

    assert error_of(fault) == "connection_closed"


def test_what_was_heard_is_noted_since_then_a_request_is_never_sent_twice() -> None:
    with a_timed_pair() as (timed, theirs):
        assert not timed.exchange.has_heard
        theirs.sendall(b"x")
        timed.read(1)

        assert timed.exchange.has_heard


def test_lines_and_bytes_come_in_the_order_they_were_sent_however_they_are_cut() -> None:
    with a_timed_pair(PATIENCE_S) as (timed, theirs):
        theirs.sendall(b"one\ntw")
        assert timed.readline(100) == b"one\n"
        sending = Crowd([lambda: theirs.sendall(b"o\nthree, and no end")])
        assert timed.readline(100) == b"two\n"
        sending.wait()
        assert timed.readline(5) == b"three"
        assert timed.read(2) == b", "
        theirs.shutdown(socket.SHUT_WR)

        assert timed.readline(100) == b"and no end"
        assert (timed.readline(100), timed.read(100)) == (b"", b"")


def test_what_did_not_come_yet_is_not_waited_for_and_read_again_from_the_start() -> None:
    with a_timed_pair() as (timed, theirs):
        timed.may_wait = False
        with pytest.raises(NotYet):
            timed.take_what_came()
        theirs.sendall(b"one\ntw")
        timed.take_what_came()
        assert timed.readline(100) == b"one\n"
        with pytest.raises(NotYet):
            timed.readline(100)
        theirs.sendall(b"o\n")
        timed.take_what_came()
        assert (timed.readline(100), timed.readline(100)) == (b"one\n", b"two\n")

        timed.start_over()
        theirs.close()

        assert [timed.readline(100) for _ in range(3)] == [b"one\n", b"two\n", b""]


def test_the_end_is_no_answer_at_once() -> None:
    with a_timed_pair() as (timed, theirs):
        theirs.close()

        with pytest.raises(AttemptFault):
            timed.take_what_came()


def test_what_cannot_be_written_without_waiting_is_left_for_whoever_waits() -> None:
    body = bytes(range(256)) * 40_000
    got = bytearray()
    with a_timed_pair(PATIENCE_S) as (timed, theirs):
        sent = timed.send_at_once(body)
        assert 0 < sent < len(body)
        assert timed.send_at_once(body[sent:]) == 0

        def take() -> None:
            while len(got) < len(body):
                got.extend(theirs.recv(100_000))

        taking = Crowd([take])
        timed.send(body[sent:])
        taking.wait()
        theirs.close()
        assert timed.send_at_once(b"x" * 1_000_000) == 0, "it has gone: reading will say so"

    assert got == body


def test_the_request_is_what_we_wrote_and_nothing_else() -> None:
    got: list[bytes] = []

    def script(peer: Peer) -> None:
        got.append(peer.read_request())
        peer.say(OK)

    with hostile(script) as url, a_line("127.0.0.0/8") as line:
        connection = line.post(an_exchange(url), REQUEST)
        connection.read_head()
        connection.close()

    assert got == [REQUEST]


def test_the_head_is_there_before_the_body_is_read() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe")
        peer.be_silent()

    with hostile(script) as url, a_line("127.0.0.0/8") as line:
        connection = line.post(an_exchange(url), REQUEST)
        head = connection.read_head()

        assert head.status == 200
        assert connection.read_body(head) == (b"he", True)
        assert connection.is_closed


@pytest.mark.parametrize("pieces", [1, 7, 1000])
def test_an_answer_is_read_at_once_when_all_of_it_is_here(pieces: int) -> None:
    said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = GuardedConnection(ours, an_exchange())
        for start in range(0, len(said) - pieces, pieces):
            theirs.sendall(said[start : start + pieces])
            with pytest.raises(NotYet):
                connection.read_at_once(0.0)
        theirs.sendall(said[max(0, (len(said) - 1) // pieces * pieces) :])
        assert select.select([ours], [], [], PATIENCE_S)[0]

        head, body, is_cut = connection.read_at_once(0.0)

        assert (head.status, body, is_cut, connection.is_closed) == (200, b"hello", False, False)
        assert "answer" in connection.exchange.phases_s


@pytest.mark.parametrize(
    ("said", "is_kept"),
    [
        (OK, True),
        (OK + b"HTTP/1.1 200 OK\r\n", False),
        (OK + b"\r\n", False),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + b"x" * 5000, False),
    ],
)
def test_a_connection_serves_on_only_where_nothing_is_left_on_it(said: bytes, is_kept: bool) -> None:
    for is_at_once in (True, False):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            connection = GuardedConnection(ours, an_exchange())
            connection.exchange.allow(PATIENCE_S, "timeout_answer")
            theirs.sendall(said)
            if is_at_once:
                connection.read_at_once(0.0)
            else:
                connection.read_body(connection.read_head())

            assert connection.is_connected == is_kept
            assert connection.is_closed != is_kept


def test_nothing_is_dialled_that_the_guard_does_not_allow() -> None:
    with Recorder() as receiver, a_line() as line:
        with pytest.raises(AttemptFault) as fault:
            line.post(an_exchange(receiver.url), REQUEST)

        assert error_of(fault) == "address_not_allowed"
        assert receiver.connections == 0


def test_a_connection_that_is_kept_is_taken_by_the_next() -> None:
    def read(connection: GuardedConnection) -> bytes:
        return connection.read_body(connection.read_head())[0]

    with Recorder() as receiver, a_line("127.0.0.0/8") as line:
        receiver.answers(Reply(200, b"hello"))
        first = line.post(an_exchange(receiver.url), REQUEST)
        assert read(first) == b"hello"
        line.kept.give(first)

        second = an_exchange(receiver.url)
        again = line.post(second, REQUEST)
        read(again)
        line.kept.give(again)
        afresh = an_exchange(receiver.url)
        afresh.may_reuse = False
        other = line.post(afresh, REQUEST)
        read(other)
        line.kept.give(other)

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
            line.post(an_exchange(url.replace("http:", "https:")), REQUEST)

        assert ended.wait(PATIENCE_S)
    assert error_of(fault) == "timeout_connect"


def test_a_certificate_for_somebody_else_gets_no_request(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    trusting = ssl.create_default_context(cafile=issuer.file)
    with Recorder(issuer.context("other.test")) as receiver, a_line("127.0.0.0/8", tls=trusting) as line:
        with pytest.raises(AttemptFault) as fault:
            line.post(an_exchange(receiver.at("hooks.example.test")), REQUEST)

        assert receiver.requests == []
    assert error_of(fault) == "tls_wrong_name"


def test_over_tls_time_and_bytes_are_the_same(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    body = b"x" * 300_000
    with (
        Recorder(issuer.context("hooks.example.test")) as receiver,
        a_line("127.0.0.0/8", tls=ssl.create_default_context(cafile=issuer.file)) as line,
    ):
        head = b"POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
        exchange = an_exchange(receiver.at("hooks.example.test"), Limits())
        connection = line.post(exchange, head + body)
        connection.read_body(connection.read_head())

        assert receiver.wait_for(1)[0].body == body
        assert set(exchange.phases_s) == {"dns", "connect", "tls", "answer"}
        assert exchange.remaining_s() <= Limits().body_s
        assert connection.is_connected
        connection.close()
