"""Disable: a card is stopped, for good where asked; its balance stays."""

import pytest

from connector.domain.errors import CardDisabled, ValidationFailed
from tests.kit.deeds import card_of, do, row_of, told, trail
from tests.kit.house import House


def test_a_disabled_card_pays_nothing_and_keeps_its_balance(house: House) -> None:
    card = house.issue(2500)["id"]

    shown = do(house, "disable", card=card, reason="reported lost")["gift_card"]

    assert (shown["state"], shown["balance"]) == ("disabled", 2500)
    assert shown["disabled_at"] == "2026-11-20T15:00:00Z"
    with pytest.raises(CardDisabled):
        house.redeem(card, 1)
    assert told(house, card) == ["gift_card.disabled"]
    [row] = [row for row in house.rows("audit") if row["act"] == "disable"]
    assert (row["reason"], row["origin"], row["source"]) == ("reported lost", {"key_id": "key_test"}, "api")
    house.require_proof()


def test_disabling_it_again_changes_nothing(shop: House) -> None:
    """S002-140: the first `disabled_at` stays."""
    card = shop.issue(2500)["id"]
    first = do(shop, "disable", card=card)["gift_card"]
    shop.clock.forward(shop.gateway.parts.inline_limit)

    assert do(shop, "disable", card=card)["gift_card"] == first
    assert told(shop, card) == ["gift_card.disabled"]
    assert trail(shop, card) == ["disable"]


def test_a_disabled_card_can_be_disabled_for_good_and_not_the_other_way_round(shop: House) -> None:
    card = shop.issue(2500)["id"]
    first = do(shop, "disable", card=card)["gift_card"]["disabled_at"]
    shop.clock.forward(shop.gateway.parts.inline_limit)

    do(shop, "disable", card=card, permanent=True)
    do(shop, "disable", card=card, permanent=False)

    assert row_of(shop, card)["disabled_finally"]
    assert card_of(shop, card)["disabled_at"] == first
    with pytest.raises(CardDisabled, match="for good"):
        do(shop, "enable", card=card)


def test_holds_of_a_card_that_is_stopped_for_a_while_stay_open(shop: House) -> None:
    card = shop.issue(2500)["id"]
    do(shop, "hold", card=card, amount=1000)

    assert do(shop, "disable", card=card)["gift_card"]["held"] == 1000


def test_a_removed_card_is_not_disabled_and_a_reason_has_its_length(shop: House) -> None:
    card = shop.issue(2500)["id"]
    with pytest.raises(ValidationFailed, match="2000 are the most"):
        do(shop, "disable", card=card, reason="x" * 2001)
    do(shop, "remove", card=card)

    with pytest.raises(CardDisabled, match="is removed"):
        do(shop, "disable", card=card)
