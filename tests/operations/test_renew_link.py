"""Renew the link: what was sent of a card so far leads nowhere, and the card stays as it is."""

import pytest

from connector.domain.errors import CardDisabled
from tests.kit.deeds import do, row_of, told, trail
from tests.kit.house import House


def test_a_link_is_renewed_each_time_it_is_asked_for(house: House) -> None:
    card = house.issue(2500)["id"]
    before = house.gateway.card(house.account, card)

    shown = do(house, "renew_link", card=card, reason="lost")["gift_card"]
    do(house, "renew_link", card=card)

    assert {**shown, "updated_at": before["updated_at"], "url": None} == {**before, "url": None}
    assert row_of(house, card)["link_number"] == 2
    assert told(house, card)[:2] == ["gift_card.updated"] * 2
    assert trail(house, card)[:2] == ["renew_link"] * 2


def test_a_card_that_is_gone_has_no_link_to_renew(shop: House) -> None:
    card = shop.issue(2500)["id"]
    do(shop, "remove", card=card)
    with pytest.raises(CardDisabled):
        do(shop, "renew_link", card=card)
