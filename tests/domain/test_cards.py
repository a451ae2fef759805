"""A card's state follows from its facts, the first match wins; and what each state allows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connector.domain.cards import STATES, Card, Life, card_json, require_kept, require_usable, state_of
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
    (Life(2500, expires_at=LATER, expired_at=EARLIER), "expired"),
    (Life(2500, expired_at=LATER), "expired"),
    (Life(2500, disabled_at=EARLIER, expired_at=EARLIER), "disabled"),
    (Life(2500, removed_at=EARLIER, expired_at=EARLIER), "removed"),
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


CARD = Card(
    id=7,
    public_id="gc_1",
    account_id=1,
    currency="USD",
    balance=2500,
    held=1000,
    initial_amount=5000,
    last4="7K2Q",
    kind="promotional",
    source="recipe",
    created_at=NOW,
    updated_at=NOW,
    transfer_count=2,
    head_hash="0" * 64,
    message_count=3,
    contact="ct_1",
    expires_at=NOW + timedelta(days=365),
    origin={"recipe": "vip-fifth-visit", "run_id": "run_1", "event_id": "evt_1"},
)


def test_a_card_is_shown_as_the_contract_says() -> None:
    assert card_json(CARD, now=NOW, sandbox=False) == {
        "id": "gc_1",
        "state": "active",
        "currency": "USD",
        "initial_amount": 5000,
        "balance": 2500,
        "held": 1000,
        "available": 1500,
        "last4": "7K2Q",
        "contact_id": "ct_1",
        "program": None,
        "kind": "promotional",
        "sender": None,
        "recipient": None,
        "message": None,
        "note": None,
        "url": None,
        "usable_at": None,
        "expires_at": "2027-11-20T15:00:00Z",
        "disabled_at": None,
        "removed_at": None,
        "created_at": "2026-11-20T15:00:00Z",
        "updated_at": "2026-11-20T15:00:00Z",
        "source": "recipe",
        "origin": {"recipe": "vip-fifth-visit", "run_id": "run_1", "event_id": "evt_1"},
        "sandbox": False,
        "metadata": {},
    }


def test_a_shown_card_has_the_state_of_the_moment() -> None:
    assert card_json(CARD, now=NOW + timedelta(days=365), sandbox=True)["state"] == "expired"
    assert card_json(replace(CARD, disabled_at=NOW), now=NOW, sandbox=True)["state"] == "disabled"


def test_what_is_held_cannot_be_taken() -> None:
    assert replace(CARD, held=2500).available == 0
    assert replace(CARD, held=0).available == CARD.balance


def test_only_a_removed_card_is_never_corrected_or_given_back_to() -> None:
    require_kept(Life(0, NOW, NOW, NOW), "gc_1")
    with pytest.raises(CardDisabled, match="gc_1 is removed"):
        require_kept(Life(0, removed_at=NOW), "gc_1")
