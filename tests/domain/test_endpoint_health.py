"""What attempts make of an endpoint: its window, its breaker, and when it is given up."""

from datetime import timedelta
from typing import Final

import pytest

from connector.domain import endpoint_health as health
from connector.domain.endpoint_health import Condition, Health, after
from connector.domain.retries import Effect
from tests.kit.clock import THE_MOMENT

SUCCESS: Final = Effect("success")
FAILURE: Final = Effect("failure")
SECOND: Final = timedelta(seconds=1)
NEW: Final = Condition(Health())


def fails(found: Condition, times: int, deliveries: int = 99, at: timedelta = timedelta()) -> Condition:
    for number in range(times):
        now = THE_MOMENT + at + number * SECOND
        found = after(found, FAILURE, f"whd_{number % deliveries}", now, 4, "we_1")
    return found


def succeeds(found: Condition, at: timedelta = timedelta(), most: int = 4) -> Condition:
    return after(found, SUCCESS, "whd_1", THE_MOMENT + at, most, "we_1")


def test_the_window_doubles_with_each_success_up_to_the_endpoints_concurrency() -> None:
    found, windows = NEW, []
    for number in range(5):
        found = succeeds(found, number * SECOND, most=6)
        windows.append(health.window_of(found, 6, THE_MOMENT + number * SECOND))

    assert windows == [2, 4, 6, 6, 6]
    failed = after(found, FAILURE, "whd_1", THE_MOMENT, 6, "we_1")
    assert health.window_of(failed, 6, THE_MOMENT) == 1


def test_an_endpoint_that_was_quiet_for_long_starts_with_one_again() -> None:
    warm = succeeds(succeeds(NEW))
    assert health.window_of(warm, 4, THE_MOMENT + health.COLD_AFTER) == 4

    late = health.COLD_AFTER + SECOND
    assert health.window_of(warm, 4, THE_MOMENT + late) == 1
    assert succeeds(warm, late).health.window == 2


def test_a_success_among_many_writes_nothing_new() -> None:
    warm = succeeds(succeeds(NEW))

    assert succeeds(warm, timedelta(seconds=59)) == warm
    assert succeeds(warm, timedelta(seconds=60)) != warm


def test_the_breaker_opens_at_ten_failures_of_five_deliveries() -> None:
    assert fails(NEW, 9).held_until is None
    assert fails(NEW, 50, deliveries=4).held_until is None, "few deliveries keep the schedule"

    tripped = fails(NEW, 10)

    assert tripped.held_until is not None
    opened_for = tripped.held_until - THE_MOMENT - 9 * SECOND
    assert timedelta(seconds=30) <= opened_for <= timedelta(seconds=36)
    assert health.breaker_of(tripped, THE_MOMENT) == "open"
    assert health.breaker_of(tripped, tripped.held_until) == "probing"
    assert health.window_of(tripped, 4, THE_MOMENT) == 1


def test_what_was_under_way_when_it_opened_does_not_lengthen_it() -> None:
    tripped = fails(NEW, 10)

    assert fails(tripped, 3, at=10 * SECOND).held_until == tripped.held_until


def test_each_probe_that_fails_doubles_it_up_to_a_quarter_of_an_hour() -> None:
    found, waits = fails(NEW, 10), []
    for _ in range(8):
        assert found.held_until is not None
        now = found.held_until
        found = after(found, FAILURE, "whd_9", now, 4, "we_1")
        assert found.held_until is not None
        waits.append(found.held_until - now)

    planned = [60, 120, 240, 480, 900, 900, 900, 900]
    for waited, least in zip(waits, planned, strict=True):
        assert timedelta(seconds=least) <= waited <= timedelta(seconds=least) * 1.2


