"""When many hosts at once cannot be reached it is our own line, and nobody is charged for it."""

from datetime import timedelta

import pytest

from connector.domain.retries import LINE_DOWN
from connector.flows.own_line import HOSTS, PROBE_EVERY, WITHIN_S, OwnLine
from connector.outside.answers import Answer
from tests.kit.clock import FixedClock

NO_NAME = Answer(None, "unreachable", "dns_unknown")
REFUSED = Answer(None, "unreachable", "connect_refused")


def down(clock: FixedClock) -> OwnLine:
    line = OwnLine(clock)
    for number in range(HOSTS):
        assert line.note(f"https://{number}.example.com/", NO_NAME), "until then each is charged"
    return line


@pytest.mark.parametrize("error", LINE_DOWN)
def test_five_hosts_that_cannot_be_reached_are_our_own_line(error: str) -> None:
    line = OwnLine(FixedClock())
    for number in range(HOSTS):
        assert not line.is_down
        line.note(f"https://{number}.example.com/", Answer(None, "unreachable", error))

    assert line.is_down


def test_while_it_is_down_nothing_is_charged_and_one_probe_goes_now_and_then() -> None:
    clock = FixedClock()
    line = down(clock)

    assert not line.note("https://9.example.com/", NO_NAME)
    rooms = [line.room(64)]
    clock.forward(PROBE_EVERY)
    rooms += [line.room(64), line.room(64), line.room(0)]

    assert rooms == [0, 1, 0, 0]


def test_any_answer_a_refusal_too_says_that_it_is_up() -> None:
    clock = FixedClock()
    line = down(clock)

    assert line.note("https://9.example.com/", REFUSED)

    assert not line.is_down
    assert line.room(64) == 64


@pytest.mark.parametrize("between", [REFUSED, Answer(500, "failed", "http_500")])
def test_a_host_that_answers_in_between_says_the_same(between: Answer) -> None:
    line = OwnLine(FixedClock())
    for number in range(HOSTS - 1):
        line.note(f"https://{number}.example.com/", NO_NAME)
    line.note("https://up.example.com/", between)

    line.note("https://9.example.com/", NO_NAME)

    assert not line.is_down


def test_one_host_that_fails_often_and_failures_far_apart_say_nothing() -> None:
    clock = FixedClock()
    line = OwnLine(clock)
    for _ in range(20):
        line.note("https://one.example.com/", NO_NAME)
    for number in range(20):
        clock.forward(timedelta(seconds=WITHIN_S / 3))
        line.note(f"https://{number}.example.com/", NO_NAME)

    assert not line.is_down


def test_what_was_never_dialled_says_nothing_either_way() -> None:
    line = down(FixedClock())

    assert line.note("https://9.example.com/", Answer(None, "refused_by_us", "address_not_allowed"))
    assert line.is_down
