"""How an endpoint is: what it may get at once, when its breaker opens, and when it is given up. Pure.

The rule that holds: an attempt changes an endpoint by `after` alone, so that any number of workers
come to the same, and what holds an endpoint back never touches its deliveries.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from .retries import Effect

CONCURRENCY: Final = 4
MAX_CONCURRENCY: Final = 32
MAX_RATE: Final = 1_000

BREAKER_FAILURES: Final = 10  # in a row
BREAKER_DELIVERIES: Final = 5  # of so many: one message that it cannot read is no outage
BREAKER_FIRST: Final = timedelta(seconds=30)
BREAKER_LONGEST: Final = timedelta(minutes=15)
BREAKER_CLOSED_AGAIN: Final = 1  # in flight, as at every new start

GIVEN_UP_AFTER: Final = timedelta(days=5)
WARNED_AFTER: Final = (timedelta(days=1), GIVEN_UP_AFTER - timedelta(days=1))
GIVEN_UP_FAILURES: Final = 10
GIVEN_UP_DELIVERIES: Final = 2
GIVEN_UP_DAYS: Final = 3  # a quiet endpoint that failed on Monday and on Saturday is not given up

COLD_AFTER: Final = timedelta(minutes=5)  # without a success nobody knows any more what it can take
SUCCESS_NOTED_EVERY: Final = timedelta(minutes=1)  # a row written for each success would be a hot one
BURST: Final = timedelta(seconds=1)  # a rate limit is held over each second


@dataclass(frozen=True, slots=True)
class Health:
    """`window`: how many may be in flight. `failures`: in a row, of these `deliveries` (the first few),
    on these `days` (likewise). `trips`: how often the breaker opened since the last success. `paid_until`:
    up to when a rate limit's allowance is used.
    """

    window: int = 1
    failures: int = 0
    deliveries: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    trips: int = 0
    paid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """An endpoint's health with the moments that stand in columns of their own."""

    health: Health
    held_until: datetime | None = None
    failing_since: datetime | None = None
    last_success_at: datetime | None = None


def window_of(found: Condition, most: int, now: datetime) -> int:
    """How many attempts may be in flight now: one while it fails, or when it was quiet for long."""
    seen = found.last_success_at
    if found.health.trips or seen is None or now - seen > COLD_AFTER:
        return 1
    return min(found.health.window, most)


def after(
    found: Condition, effect: Effect, delivery: str, now: datetime, most: int, endpoint: str
) -> Condition:
    """The condition after an attempt of `delivery` that meant `effect`; equal where nothing changed."""
    if effect.counts == "success":
        return _succeeded(found, now, most)
    if effect.counts == "failure":
        return _failed(found, delivery, now, endpoint)
    if found.health.trips and not is_open(found, now):  # a probe that brought no success
        found = _held_again(
            found, now, endpoint, has_answered=effect.is_slowed or effect.quiet_for is not None
        )
    held = found.held_until
    if effect.quiet_for is not None:
        told = now + effect.quiet_for
        held = told if held is None else max(held, told)
    window = 1 if effect.is_slowed else found.health.window
    if held == found.held_until and window == found.health.window:
        return found
    return replace(found, held_until=held, health=replace(found.health, window=window))


def is_hopeless(found: Condition, now: datetime) -> bool:
    """Whether it has only failed for so long, and so often, that it is switched off."""
    health = found.health
    return (
        found.failing_since is not None
        and now - found.failing_since >= GIVEN_UP_AFTER
        and health.failures >= GIVEN_UP_FAILURES
        and len(health.deliveries) >= GIVEN_UP_DELIVERIES
        and len(health.days) >= GIVEN_UP_DAYS
    )


def is_warning_due(failing_since: datetime, warned_at: datetime | None, now: datetime) -> bool:
    """Whether somebody has to be told that it fails: after a day, and a day before it is given up."""
    passed = [failing_since + after for after in WARNED_AFTER if failing_since + after <= now]
    return bool(passed) and (warned_at is None or warned_at < passed[-1])


