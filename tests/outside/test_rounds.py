"""Attempts that one thread waits for together: what is here ends, what is not is for somebody who waits."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from connector.outside.answers import Answer
from connector.outside.http import AT_ONCE_S, Begun, Client
from connector.outside.rounds import Round
from tests.kit.clock import FixedClock
from tests.kit.crowd import PATIENCE_S, Crowd, until
from tests.kit.receiver import Peer, Recorder, Reply, Script, hostile
from tests.kit.tls import Issuer

from .kit import BODY, HEADERS, QUICK, Names, a_client

KEEPS = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


def begun(around: Round, url: str, body: bytes = BODY) -> Begun:
    found = around.send(url, body, HEADERS)
    assert found is not None
    return found


def ended(around: Round, count: int) -> list[Answer | None]:
    """The first so many that end."""
    found: list[Answer | None] = []

    def is_over() -> bool:
        found.extend(answer for _, answer in around.ended(0.05))
        return len(found) >= count

    until(is_over)
    return found


def warmed(client: Client, url: str) -> None:
    """A connection is kept, and its answer came at once, however slow the machine is now."""
    until(
        lambda: client.post(url, BODY, HEADERS).outcome == "delivered" and client.quick_place(url) is not None
    )


def second_is(rest: bytes, *, hangs: bool = False) -> Script:
    """A receiver that answers the first request well, and to the second one says `rest`."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.say(KEEPS)
        if peer.number == 1:
            peer.read_request()
            peer.say(rest)
            if hangs:
                peer.be_silent()

    return script


