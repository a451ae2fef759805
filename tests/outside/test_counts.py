"""Counts in Redis: shared, by Redis' own clock, and whatever goes wrong is one error within a moment."""

import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest
from limits.errors import StorageError

from connector.outside.counts import SharedWindows
from tests.kit.clock import FixedClock
from tests.kit.counting import CountingServer
from tests.kit.receiver import Recorder


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with CountingServer("p4ss") as started:
        yield started


def test_what_one_node_counts_every_node_sees_whatever_their_clocks_say(server: CountingServer) -> None:
    early, late = FixedClock(), FixedClock()
    late.jump(timedelta(days=1))
    late.forward(timedelta(hours=5))
    nodes = [SharedWindows(server.url, one) for one in (early, late)]

    passed = [nodes[number % 2].acquire_entry("a", 5, 30) for number in range(8)]

    assert passed == [True] * 5 + [False] * 3
    assert [one.get_moving_window("a", 5, 30)[1] for one in nodes] == [5, 5]
    assert [one.get_moving_window("b", 5, 30)[1] for one in nodes] == [0, 0]


def test_what_was_counted_leaves_the_window(server: CountingServer) -> None:
    clock = FixedClock()
    node = SharedWindows(server.url, clock)
    assert [node.acquire_entry("a", 2, 30) for _ in range(3)] == [True, True, False]

    clock.forward(timedelta(seconds=31))

    assert node.get_moving_window("a", 2, 30)[1] == 0
    assert node.acquire_entry("a", 2, 30)


def test_the_time_is_asked_for_again_so_that_no_node_s_clock_carries_it_away(server: CountingServer) -> None:
    clock = FixedClock()
    node = SharedWindows(server.url, clock)
    first = node.now()
    clock.forward(timedelta(seconds=59))
    assert node.now() == first + 59

    clock.forward(timedelta(seconds=2))

    assert first <= node.now() < first + 30, "Redis' clock has hardly moved"


def test_a_restart_between_two_questions_is_nobody_s_trouble(server: CountingServer) -> None:
    node = SharedWindows(server.url, FixedClock())
    assert node.acquire_entry("a", 1, 60)
    server.kill()
    server.start()

    assert node.acquire_entry("a", 1, 60), "it has forgotten, as Redis without a disk does"


def test_where_nobody_listens_the_error_is_one(server: CountingServer) -> None:
    server.kill()
    node = SharedWindows(server.url, FixedClock())

    for ask in (lambda: node.acquire_entry("a", 1, 60), lambda: node.get_moving_window("a", 1, 60)):
        with pytest.raises(StorageError):
            ask()
    server.start()


def test_a_listener_that_says_nothing_and_one_that_speaks_http_are_the_same_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, Recorder() as web:
        for port in (silent.getsockname()[1], int(web.url.rpartition(":")[2].partition("/")[0])):
            with pytest.raises(StorageError):
                SharedWindows(f"redis://127.0.0.1:{port}/0", FixedClock()).acquire_entry("a", 1, 60)


def test_a_name_that_leads_nowhere_is_the_same_error() -> None:
    with pytest.raises(StorageError):
        SharedWindows("redis://nowhere.invalid:6379/0", FixedClock()).acquire_entry("a", 1, 60)
