"""What is dialled: only what was checked (T37, T39, F14)."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from ipaddress import ip_address

import pytest

from connector.outside.dial import is_own
from connector.outside.exchange import Limits
from tests.kit.receiver import WAIT_S, Recorder

from .kit import BODY, HEADERS, QUICK, SERVER_FAILED, SLACK_S, UNKNOWN, Names, a_client

NEVER_KEEP = Limits(idle_s=0)
ONLY_PUBLIC_TEST_ADDRESS = ("127.0.0.1/32",)
"""Stands for the public internet, so that 127.0.0.2 can stand for the operator's own network."""


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([["127.0.0.1"], ["127.0.0.2"]], id="rebinds"),
        pytest.param([["127.0.0.1"], ["127.0.0.1", "127.0.0.2"]], id="both in one answer"),
        pytest.param([["127.0.0.1"], ["127.0.0.2", "127.0.0.1"]], id="private first"),
        pytest.param([["127.0.0.1"], ["::1", "127.0.0.1"]], id="IPv6 private, IPv4 public"),
        pytest.param([["127.0.0.1"], ["::ffff:127.0.0.1"]], id="IPv4 in IPv6"),
        pytest.param([["127.0.0.1"], ["fe80::1%lo"]], id="with a zone"),
        pytest.param([["127.0.0.1"], ["not an address"]], id="junk"),
    ],
)
def test_a_name_server_that_changes_its_mind_reaches_nothing_private(answers: list[list[str]]) -> None:
    names = Names(*answers)
    with (
        Recorder() as receiver,
        a_client(ONLY_PUBLIC_TEST_ADDRESS, limits=NEVER_KEEP, look_up=names) as client,
    ):
        url = receiver.at("hooks.example.test")
        assert client.post(url, BODY, HEADERS).outcome == "delivered"

        later = [client.post(url, BODY, HEADERS) for _ in range(5)]

        assert {(answer.outcome, answer.error) for answer in later} == {
            ("refused_by_us", "address_not_allowed")
        }
        assert {answer.address for answer in later} == {None}
        assert receiver.connections == 1
        assert len(names.asked) == 6


def test_an_alternating_name_server_is_asked_once_an_attempt_and_dialled_as_checked() -> None:
    names = Names(*[["127.0.0.1"], ["127.0.0.2"]] * 20)
    with (
        Recorder() as receiver,
        a_client(ONLY_PUBLIC_TEST_ADDRESS, limits=NEVER_KEEP, look_up=names) as client,
    ):
        answers = [client.post(receiver.at("hooks.example.test"), BODY, HEADERS) for _ in range(40)]

        assert [answer.outcome for answer in answers] == ["delivered", "refused_by_us"] * 20
        assert len(names.asked) == 40
        assert receiver.connections == 20


def test_the_next_address_is_dialled_when_the_first_does_not_answer() -> None:
    names = Names(["127.0.0.9", "127.0.0.1"])
    with Recorder() as receiver, a_client(look_up=names) as client:
        answer = client.post(receiver.at("hooks.example.test"), BODY, HEADERS)

        assert (answer.outcome, answer.address) == ("delivered", "127.0.0.1")


def test_nobody_listening_is_a_refused_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with a_client() as client:
        answer = client.post(f"http://127.0.0.1:{port}/", BODY, HEADERS)

    assert (answer.outcome, answer.error) == ("unreachable", "connect_refused")


def test_a_host_that_does_not_take_connections_times_out() -> None:
    with ExitStack() as opened:
        full = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # its queue is full now, and the kernel answers nobody else
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        client = opened.enter_context(a_client(limits=QUICK))

        answer = client.post(f"http://127.0.0.1:{full.getsockname()[1]}/", BODY, HEADERS)

    assert (answer.outcome, answer.error) == ("timeout", "timeout_connect")
    assert answer.duration_ms <= (QUICK.connect_s + SLACK_S) * 1000


@pytest.mark.parametrize(
    ("found", "error"),
    [
        (UNKNOWN, "dns_unknown"),
        (SERVER_FAILED, "dns_failed"),
        ([], "dns_unknown"),
        (OSError("no descriptors"), "dns_failed"),
        (UnicodeError("label too long"), "dns_failed"),
    ],
)
def test_a_name_without_an_address_is_unreachable(found: list[str] | Exception, error: str) -> None:
    with a_client(look_up=Names(found)) as client:
        answer = client.post("https://hooks.example.test/", BODY, HEADERS)

    assert (answer.outcome, answer.error) == ("unreachable", error)


def test_a_bug_in_a_look_up_is_our_own_fault_and_stops_no_thread() -> None:
    with a_client(look_up=Names(KeyError("bug"), UNKNOWN)) as client:
        first = client.post("https://hooks.example.test/", BODY, HEADERS)
        second = client.post("https://hooks.example.test/", BODY, HEADERS)

    assert (first.outcome, first.detail) == ("internal", "KeyError")
    assert second.error == "dns_unknown"


class SilentNames:
    """A name server that does not answer until it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.asked: list[str] = []

    def __call__(self, name: str) -> list[str]:
        self.asked.append(name)
        if not name.startswith("quick"):
            self.let.wait(WAIT_S)
        return ["127.0.0.1"]


def test_a_silent_name_server_is_waited_for_no_longer_than_connecting_may_take() -> None:
    names = SilentNames()
    with a_client(limits=QUICK, look_up=names) as client:
        answer = client.post("https://slow.example.test/", BODY, HEADERS)
        names.let.set()

    assert (answer.outcome, answer.error) == ("unreachable", "dns_failed")
    assert answer.duration_ms <= (QUICK.connect_s + SLACK_S) * 1000


def test_one_silent_name_holds_one_look_up_and_no_other_name() -> None:
    names = SilentNames()
    with (
        Recorder() as receiver,
        a_client(limits=QUICK, look_up=names) as client,
        ThreadPoolExecutor(13) as pool,
    ):
        slow = [pool.submit(client.post, receiver.at("slow.example.test"), BODY, HEADERS) for _ in range(12)]
        quick = pool.submit(client.post, receiver.at("quick.example.test"), BODY, HEADERS).result()
        ended = [one.result() for one in slow]
        names.let.set()

        assert quick.outcome == "delivered"
        assert {answer.error for answer in ended} == {"dns_failed"}
        assert names.asked.count("slow.example.test") == 1


def test_no_more_than_eight_look_ups_run_and_those_given_up_are_not_begun() -> None:
    names = SilentNames()
    limits = Limits(connect_s=0.3, total_s=1)
    with a_client(limits=limits, look_up=names) as client, ThreadPoolExecutor(20) as pool:
        urls = [f"https://slow-{number}.example.test/" for number in range(20)]
        ended = list(pool.map(lambda url: client.post(url, BODY, HEADERS), urls))
        begun = len(names.asked)
        names.let.set()
        after = client.post("https://quick.example.test:1025/", BODY, HEADERS)

        assert {answer.error for answer in ended} == {"dns_failed"}
        assert begun == 8
        assert len(names.asked) == 9
        assert after.error == "connect_refused"


def test_this_machines_own_addresses_are_known() -> None:
    assert is_own(ip_address("127.0.0.1"), 443)
    assert is_own(ip_address("127.0.0.1"), 80)
    assert not is_own(ip_address("93.184.216.34"), 443)  # nothing is sent to it
    assert not is_own(ip_address("2606:4700::1111"), 443)
