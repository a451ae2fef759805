"""Enable: a card that was stopped for a while goes on."""

import pytest

from connector.domain.errors import CardDisabled
from tests.kit.deeds import card_of, do, told, trail
from tests.kit.house import House


def test_an_enabled_card_goes_on(house: House) -> None:
    card = house.issue(2500)["id"]
    do(house, "disable", card=card)

    shown = do(house, "enable", card=card, reason="found again")["gift_card"]

    assert (shown["state"], shown["disabled_at"]) == ("active", None)
    assert house.redeem(card, 2500).body["gift_card"]["balance"] == 0
    assert told(house, card)[:2] == ["gift_card.disabled", "gift_card.enabled"]
    assert trail(house, card) == ["disable", "enable", "redeem"]
    house.require_proof()


def test_a_card_that_was_not_stopped_stays_as_it_is(shop: House) -> None:
    card = shop.issue(2500)["id"]

    do(shop, "enable", card=card)

    assert told(shop, card) == [] == trail(shop, card)


def test_what_was_stopped_for_good_or_removed_stays_stopped(shop: House) -> None:
    final, gone = shop.issue(2500)["id"], shop.issue(2500)["id"]
    do(shop, "disable", card=final, permanent=True)
    do(shop, "remove", card=gone)

    for card in (final, gone):
        with pytest.raises(CardDisabled):
            do(shop, "enable", card=card)

    assert card_of(shop, final)["state"] == "disabled"
    assert card_of(shop, gone)["state"] == "removed"
