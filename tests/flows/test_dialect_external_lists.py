"""A cursor of seed 002's lists holds the whole question, and is bounded."""

import pytest

from connector.domain.errors import BadRequest
from connector.flows.dialect_external_lists import MAX_FILTERS, Wanted
from tests.kit.house import House


def test_the_longest_filters_still_fit_in_a_cursor(house: House) -> None:
    external = house.gateway.dialects.external
    for amount in (100, 200):
        house.issue(amount, note="x")
    longest = (("query", "x " * ((MAX_FILTERS - 20) // 2)),)

    first = external.cards(house.account, Wanted(longest, "id ASC", limit=1))
    second = external.cards(house.account, Wanted((), "id ASC", limit=1, page_info=first.next_page))

    assert [one.card.balance for one in (*first.cards, *second.cards)] == [100, 200]
    assert second.next_page is None
    assert len(str(first.next_page)) < 1_000, "what a parameter may have"
    with pytest.raises(BadRequest):
        external.cards(house.account, Wanted((("query", "é" * MAX_FILTERS),), "id ASC"))


def test_cards_behind_a_first_batch_of_numbers_are_found(house: House) -> None:
    """Whoever asks by ids gets what has no number yet as well, whatever the order."""
    for amount in (100, 200, 300):
        house.issue(amount)
    external = house.gateway.dialects.external

    found = external.cards(house.account, Wanted((("id", ">0"),), "balance DESC", limit=2))

    assert [one.card.balance for one in found.cards] == [300, 200]
    assert found.next_page is not None
