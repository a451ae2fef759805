"""A card's state follows from its facts, the first match wins; and what each state allows."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.domain.cards import STATES, Life, require_usable, state_of
from connector.domain.errors import CardDisabled, CardExpired, CardNotYetUsable

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
TICK = timedelta(microseconds=1)
EARLIER, LATER = NOW - TICK, NOW + TICK

TABLE = [
    (Life(2500), "active"),
    (Life(1), "active"),
    (Life(0), "depleted"),
    (Life(2500, usable_at=EARLIER), "active"),
    (Life(2500, usable_at=NOW), "active"),
    (Life(2500, usable_at=LATER), "pending"),
    (Life(0, usable_at=LATER), "pending"),
    (Life(2500, expires_at=LATER), "active"),
    (Life(2500, expires_at=NOW), "expired"),
    (Life(2500, expires_at=EARLIER), "expired"),
    (Life(0, expires_at=EARLIER), "expired"),
    (Life(2500, usable_at=LATER, expires_at=EARLIER), "expired"),
    (Life(2500, disabled_at=EARLIER), "disabled"),
    (Life(0, usable_at=LATER, expires_at=EARLIER, disabled_at=EARLIER), "disabled"),
    (Life(2500, removed_at=EARLIER), "removed"),
    (Life(0, LATER, EARLIER, EARLIER, EARLIER), "removed"),
]


@pytest.mark.parametrize(("life", "state"), TABLE)
def test_a_state_follows_from_the_facts(life: Life, state: str) -> None:
    assert state_of(life, NOW) == state


def test_every_state_can_be_reached() -> None:
    assert {state for _, state in TABLE} == set(STATES)


@pytest.mark.parametrize("life", [life for life, state in TABLE if state in ("active", "depleted")])
def test_a_living_card_may_be_used_even_when_it_is_empty(life: Life) -> None:
    """Whether there is enough on it is another question: an empty card can be loaded."""
    require_usable(life, "gc_1", NOW)


@pytest.mark.parametrize(
    ("life", "refusal", "says"),
    [
        (life, refusal, says)
        for life, state in TABLE
        for when, refusal, says in (
            ("removed", CardDisabled, "gc_1 is removed"),
            ("disabled", CardDisabled, "gc_1 is disabled"),
            ("expired", CardExpired, "gc_1 expired"),
            ("pending", CardNotYetUsable, "gc_1 is usable from 2026-11-20"),
        )
        if when == state
    ],
)
def test_a_card_that_may_not_be_used_says_why(life: Life, refusal: type[Exception], says: str) -> None:
    with pytest.raises(refusal, match=says):
        require_usable(life, "gc_1", NOW)


def test_a_card_is_usable_up_to_its_last_moment() -> None:
    life = Life(2500, usable_at=NOW, expires_at=NOW + timedelta(days=1))
    require_usable(life, "gc_1", NOW + timedelta(days=1) - TICK)
    with pytest.raises(CardExpired):
        require_usable(life, "gc_1", NOW + timedelta(days=1))
    with pytest.raises(CardNotYetUsable):
        require_usable(life, "gc_1", NOW - TICK)
