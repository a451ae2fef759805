"""Wrong codes: one budget over every door, which closes to who guesses and to nobody else."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta

import pytest

from connector.domain.errors import NotFound, OutcomeUnknown, RateLimited, Unavailable, UnknownCode
from connector.flows.guesses import EVERYBODY, Guesser, Guesses, Lookups
from connector.flows.limits import Rate
from tests.kit.clock import FixedClock
from tests.kit.crowd import at_once

TEN = Rate(10, 60)
TILL = Guesser("203.0.113.7", "key_till", "glow-spa")
THIEF = Guesser("203.0.113.7", "key_thief", "glow-spa")
FORM = Guesser("", "source glow-spa/forms", "glow-spa")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def guesses(clock: FixedClock) -> Guesses:
    return Guesses(TEN, clock)


def guess(guesses: Guesses, who: Guesser, *, is_right: bool = False) -> str:
    try:
        with guesses.looking(who):
            if not is_right:
                raise UnknownCode
            return "found"
    except RateLimited:
        return "refused"
    except UnknownCode:
        return "missed"


# The budget


def test_after_ten_wrong_ones_the_caller_waits_out_the_minute(guesses: Guesses, clock: FixedClock) -> None:
    """T15: at most ten look-ups a minute, and no word more."""
    told = [guess(guesses, THIEF) for _ in range(5_000)]
    assert told.count("missed") == 10
    assert told[10:] == ["refused"] * 4_990

    clock.forward(timedelta(seconds=59))
    assert guess(guesses, THIEF, is_right=True) == "refused"
    clock.forward(timedelta(seconds=1))
    assert guess(guesses, THIEF, is_right=True) == "found"


def test_the_refusal_says_when_to_come_again(guesses: Guesses, clock: FixedClock) -> None:
    for _ in range(10):
        guess(guesses, THIEF)
    clock.forward(timedelta(seconds=20))

    with pytest.raises(RateLimited) as refused, guesses.looking(THIEF):
        raise AssertionError("nothing is looked up")

    assert refused.value.retry_after == timedelta(seconds=40)


def test_right_codes_cost_nothing(guesses: Guesses) -> None:
    assert {guess(guesses, TILL, is_right=True) for _ in range(1_000)} == {"found"}
    assert guesses.failed == 0


def test_only_a_wrong_code_counts_as_one(guesses: Guesses) -> None:
    for _ in range(50):
        with pytest.raises(NotFound), guesses.looking(TILL):
            raise NotFound

    assert guess(guesses, TILL, is_right=True) == "found"


def test_who_told_no_wrong_code_goes_on_whatever_happens_at_its_address(guesses: Guesses) -> None:
    """T22: a budget that is spent against a shop locks out the one who spent it."""
    for _ in range(100):
        guess(guesses, THIEF)

    assert guess(guesses, TILL, is_right=True) == "found"
    assert guess(guesses, TILL) == "missed"
    assert guess(guesses, TILL) == "refused", "from now on it is one of those that guess there"


def test_an_address_gets_no_further_with_many_keys(guesses: Guesses) -> None:
    keys = [Guesser("203.0.113.7", f"key_{number}", "glow-spa") for number in range(20)]
    told = [guess(guesses, who) for _ in range(10) for who in keys]

    assert told.count("missed") <= 10 + len(keys)


def test_another_account_s_guesses_at_the_same_address_are_its_own(guesses: Guesses) -> None:
    for _ in range(20):
        guess(guesses, THIEF)
    neighbour = Guesser("203.0.113.7", "key_n", "other-shop")

    assert [guess(guesses, neighbour) for _ in range(10)] == ["missed"] * 10


def test_without_a_key_the_address_is_the_caller(guesses: Guesses) -> None:
    told = [guess(guesses, Guesser(f"2001:db8::{number:x}")) for number in range(30)]

    assert told.count("missed") == 10
    assert guess(guesses, Guesser("2001:db8:0:1::1")) == "missed"


def test_many_at_once_get_no_more_than_the_budget(guesses: Guesses) -> None:
    at_once_told = [one.value for one in at_once([lambda: guess(guesses, THIEF)] * 60)]

    assert at_once_told.count("missed") == 10
    assert at_once_told.count("refused") == 50


def test_many_right_ones_at_once_are_all_served(guesses: Guesses) -> None:
    ended = at_once([lambda: guess(guesses, TILL, is_right=True)] * 60)

    assert {one.value for one in ended} == {"found"}


def test_slow_right_ones_hold_nobody_up_for_long(guesses: Guesses, clock: FixedClock) -> None:
    opened = threading.Event()

    def slowly() -> str:
        with guesses.looking(TILL):
            opened.wait(30)
        return "found"

    def hurry() -> str:
        while clock.waiting == 0:
            opened.wait(0.001)
        clock.forward(timedelta(seconds=1))
        opened.set()
        return "moved"

    calls: list[Callable[[], str]] = [*[slowly] * 11, hurry]
    ended = at_once(calls)

    assert [one.value for one in ended] == ["found"] * 11 + ["moved"]


# A herd


def test_a_herd_sets_off_the_alarm_and_closes_to_those_who_guess(guesses: Guesses, clock: FixedClock) -> None:
    """T16: many addresses, one budget; correct codes of keys are still served."""
    herd = [Guesser(f"127.1.{number // 250}.{number % 250}") for number in range(1_000)]
    told = [guess(guesses, who) for who in herd]

    assert told.count("missed") == 10 * EVERYBODY
    assert guesses.alarms == 0, "the budget is spent, not yet overrun"
    assert guess(guesses, TILL, is_right=True) == "found"
    assert guess(guesses, TILL) == "missed"
    assert guesses.alarms == 1
    assert guess(guesses, Guesser("198.51.100.1"), is_right=True) == "refused"

    clock.forward(timedelta(seconds=60))
    assert guess(guesses, Guesser("198.51.100.1"), is_right=True) == "found"


def test_the_alarm_is_given_once_a_minute(guesses: Guesses, clock: FixedClock) -> None:
    def herd() -> None:
        for number in range(400):
            guess(guesses, Guesser("203.0.113.7", f"key_{number}", f"shop-{number}"))

    herd()
    assert guesses.alarms == 1
    clock.forward(timedelta(seconds=60))
    herd()
    assert guesses.alarms == 2


def test_without_a_limit_wrong_codes_are_counted_and_nothing_else(clock: FixedClock) -> None:
    free = Guesses(None, clock)

    assert [guess(free, THIEF) for _ in range(50)] == ["missed"] * 50
    free.missed(THIEF)
    assert (free.failed, free.alarms) == (51, 0)


# Work in a transaction, which may run again and must not wait


def look(lookups: Lookups, code: str, *, is_right: bool = False) -> str:
    try:
        with lookups.looking({code}):
            if not is_right:
                raise UnknownCode
            return "found"
    except RateLimited:
        return "refused"
    except UnknownCode:
        return "missed"


def deliver(guesses: Guesses, *codes: str, ends: Exception | None = None) -> list[str]:
    """One piece of work by FORM that looks these codes up, all of them wrong."""
    told: list[str] = []
    try:
        with guesses.lookups() as lookups:
            lookups.start(FORM)
            told += [look(lookups, code) for code in codes]
            if ends is not None:
                raise ends
    except (OutcomeUnknown, Unavailable):
        pass
    return told


def wrong(count: int) -> list[str]:
    return [f"NOPE-{number}" for number in range(count)]


def test_one_piece_of_work_gets_no_further_than_many(guesses: Guesses, clock: FixedClock) -> None:
    """T17: a delivery of hundreds of codes is a caller like any other."""
    told = deliver(guesses, *wrong(300))

    assert told == ["missed"] * 10 + ["refused"] * 290
    assert deliver(guesses, "NOPE") == ["refused"]
    assert guesses.failed == 10
    clock.forward(timedelta(seconds=60))
    assert deliver(guesses, "NOPE") == ["missed"]


def test_a_miss_is_held_against_everybody_before_it_is_known_to_stand(guesses: Guesses) -> None:
    with guesses.lookups() as one, guesses.lookups() as other:
        one.start(FORM)
        other.start(FORM)
        told = [look(each, code) for code in wrong(10) for each in (one, other)]

    assert told == ["missed"] * 10 + ["refused"] * 10
    assert guesses.failed == 10


def test_work_that_runs_again_pays_for_its_last_try_alone(guesses: Guesses) -> None:
    with guesses.lookups() as lookups:
        for _ in range(5):
            lookups.start(FORM)
            assert [look(lookups, code) for code in wrong(7)] == ["missed"] * 7

    assert guesses.failed == 7
    assert deliver(guesses, *wrong(4)) == ["missed"] * 3 + ["refused"]


def test_work_that_was_undone_costs_nothing_and_what_may_stand_counts(guesses: Guesses) -> None:
    for _ in range(5):
        assert deliver(guesses, *wrong(9), ends=Unavailable("later")) == ["missed"] * 9
    assert guesses.failed == 0

    deliver(guesses, *wrong(9), ends=OutcomeUnknown())

    assert guesses.failed == 9
    assert deliver(guesses, *wrong(2)) == ["missed", "refused"]


def test_a_code_looked_up_again_by_the_same_work_is_one_guess(guesses: Guesses) -> None:
    assert deliver(guesses, *["NOPE"] * 300) == ["missed"] * 300
    assert guesses.failed == 1


def test_a_code_that_was_refused_is_refused_again(guesses: Guesses) -> None:
    assert deliver(guesses, *wrong(10), "LAST", "LAST")[10:] == ["refused", "refused"]


def test_the_refusal_inside_work_names_the_budget(guesses: Guesses) -> None:
    deliver(guesses, *wrong(10))

    with (
        pytest.raises(RateLimited, match="Too many wrong card codes: 10 are the most; try again in 60 s"),
        guesses.lookups() as lookups,
    ):
        lookups.start(FORM)
        with lookups.looking({"NOPE"}):
            raise AssertionError("looked up all the same")


def test_nobody_waits_inside_a_transaction(guesses: Guesses) -> None:
    """Thirty at once of a budget of ten: at a door the eleventh would wait for the end of another."""
    with ExitStack() as open_ones:
        for number in range(30):
            lookups = open_ones.enter_context(guesses.lookups())
            lookups.start(FORM)
            open_ones.enter_context(lookups.looking({f"RIGHT-{number}"}))

    assert guesses.failed == 0


def test_a_source_without_a_wrong_code_goes_on_while_a_herd_guesses(guesses: Guesses) -> None:
    """T16, T22."""
    for number in range(10 * EVERYBODY):
        guess(guesses, Guesser(f"198.51.{number // 250}.{number % 250}"))

    with guesses.lookups() as lookups:
        lookups.start(FORM)
        assert look(lookups, "RIGHT", is_right=True) == "found"
        assert look(lookups, "NOPE") == "missed"
        assert look(lookups, "RIGHT-2", is_right=True) == "refused"

    assert guesses.alarms == 1


def test_without_a_limit_work_is_counted_and_never_refused(clock: FixedClock) -> None:
    free = Guesses(None, clock)

    assert deliver(free, *wrong(50)) == ["missed"] * 50
    assert free.failed == 50
