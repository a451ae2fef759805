"""All nodes count together while they can, each for itself while they cannot; nobody is refused for that."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

from connector.flows.limits import Limiter, Rate
from connector.flows.sharing import AGAIN_S, Shared
from connector.outside.counts import SharedWindows
from tests.kit.clock import FixedClock
from tests.kit.counting import CountingServer
from tests.kit.crowd import at_once

FIVE = Rate(5, 30)


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with CountingServer() as started:
        yield started


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


def a_node(server: CountingServer, clock: FixedClock) -> Limiter:
    return Limiter(clock, Shared(SharedWindows(server.url, clock), clock))


def test_two_nodes_have_one_budget_and_say_the_same_of_it(server: CountingServer, clock: FixedClock) -> None:
    one, other = a_node(server, clock), a_node(server, clock)

    passed = [node.hit(FIVE, "key", "a") for node in (one, other) * 4]

    assert passed == [True] * 5 + [False] * 3
    for node in (one, other):
        standing = node.standing(FIVE, "key", "a")
        assert (standing.limit, standing.remaining) == (5, 0)
        assert 25 <= standing.reset_s <= 30
        assert node.standing(FIVE, "key", "b").remaining == 5


def test_many_at_once_on_two_nodes_get_no_more_than_the_rate(
    server: CountingServer, clock: FixedClock
) -> None:
    nodes = [a_node(server, clock), a_node(server, clock)]

    ended = at_once([partial(node.hit, Rate(7, 60), "key", "a") for node in nodes * 10])

    assert sum(one.value for one in ended) == 7


def test_a_refused_request_is_counted_nowhere(server: CountingServer, clock: FixedClock) -> None:
    one, other = a_node(server, clock), a_node(server, clock)
    for _ in range(5):
        one.hit(FIVE, "key", "a")
    for _ in range(50):
        assert not other.hit(FIVE, "key", "a")

    clock.forward(timedelta(seconds=31))

    assert [other.hit(FIVE, "key", "a") for _ in range(6)] == [True] * 5 + [False]


def test_away_each_node_holds_the_limit_and_back_again_they_share(
    server: CountingServer, clock: FixedClock
) -> None:
    one, other = a_node(server, clock), a_node(server, clock)
    with capture_logs() as logs:
        for _ in range(2):
            one.hit(FIVE, "key", "a")
        server.kill()

        assert [one.hit(FIVE, "key", "a") for _ in range(5)] == [True] * 3 + [False] * 2, (
            "it knows its own two"
        )
        assert [other.hit(FIVE, "key", "a") for _ in range(6)] == [True] * 5 + [False]

        server.start()
        clock.forward(timedelta(seconds=AGAIN_S))
        passed = [node.hit(FIVE, "key", "b") for node in (one, other) * 4]

    assert passed == [True] * 5 + [False] * 3
    told = [(line["event"], line["log_level"]) for line in logs]
    assert told == [("limits_apart", "warning")] * 2 + [("limits_shared", "info")] * 2, "once for each node"


def test_what_redis_forgot_this_node_still_knows(server: CountingServer, clock: FixedClock) -> None:
    node = a_node(server, clock)
    for _ in range(5):
        node.hit(FIVE, "key", "a")
    server.kill()
    server.start()

    assert node.standing(FIVE, "key", "a").remaining == 0
    assert not node.hit(FIVE, "key", "a")


def test_while_it_is_away_it_is_asked_seldom(server: CountingServer, clock: FixedClock) -> None:
    shared = Shared(SharedWindows(server.url, clock), clock)
    assert shared.look()
    server.kill()
    assert not shared.look()
    server.start()

    assert [shared.look() for _ in range(3)] == [False] * 3, "not asked"
    clock.forward(timedelta(seconds=AGAIN_S))
    assert shared.look()
    assert not shared.is_away


def test_one_that_was_never_there_stops_nobody(server: CountingServer, clock: FixedClock) -> None:
    server.kill()
    node = a_node(server, clock)

    assert [node.hit(FIVE, "key", "a") for _ in range(6)] == [True] * 5 + [False]
    assert node.standing(FIVE, "key", "a").remaining == 0
    server.start()