def test_answers_that_come_at_once_end_without_a_thread(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    with (
        Recorder() as plain,
        Recorder(issuer.context("hooks.example.test")) as secure,
        a_client(ca_file=Path(issuer.file), look_up=Names(["127.0.0.1"])) as client,
    ):
        urls = [plain.url, secure.at("hooks.example.test")]
        for url in urls:
            warmed(client, url)
        plain.answers(Reply(503, b"not now", {"Retry-After": "120"}))
        secure.answers(Reply(200, b"x" * 30_000))
        around = Round(client)

        first, second = (begun(around, url, b"%d" % place) for place, url in enumerate(urls))

        assert len(around) == 2
        answers = [one for one in ended(around, 2) if one is not None]
        assert sorted(one.status or 0 for one in answers) == [200, 503]
        assert {(one.answer_cut, len(one.body), one.reconnected) for one in answers} == {
            (False, 7, False),
            (True, 4096, False),
        }
        assert {tuple(one.phases_ms) for one in answers} == {("answer",)}
        assert (first.exchange.is_reused, second.exchange.is_reused) == (True, True)
        assert (plain.requests[-1].body, secure.requests[-1].body) == (b"0", b"1")
        assert dict(plain.requests[-1].headers) == {**plain.requests[0].headers, "content-length": "1"}
        assert around.rest() == []


def test_a_connection_serves_one_attempt_at_a_time_and_the_next_after_it() -> None:
    with Recorder() as receiver, a_client() as client:
        warmed(client, receiver.url)
        around = Round(client)

        begun(around, receiver.url)
        assert around.send(receiver.url, BODY, HEADERS) is None
        ended(around, 1)
        begun(around, receiver.url)
        ended(around, 1)

        assert receiver.connections == 1


def test_nothing_is_begun_where_nothing_is_kept_or_nothing_may_be_sent() -> None:
    with Recorder() as receiver, a_client() as client:
        around = Round(client)
        assert client.quick_place(receiver.url) is None
        assert around.send(receiver.url, BODY, HEADERS) is None
        warmed(client, receiver.url)

        assert around.send(receiver.url, BODY, {"host": "evil.example"}) is None
        assert around.send("http://127.0.0.1:1/", BODY, HEADERS) is None
        assert around.send("file:///etc/passwd", BODY, HEADERS) is None
        assert client.quick_place("file:///etc/passwd") is None

        assert {request.body for request in receiver.requests} == {BODY}
        assert receiver.connections == 1


def test_who_let_us_wait_the_last_time_is_not_asked_at_once() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.drip(KEEPS[:3])
        peer.say(KEEPS[3:])
        while peer.read_request():
            peer.say(KEEPS)

    with hostile(script) as url, a_client() as client:
        assert client.post(url, BODY, HEADERS).duration_ms > 1000 * AT_ONCE_S
        assert client.quick_place(url) is None

        warmed(client, url)

        assert client.quick_place(url) is not None


class TickingClock(FixedClock):
    """A little of AT_ONCE_S is over each time that somebody looks."""

    def monotonic(self) -> float:
        self.forward(timedelta(seconds=AT_ONCE_S / 2))
        return super().monotonic()


def test_who_let_us_wait_while_others_answered_is_not_asked_at_once_the_next_time() -> None:
    with Recorder() as receiver, a_client() as client:
        warmed(client, receiver.url)
        receiver.holds()
        around = Round(client, TickingClock())
        one = begun(around, receiver.url)
        assert around.ended(4 * AT_ONCE_S) == []
        receiver.let_go()
        until(lambda: not one.connection.is_connected)  # its answer is here

        assert [answer and answer.outcome for answer in ended(around, 1)] == ["delivered"]

        assert client.quick_place(receiver.url) is None


def test_who_had_answered_when_we_came_to_look_is_asked_at_once_again() -> None:
    """Whatever kept us, and however long: that is nothing of theirs."""
    with Recorder() as receiver, a_client() as client:
        warmed(client, receiver.url)
        clock = FixedClock()
        around = Round(client, clock)
        one = begun(around, receiver.url)
        until(lambda: not one.connection.is_connected)
        clock.forward(timedelta(seconds=1))

        assert [answer and answer.outcome for answer in ended(around, 1)] == ["delivered"]

        assert client.quick_place(receiver.url) is not None


def test_who_does_not_answer_is_waited_for_by_somebody_else_within_the_same_limits() -> None:
    with (
        hostile(second_is(b"HTTP/1.1 200 OK\r\ncontent-", hangs=True)) as url,
        a_client(limits=QUICK) as client,
    ):
        client.post(url, BODY, HEADERS)
        around = Round(client)
        waits = begun(around, url)

        assert around.ended(0.05) == []
        assert around.rest() == [waits]
        assert len(around) == 0
        answer = client.finish(waits)

        assert (answer.outcome, answer.error) == ("timeout", "timeout_answer")
        assert answer.duration_ms >= 0.9 * QUICK.answer_s * 1000


def test_an_answer_that_comes_late_is_whole_whoever_reads_it() -> None:
    said = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel"

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.say(KEEPS)
        peer.read_request()
        peer.say(said)
        assert halfway.wait(PATIENCE_S)
        peer.say(b"lo\r\n0\r\n\r\n")
        peer.be_silent()

    for is_awaited in (False, True):
        halfway = threading.Event()
        with hostile(script) as url, a_client() as client:
            client.post(url, BODY, HEADERS)
            around = Round(client)
            one = begun(around, url)
            assert around.ended(0.05) == []
            halfway.set()
            [answer] = [client.finish(around.rest()[0])] if is_awaited else ended(around, 1)

            assert answer is not None
            assert (answer.outcome, answer.body, answer.answer_cut) == ("delivered", b"hello", False)
            assert not one.connection.is_closed


@pytest.mark.parametrize("rest", [b"", b"HTTP/1.1 200"])
def test_a_kept_connection_that_closes_is_replaced_only_where_nothing_was_heard(rest: bytes) -> None:
    with hostile(second_is(rest)) as url, a_client(limits=QUICK) as client:
        client.post(url, BODY, HEADERS)
        around = Round(client)
        one = begun(around, url)

        if rest:
            until(lambda: around.ended(0.05) == [(one, None)])
        else:
            assert ended(around, 1) == [None]
        answer = client.finish(one)

        assert answer.reconnected == (not rest)
        assert answer.error == ("connection_closed" if rest else None)


def test_what_is_no_answer_is_called_what_it_is() -> None:
    with hostile(second_is(b"SSH-2.0-OpenSSH_9.6\r\n", hangs=True)) as url, a_client(limits=QUICK) as client:
        client.post(url, BODY, HEADERS)
        around = Round(client)
        one = begun(around, url)

        assert ended(around, 1) == [None]
        answer = client.finish(one)

    assert (answer.outcome, answer.error) == ("failed", "answer_malformed")


@pytest.mark.parametrize("is_secure", [False, True])
def test_a_request_that_does_not_go_out_at_once_goes_out_whole(tmp_path: Path, is_secure: bool) -> None:
    issuer = Issuer(tmp_path)
    body = bytes(range(256)) * 100_000
    with (
        Recorder(issuer.context("hooks.example.test") if is_secure else None) as receiver,
        a_client(ca_file=Path(issuer.file), look_up=Names(["127.0.0.1"])) as client,
    ):
        url = receiver.at("hooks.example.test")
        warmed(client, url)
        around = Round(client)
        one = begun(around, url, body)
        assert one.unsent

        answer = client.finish(one)

        assert (answer.outcome, answer.reconnected) == ("delivered", False)
        assert receiver.requests[-1].body == body
        assert receiver.connections == 1


def test_several_connections_are_waited_for_at_once() -> None:
    with Recorder() as receiver, a_client() as client:
        receiver.holds()
        warming = Crowd([lambda: client.post(receiver.url, BODY, HEADERS) for _ in range(3)])
        receiver.wait_for(3)
        receiver.let_go()
        warming.wait()
        around = Round(client)

        for _ in range(3):
            begun(around, receiver.url)

        assert [one is not None and one.outcome for one in ended(around, 3)] == ["delivered"] * 3
        assert receiver.connections == 3


class HurryingClock(FixedClock):
    """A second is over each time that somebody looks."""

    def monotonic(self) -> float:
        self.forward(timedelta(seconds=1))
        return super().monotonic()


def test_a_round_that_is_over_leaves_the_rest_of_what_came_for_the_next() -> None:
    with Recorder() as receiver, a_client() as client:
        receiver.holds()
        warming = Crowd([lambda: client.post(receiver.url, BODY, HEADERS) for _ in range(3)])
        receiver.wait_for(3)
        receiver.let_go()
        warming.wait()
        around = Round(client, HurryingClock())
        sent = [begun(around, receiver.url) for _ in range(3)]
        until(lambda: not any(one.connection.is_connected for one in sent))  # all answers are here

        first = around.ended(2.5)  # begun at 1, waited for at 2, and over after the second answer, at 4

        assert len(first) == 2
        assert len(around) == 1
        [last] = around.ended(2.5)
        assert [one and one.outcome for _, one in [*first, last]] == ["delivered"] * 3
        assert {one for one, _ in [*first, last]} == set(sent)