def is_open(found: Condition, now: datetime) -> bool:
    """Whether the breaker holds everything back at the moment."""
    return found.health.trips > 0 and found.held_until is not None and found.held_until > now


def breaker_of(found: Condition, now: datetime) -> str:
    """The breaker in a word: `closed`, `open`, or `probing` with one attempt at a time."""
    if not found.health.trips:
        return "closed"
    return "open" if is_open(found, now) else "probing"


def allowance(health: Health, rate: int, now: datetime) -> int:
    """How many a limit of `rate` a second lets begin now."""
    paid = max(health.paid_until or now, now)
    left = now + BURST - paid
    return max(0, int(left * rate / BURST))


def spend(health: Health, rate: int, now: datetime, count: int) -> Health:
    """The allowance after `count` began."""
    paid = max(health.paid_until or now, now)
    return replace(health, paid_until=paid + BURST * count / rate)


def health_json(health: Health) -> dict[str, Any]:
    """As it is kept."""
    return {
        "window": health.window,
        "failures": health.failures,
        "deliveries": list(health.deliveries),
        "days": list(health.days),
        "trips": health.trips,
        "paid_until": None if health.paid_until is None else health.paid_until.isoformat(),
    }


def read_health(kept: Mapping[str, Any]) -> Health:
    """What was kept."""
    paid = kept["paid_until"]
    return Health(
        window=kept["window"],
        failures=kept["failures"],
        deliveries=tuple(kept["deliveries"]),
        days=tuple(kept["days"]),
        trips=kept["trips"],
        paid_until=None if paid is None else datetime.fromisoformat(paid),
    )


def _succeeded(found: Condition, now: datetime, most: int) -> Condition:
    window = BREAKER_CLOSED_AGAIN if found.health.trips else min(most, 2 * window_of(found, most, now))
    seen = found.last_success_at
    is_fresh = seen is not None and now - seen < SUCCESS_NOTED_EVERY
    health = Health(window=window, paid_until=found.health.paid_until)
    # A success that was under way when it asked for quiet does not shorten that; one of a probe ends it.
    held = None if found.health.trips else found.held_until
    return Condition(health, held, None, seen if is_fresh else now)


def _failed(found: Condition, delivery: str, now: datetime, endpoint: str) -> Condition:
    health = found.health
    failures = health.failures + 1
    deliveries = _with(health.deliveries, delivery, BREAKER_DELIVERIES)
    trips, held = health.trips, found.held_until
    is_tripping = failures >= BREAKER_FAILURES and len(deliveries) >= BREAKER_DELIVERIES
    if is_tripping and not is_open(found, now):  # what was under way when it opened does not lengthen it
        trips += 1
        held = _opened(held, now, endpoint, trips)
    changed = replace(
        health,
        window=1,
        failures=failures,
        deliveries=deliveries,
        days=_with(health.days, now.date().isoformat(), GIVEN_UP_DAYS),
        trips=trips,
    )
    return Condition(changed, held, found.failing_since or now, found.last_success_at)


def _held_again(found: Condition, now: datetime, endpoint: str, *, has_answered: bool) -> Condition:
    """The breaker stays open after a probe that proved nothing; longer where they said no themselves."""
    trips = found.health.trips + has_answered
    held = _opened(found.held_until, now, endpoint, trips)
    return replace(found, held_until=held, health=replace(found.health, trips=trips))


def _opened(held: datetime | None, now: datetime, endpoint: str, trips: int) -> datetime:
    planned = min(BREAKER_FIRST * 2 ** min(trips - 1, 16), BREAKER_LONGEST)
    until = now + _spread(planned, endpoint, trips)
    return until if held is None else max(held, until)


def _with(known: tuple[str, ...], one: str, most: int) -> tuple[str, ...]:
    return known if one in known or len(known) >= most else (*known, one)


def _spread(planned: timedelta, endpoint: str, number: int) -> timedelta:
    """Up to a fifth more, the same after a restart: endpoints of one host must not come back together."""
    digest = hashlib.sha256(f"{endpoint}.{number}".encode()).digest()
    return planned * (1 + int.from_bytes(digest[:6]) / 2**48 / 5)