@pytest.mark.parametrize(
    ("effect", "trips"),
    [
        (Effect("nothing", is_slowed=True), 2),  # 502, or a 503 that names no time
        (Effect("nothing", quiet_for=SECOND), 2),
        (Effect("nothing"), 1),  # a fault of ours, or an attempt by hand that failed
    ],
)
def test_a_probe_that_proves_nothing_leaves_the_breaker_open(effect: Effect, trips: int) -> None:
    tripped = fails(NEW, 10)
    assert tripped.held_until is not None
    now = tripped.held_until

    found = after(tripped, effect, "whd_9", now, 4, "we_1")

    assert health.is_open(found, now)
    assert found.held_until is not None
    least = timedelta(seconds=30) * 2 ** (trips - 1)
    assert least <= found.held_until - now <= least * 1.2
    assert found.health.trips == trips
    assert found.health.failures == tripped.health.failures, "it is no failure of theirs"
    again = after(found, effect, "whd_9", now, 4, "we_1")
    assert again.held_until == found.held_until, "what was under way does not lengthen it"


def test_a_probe_that_succeeds_closes_it_at_one_in_flight() -> None:
    tripped = fails(NEW, 10)

    healed = succeeds(tripped, timedelta(minutes=1))

    assert (healed.held_until, healed.failing_since) == (None, None)
    assert healed.health == Health(window=1)
    assert health.breaker_of(healed, THE_MOMENT) == "closed"


def test_an_endpoint_that_asks_for_quiet_gets_it_though_it_answers_another_yes() -> None:
    quiet = after(succeeds(NEW), Effect("nothing", timedelta(minutes=2)), "whd_1", THE_MOMENT, 4, "we_1")
    assert quiet.held_until == THE_MOMENT + timedelta(minutes=2)

    assert succeeds(quiet, SECOND).held_until == quiet.held_until
    shorter = after(quiet, Effect("nothing", SECOND), "whd_1", THE_MOMENT, 4, "we_1")
    assert shorter == quiet


def test_an_endpoint_that_is_overrun_gets_one_at_a_time() -> None:
    warm = succeeds(succeeds(NEW))

    slowed = after(warm, Effect("nothing", is_slowed=True), "whd_1", THE_MOMENT, 4, "we_1")

    assert slowed.health.window == 1
    assert after(slowed, Effect("nothing"), "whd_1", THE_MOMENT, 4, "we_1") is slowed


@pytest.mark.parametrize(
    ("days", "each", "deliveries", "is_hopeless"),
    [
        ((0, 2, 5), 4, 2, True),
        ((0, 2, 4), 4, 2, False),  # not for five days yet
        ((0, 5), 6, 2, False),  # only two days with failures
        ((0, 2, 5), 3, 2, False),  # nine failures
        ((0, 2, 5), 4, 1, False),  # one delivery
    ],
)
def test_an_endpoint_that_only_fails_for_five_days_is_given_up(
    days: tuple[int, ...], each: int, deliveries: int, is_hopeless: bool
) -> None:
    found = NEW
    for day in days:
        found = fails(found, each, deliveries, at=timedelta(days=day))

    last = THE_MOMENT + timedelta(days=days[-1], seconds=each)
    assert health.is_hopeless(found, last) is is_hopeless
    assert not health.is_hopeless(succeeds(found, timedelta(days=6)), last)


def test_a_rate_limit_lets_so_many_begin_in_each_second() -> None:
    found = Health()
    assert health.allowance(found, 3, THE_MOMENT) == 3

    found = health.spend(found, 3, THE_MOMENT, 3)

    assert health.allowance(found, 3, THE_MOMENT) == 0
    assert health.allowance(found, 3, THE_MOMENT + timedelta(milliseconds=334)) == 1
    assert health.allowance(found, 3, THE_MOMENT + timedelta(hours=1)) == 3


def test_what_is_kept_is_read_again() -> None:
    found = health.spend(fails(NEW, 11).health, 3, THE_MOMENT, 1)

    assert health.read_health(health.health_json(found)) == found


@pytest.mark.parametrize(
    ("failing_h", "warned_h", "is_due"),
    [
        (23, None, False),
        (24, None, True),
        (95, 24, False),
        (96, 24, True),
        (96, None, True),
        (110, 96, False),
        (30, -5, True),  # of an earlier time
    ],
)
def test_somebody_is_warned_after_a_day_and_a_day_before_the_end(
    failing_h: int, warned_h: int | None, is_due: bool
) -> None:
    warned = None if warned_h is None else THE_MOMENT + timedelta(hours=warned_h)

    assert health.is_warning_due(THE_MOMENT, warned, THE_MOMENT + timedelta(hours=failing_h)) is is_due
