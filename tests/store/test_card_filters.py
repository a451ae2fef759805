"""What is asked of cards: bounds on one column are one span, and what contradicts itself is seen."""

from datetime import timedelta

import pytest

from connector.store.card_filters import Filters, as_asked
from connector.store.columns import microseconds
from tests.kit.clock import THE_MOMENT

NOW = microseconds(THE_MOMENT)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "filters",
    [
        Filters(balance_min=2, balance_max=1),
        Filters(balance_status="empty", balance_min=1),
        Filters(state="depleted", balance_status="full"),
        Filters(state="active", balance_max=0),
        Filters(state="expired", expires_after=THE_MOMENT, expires_before=THE_MOMENT),
        Filters(state="active", expires_before=THE_MOMENT),
        Filters(created_after=THE_MOMENT, created_before=THE_MOMENT + timedelta(microseconds=1)),
        Filters(expiring_within=DAY, expires_after=THE_MOMENT + DAY),
    ],
    ids=str,
)
def test_what_no_card_can_be_is_known_before_any_is_read(filters: Filters) -> None:
    assert all(asked.is_impossible for asked in as_asked(filters, 1, NOW))


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(balance_min=1, balance_max=1),
        Filters(state="active", balance_status="full", balance_max=1),
        Filters(state="expired", expires_before=THE_MOMENT),
        Filters(created_after=THE_MOMENT, created_before=THE_MOMENT + timedelta(microseconds=2)),
        Filters(expiring_within=DAY, expires_before=THE_MOMENT + timedelta(microseconds=2)),
    ],
    ids=str,
)
def test_what_a_card_can_be_is_asked(filters: Filters) -> None:
    assert not all(asked.is_impossible for asked in as_asked(filters, 1, NOW))


def test_expired_cards_are_asked_for_in_parts_that_have_none_in_common() -> None:
    done, waiting, ahead = as_asked(Filters(state="expired"), 1, NOW)

    assert "expired_at" in done.terms and "expired_at" not in waiting.terms
    assert done.spans["expires_at"][1] == NOW < NOW + 1 == ahead.spans["expires_at"][0]
    assert [len(list(as_asked(Filters(state=state), 1, NOW))) for state in ("active", "removed", None)] == [
        1
    ] * 3


def test_a_recipes_cards_are_not_looked_for_among_those_that_others_made() -> None:
    """There may be 100,000 of both, and not one card to be found."""
    assert list(as_asked(Filters(recipe="welcome", source="purchase"), 1, NOW)) == []
    assert len(list(as_asked(Filters(recipe="welcome", source="recipe"), 1, NOW))) == 1
