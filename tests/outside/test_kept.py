"""Connections kept from one attempt to the next."""

from connector.outside.exchange import Limits
from tests.kit.receiver import Peer, Recorder, Reply, hostile

from .kit import BODY, HEADERS, QUICK, Names, a_client

KEEPS = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


def test_the_next_attempt_uses_the_open_connection_and_asks_for_no_name() -> None:
    names = Names(["127.0.0.1"])
    with Recorder() as receiver, a_client(look_up=names) as client:
        first, second = (client.post(receiver.at("hooks.example.test"), BODY, HEADERS) for _ in range(2))

        assert [request.connection for request in receiver.requests] == [1, 1]
        assert names.asked == ["hooks.example.test"]
        assert set(first.phases_ms) == {"dns", "connect", "answer"}
        assert set(second.phases_ms) == {"answer"}
        assert (second.address, second.reconnected) == ("127.0.0.1", False)


def test_another_name_or_port_gets_a_connection_of_its_own() -> None:
    with Recorder() as one, Recorder() as other, a_client(look_up=Names(["127.0.0.1"])) as client:
        client.post(one.at("a.example.test"), BODY, HEADERS)
        client.post(one.at("b.example.test"), BODY, HEADERS)
        client.post(other.at("a.example.test"), BODY, HEADERS)

        assert (one.connections, other.connections) == (2, 1)


def test_a_restarted_receiver_gets_the_next_message_at_once() -> None:
    with Recorder() as receiver, a_client() as client:
        client.post(receiver.url, BODY, HEADERS)
        receiver.hang_up()

        answer = client.post(receiver.url, BODY, HEADERS)

        assert (answer.outcome, answer.reconnected) == ("delivered", False)  # seen dead before it was used
        assert receiver.connections == 2


def closes_when_asked_again(peer: Peer) -> None:
    """As a server does whose idle timer runs out while the second request is under way."""
    peer.read_request()
    peer.say(KEEPS)
    if peer.number == 1:
        peer.read_request()


def test_a_kept_connection_that_dies_under_a_request_is_replaced_within_the_attempt() -> None:
    with hostile(closes_when_asked_again) as url, a_client(limits=QUICK) as client:
        first, second = client.post(url, BODY, HEADERS), client.post(url, BODY, HEADERS)

        assert (first.outcome, first.reconnected) == ("delivered", False)
        assert (second.outcome, second.error, second.reconnected) == ("delivered", None, True)
        assert "connect" in second.phases_ms


def test_it_is_replaced_once_and_not_for_ever() -> None:
    seen: list[int] = []

    def script(peer: Peer) -> None:
        seen.append(peer.number)
        peer.read_request()
        if peer.number == 1:
            peer.say(KEEPS)
            peer.read_request()

    with hostile(script) as url, a_client(limits=QUICK) as client:
        client.post(url, BODY, HEADERS)
        answer = client.post(url, BODY, HEADERS)

    assert (answer.outcome, answer.error) == ("unreachable", "connection_closed")
    assert answer.reconnected
    assert seen == [1, 2]


def test_a_new_connection_that_is_closed_is_not_replaced() -> None:
    seen: list[int] = []

    def script(peer: Peer) -> None:
        seen.append(peer.number)
        peer.read_request()

    with hostile(script) as url, a_client(limits=QUICK) as client:
        answer = client.post(url, BODY, HEADERS)

    assert (answer.error, answer.reconnected) == ("connection_closed", False)
    assert seen == [1]


def test_a_kept_connection_that_began_to_answer_is_not_replaced() -> None:
    seen: list[int] = []

    def script(peer: Peer) -> None:
        seen.append(peer.number)
        peer.read_request()
        peer.say(KEEPS)
        peer.read_request()
        peer.say(b"HTTP/1.1 200")

    with hostile(script) as url, a_client(limits=QUICK) as client:
        client.post(url, BODY, HEADERS)
        answer = client.post(url, BODY, HEADERS)

    assert (answer.error, answer.reconnected) == ("connection_closed", False)
    assert seen == [1]


def test_a_silent_kept_connection_times_out_by_the_new_attempts_own_clock() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.say(KEEPS)
        peer.read_request()
        peer.be_silent()

    with hostile(script) as url, a_client(limits=QUICK) as client:
        client.post(url, BODY, HEADERS)
        answer = client.post(url, BODY, HEADERS)

    assert (answer.outcome, answer.error) == ("timeout", "timeout_answer")
    assert answer.duration_ms >= 0.9 * QUICK.answer_s * 1000


def test_a_connection_whose_answer_was_not_read_to_its_end_is_not_kept() -> None:
    with Recorder() as receiver, a_client() as client:
        receiver.answers(Reply(200, b"x" * 100_000), Reply(200, b"", {"connection": "close"}))
        for _ in range(3):
            assert client.post(receiver.url, BODY, HEADERS).outcome == "delivered"

        assert [request.connection for request in receiver.requests] == [1, 2, 3]


def test_a_connection_is_not_kept_after_a_body_whose_end_is_disputed() -> None:
    disputed = b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\n"
    seen: list[int] = []

    def script(peer: Peer) -> None:
        seen.append(peer.number)
        peer.read_request()
        peer.say(b"HTTP/1.1 200 OK\r\n" + disputed)
        peer.be_silent()

    with hostile(script) as url, a_client(limits=QUICK) as client:
        answers = [client.post(url, BODY, HEADERS) for _ in range(2)]

    assert [answer.body for answer in answers] == [b"yes", b"yes"]
    assert seen == [1, 2]


def test_a_connection_that_is_idle_or_open_for_too_long_is_not_used() -> None:
    for limits in (Limits(idle_s=0), Limits(age_s=0)):
        with Recorder() as receiver, a_client(limits=limits) as client:
            client.post(receiver.url, BODY, HEADERS)
            client.post(receiver.url, BODY, HEADERS)

            assert receiver.connections == 2


def test_no_more_connections_are_kept_than_the_limits_say() -> None:
    with (
        Recorder() as one,
        Recorder() as other,
        a_client(limits=Limits(kept=1), look_up=Names(["127.0.0.1"])) as client,
    ):
        for receiver in (one, other, other, one):
            client.post(receiver.url, BODY, HEADERS)

        assert (one.connections, other.connections) == (2, 1)


def test_a_closed_client_keeps_nothing() -> None:
    with Recorder() as receiver, a_client() as client:
        client.post(receiver.url, BODY, HEADERS)
        client.close()
        client.post(receiver.url, BODY, HEADERS)
        client.post(receiver.url, BODY, HEADERS)

        assert receiver.connections == 3
