"""Receivers that misbehave: every attempt ends on time, with what it was (T43)."""

import gzip
from collections.abc import Callable
from dataclasses import replace

import pytest

from connector.outside.answers import Answer
from connector.outside.exchange import Limits
from tests.kit.receiver import Peer, hostile

from .kit import BODY, HEADERS, QUICK, SLACK_S, a_client

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


def post_to(script: Callable[[Peer], None], limits: Limits = QUICK) -> Answer:
    """What becomes of an attempt at a receiver that acts so; fails if it takes longer than it may."""
    with hostile(script) as url, a_client(limits=limits) as client:
        answer = client.post(url, BODY, HEADERS)
    assert answer.duration_ms <= (limits.total_s + SLACK_S) * 1000
    return answer


def says(data: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.say(data)

    return script


def drips(data: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.drip(data)

    return script


def never_ends(start: bytes, again: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.say(start)
        while True:  # until the client hangs up
            peer.say(again)

    return script


def holds_after(data: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.say(data)
        peer.be_silent()

    return script


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(lambda peer: peer.be_silent(), id="never reads"),
        pytest.param(holds_after(b""), id="never answers"),
        pytest.param(holds_after(b"HTTP/1.1 200 OK\r\nx: y\r\n"), id="stops in the headers"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000), id="drips headers"),
        pytest.param(drips(b"HTTP/1.1 " + b"2" * 10_000), id="drips the status line"),
        pytest.param(drips(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), id="drips interim answers"),
    ],
)
def test_headers_that_do_not_come_in_time_are_a_timeout(script: Callable[[Peer], None]) -> None:
    answer = post_to(script)

    assert (answer.status, answer.outcome, answer.error) == (None, "timeout", "timeout_answer")


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(says(b""), id="at once"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\nx: y\r\n"), id="in the headers"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\nx: y"), id="in a line"),
        pytest.param(says(b"HTTP/1.1 100 Continue\r\n\r\n"), id="after an interim answer"),
        pytest.param(lambda peer: peer.reset(), id="with a reset"),
    ],
)
def test_a_connection_closed_before_the_answer_was_complete_is_unreachable(
    script: Callable[[Peer], None],
) -> None:
    answer = post_to(script)

    assert (answer.status, answer.outcome, answer.error) == (None, "unreachable", "connection_closed")


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"hello\r\n", id="HTTP/0.9"),
        pytest.param(b"hello", id="HTTP/0.9 without a line's end"),
        pytest.param(b"HTTP/0.9 200 OK\r\n\r\n", id="says HTTP/0.9"),
        pytest.param(b"HTTP/2 200 OK\r\n\r\n", id="says HTTP/2"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="SSH"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", id="TLS"),
        pytest.param(b"\r\n\r\n", id="blank lines"),
        pytest.param(b"HTTP/1.1 20 OK\r\n\r\n", id="status of two digits"),
        pytest.param(b"HTTP/1.1 2000 OK\r\n\r\n", id="status of four digits"),
        pytest.param(b"HTTP/1.1 099 OK\r\n\r\n", id="status below 100"),
        pytest.param(b"HTTP/1.1 600 OK\r\n\r\n", id="status 600"),
        pytest.param(b"HTTP/1.1 999 OK\r\n\r\n", id="status 999"),
        pytest.param("HTTP/1.1 ٢٠٠ OK\r\n\r\n".encode(), id="other digits"),
        pytest.param(b"HTTP/1.1 200 O\x00K\r\n\r\n", id="NUL in the status line"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", id="101"),
        pytest.param(b"HTTP/1.1 104 x\r\n\r\n" + OK, id="104"),
        pytest.param(b"HTTP/1.1 199 x\r\n\r\n", id="199"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 9 + OK, id="nine interim answers"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" * 100_000, id="a flood of 103"),
        pytest.param(HEAD + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello!", id="two lengths"),
        pytest.param(HEAD + b"Content-Length: 5\r\ncontent-LENGTH:6\r\n\r\nhello!", id="two lengths, spelt"),
        pytest.param(HEAD + b"content-length: 5, 6\r\n\r\nhello!", id="two lengths in one"),
        pytest.param(HEAD + b"content-length: -1\r\n\r\n", id="negative length"),
        pytest.param(HEAD + b"content-length: " + b"9" * 5000 + b"\r\n\r\n", id="endless length"),
        pytest.param(HEAD + b"x: y\r\n" * 101 + b"\r\n", id="101 headers"),
        pytest.param(HEAD + b"x: y\r\n" * 5000 + b"\r\n", id="5,000 headers"),
        pytest.param(HEAD + b"x: " + b"y" * 70_000 + b"\r\n\r\n", id="a header of 70 KB"),
        pytest.param(HEAD + (b"x: " + b"y" * 7000 + b"\r\n") * 10 + b"\r\n", id="70 KB of headers"),
        pytest.param(b"HTTP/1.1 200 " + b"x" * 70_000, id="a status line of 70 KB"),
        pytest.param(HEAD + b"x: a\x00b\r\n\r\n", id="NUL in a header"),
        pytest.param(HEAD + b"x: a\rb\r\n\r\n", id="bare CR in a header"),
        pytest.param(HEAD + b"no header\r\n\r\n", id="a line without a colon"),
        pytest.param(HEAD + b"x : y\r\n\r\n", id="a blank before the colon"),
        pytest.param(HEAD + b": y\r\n\r\n", id="a header without a name"),
        pytest.param(HEAD + b" folded: y\r\n\r\n", id="a continuation of nothing"),
    ],
)
def test_what_is_no_proper_http_is_a_malformed_answer(data: bytes) -> None:
    answer = post_to(says(data))

    assert (answer.status, answer.outcome, answer.error) == (None, "failed", "answer_malformed")
    assert answer.detail


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(never_ends(HEAD, b"set-cookie: x\r\n" * 1000), id="headers"),
        pytest.param(never_ends(HEAD + b"set-cookie: ", b"x" * 65_536), id="one cookie"),
        pytest.param(never_ends(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 1000), id="interim answers"),
    ],
)
def test_a_head_without_an_end_is_cut_off(script: Callable[[Peer], None]) -> None:
    assert post_to(script).error == "answer_malformed"


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(drips(HEAD + b"\r\n" + b"x" * 100_000), id="drips from the head on"),
        pytest.param(holds_after(HEAD + b"content-length: 10\r\n\r\nhel"), id="stops in the body"),
        pytest.param(holds_after(HEAD + b"\r\nhello"), id="never closes"),
        pytest.param(says(HEAD + b"content-length: 10\r\n\r\nhel"), id="closes in the body"),
        pytest.param(says(HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\nhel"), id="closes in a chunk"),
        pytest.param(says(HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\nhello"), id="no chunk size"),
        pytest.param(
            never_ends(HEAD + b"transfer-encoding: chunked\r\n\r\n", b"5\r\nhello\r\n"), id="chunks for ever"
        ),
        pytest.param(
            never_ends(HEAD + b"transfer-encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n" * 100),
            id="trailers for ever",
        ),
        pytest.param(never_ends(HEAD + b"\r\n", b"x" * 65_536), id="a body for ever"),
        pytest.param(
            never_ends(HEAD + b"content-length: 1000000000\r\n\r\n", b"x" * 65_536), id="a gigabyte"
        ),
    ],
)
def test_a_yes_counts_whatever_becomes_of_its_body(script: Callable[[Peer], None]) -> None:
    answer = post_to(script, Limits(connect_s=5, answer_s=5, total_s=6, body_s=0.3))

    assert (answer.status, answer.outcome, answer.error) == (200, "delivered", "answer_cut")
    assert len(answer.body) <= 4096
    assert answer.answer_cut


def test_what_came_of_a_broken_body_is_kept() -> None:
    assert post_to(holds_after(HEAD + b"content-length: 10\r\n\r\nhel")).body == b"hel"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", id="no status text"),
        pytest.param(b"HTTP/1.1 200 \xff\xfe\r\ncontent-length: 0\r\n\r\n", id="strange status text"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\nhello", id="HTTP/1.0"),
        pytest.param(b"HTTP/1.1 200 OK\n\n", id="bare line feeds"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" * 8 + OK, id="eight interim answers"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", id="204"),
        pytest.param(HEAD + b"content-length: 5\r\ncontent-length: 5\r\n\r\nhello", id="one length twice"),
        pytest.param(HEAD + b"x: y\r\n" * 99 + b"content-length: 0\r\n\r\n", id="100 headers"),
        pytest.param(HEAD + b"x: y\r\n  folded\r\ncontent-length: 0\r\n\r\n", id="a folded header"),
        pytest.param(HEAD + b"x: \xff\xfe\x80\r\ncontent-length: 0\r\n\r\n", id="no UTF-8 in a header"),
        pytest.param(HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", id="chunked"),
    ],
)
def test_an_odd_answer_that_is_http_counts(data: bytes) -> None:
    answer = post_to(says(data))

    assert (answer.outcome, answer.error) == ("delivered", None)


def test_a_gzip_bomb_is_never_inflated() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)

    answer = post_to(says(head + bomb))

    assert (answer.outcome, answer.error, answer.body) == ("delivered", "answer_cut", bomb[:4096])


def test_an_answer_given_before_the_body_was_read_counts() -> None:
    def script(peer: Peer) -> None:
        peer.say(b"HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        peer.be_silent()

    with hostile(script) as url, a_client(limits=QUICK) as client:
        answer = client.post(url, b"x" * 60_000, HEADERS)

    assert (answer.status, answer.error) == (413, "http_413")


def test_a_receiver_that_never_reads_a_large_body_cannot_hold_us() -> None:
    limits = replace(QUICK, total_s=15.0)  # so much is copied first, and a busy machine takes its time
    with hostile(lambda peer: peer.hold()) as url, a_client(limits=limits) as client:
        answer = client.post(url, b"x" * 50_000_000, HEADERS)

    assert answer.error == "timeout_answer"
    assert answer.duration_ms <= (QUICK.total_s + SLACK_S) * 1000
