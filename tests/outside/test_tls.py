"""TLS to receivers: always verified, by the name in the URL."""

import ssl
import warnings
from pathlib import Path

import pytest

from connector.outside.answers import Answer
from tests.kit.receiver import Peer, Recorder, hostile
from tests.kit.tls import Issuer

from .kit import BODY, HEADERS, QUICK, SLACK_S, Names, a_client

NAME = "hooks.example.test"


def post_to(server: ssl.SSLContext, trusted: Issuer | None, host: str = NAME) -> Answer:
    """An attempt at `https://<host>` where `server` answers, by a client that trusts `trusted`."""
    with (
        Recorder(server) as receiver,
        a_client(look_up=Names(["127.0.0.1"]), ca_file=trusted.file if trusted else None) as client,
    ):
        answer = client.post(receiver.at(host), BODY, HEADERS)
        assert len(receiver.requests) == (1 if answer.status else 0)
        return answer


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@pytest.mark.parametrize("host", [NAME, "127.0.0.1"])
def test_a_certificate_of_a_trusted_issuer_for_the_host_is_taken(issuer: Issuer, host: str) -> None:
    answer = post_to(issuer.context(host), issuer, host)

    assert answer.outcome == "delivered"
    assert set(answer.phases_ms) == {"dns", "connect", "tls", "answer"}


def test_the_host_is_named_in_the_handshake_and_in_the_request(issuer: Issuer) -> None:
    named: list[str | None] = []
    server = issuer.context(NAME)
    server.sni_callback = lambda _socket, name, _context: named.append(name)
    with (
        Recorder(server) as receiver,
        a_client(look_up=Names(["127.0.0.1"]), ca_file=issuer.file) as client,
    ):
        client.post(receiver.at(NAME), BODY, HEADERS)

        assert named == [NAME]
        assert receiver.requests[0].header("host") == f"{NAME}:{receiver.port}"


def test_an_address_is_not_named_in_the_handshake(issuer: Issuer) -> None:
    named: list[str | None] = []
    server = issuer.context("127.0.0.1")
    server.sni_callback = lambda _socket, name, _context: named.append(name)

    post_to(server, issuer, "127.0.0.1")

    assert named == [None]


def test_one_handshake_serves_many_attempts(issuer: Issuer) -> None:
    with (
        Recorder(issuer.context(NAME)) as receiver,
        a_client(look_up=Names(["127.0.0.1"]), ca_file=issuer.file) as client,
    ):
        answers = [client.post(receiver.at(NAME), BODY, HEADERS) for _ in range(5)]

        assert {answer.outcome for answer in answers} == {"delivered"}
        assert receiver.connections == 1


@pytest.mark.parametrize("certified", ["other.example.test", "127.0.0.1", "*.test", "example.test"])
def test_a_certificate_for_another_host_is_refused(issuer: Issuer, certified: str) -> None:
    answer = post_to(issuer.context(certified), issuer)

    assert (answer.status, answer.outcome, answer.error) == (None, "unreachable", "tls_wrong_name")


def test_a_certificate_for_a_name_is_refused_for_the_address_behind_it(issuer: Issuer) -> None:
    assert post_to(issuer.context(NAME), issuer, "127.0.0.1").error == "tls_wrong_name"


def test_a_certificate_whose_time_is_over_is_refused(issuer: Issuer) -> None:
    answer = post_to(issuer.context(NAME, expired=True), issuer)

    assert (answer.outcome, answer.error) == ("unreachable", "tls_expired")


def test_an_unknown_issuer_is_refused(issuer: Issuer, tmp_path: Path) -> None:
    stranger = Issuer(tmp_path, "stranger")

    assert post_to(stranger.context(NAME), issuer).error == "tls_unknown_issuer"
    assert post_to(stranger.context(NAME), None).error == "tls_unknown_issuer"


def test_a_receiver_that_only_speaks_an_old_protocol_is_refused(issuer: Issuer) -> None:
    """S004-70."""
    server = issuer.context(NAME)
    server.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is deprecated is the point
        server.minimum_version = ssl.TLSVersion.TLSv1
        server.maximum_version = ssl.TLSVersion.TLSv1_1

    answer = post_to(server, issuer)

    assert (answer.outcome, answer.error) == ("unreachable", "tls_old_protocol")


def test_a_receiver_that_speaks_no_tls_is_unreachable(issuer: Issuer) -> None:
    with Recorder() as receiver, a_client(look_up=Names(["127.0.0.1"])) as client:
        answer = client.post(f"https://{NAME}:{receiver.port}/", BODY, HEADERS)

        assert (answer.outcome, answer.error) == ("unreachable", "tls_failed")
        assert receiver.requests == []


@pytest.mark.parametrize("drip", [False, True])
def test_a_handshake_that_does_not_end_times_out(drip: bool) -> None:
    def script(peer: Peer) -> None:
        if drip:
            peer.drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03" + b"\0" * 1000)
        peer.be_silent()

    with hostile(script) as url, a_client(limits=QUICK) as client:
        answer = client.post(url.replace("http:", "https:"), BODY, HEADERS)

    assert (answer.outcome, answer.error) == ("timeout", "timeout_connect")
    assert answer.duration_ms <= (QUICK.connect_s + SLACK_S) * 1000


def test_a_connection_closed_in_the_handshake_is_said_so() -> None:
    with hostile(lambda peer: None) as url, a_client(limits=QUICK) as client:
        answer = client.post(url.replace("http:", "https:"), BODY, HEADERS)

    assert (answer.outcome, answer.error) == ("unreachable", "connection_closed")
