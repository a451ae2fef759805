"""Remove: out of sight and unspendable; nothing is erased, and the code is never given out again."""

import pytest

from connector.domain.errors import CardDisabled, CodeTaken
from tests.kit.deeds import card_of, do, told, trail
from tests.kit.house import House


def test_a_removed_card_keeps_its_balance_and_pays_nothing(house: House) -> None:
    card = house.issue(2500)["id"]

    shown = do(house, "remove", card=card, reason="issued twice")["gift_card"]

    assert (shown["state"], shown["balance"]) == ("removed", 2500)
    assert shown["removed_at"] == "2026-11-20T15:00:00Z"
    assert card_of(house, card) == shown, "by its id it is still there"
    for deed in ("redeem", "hold"):
        with pytest.raises(CardDisabled):
            do(house, deed, card=card, amount=1)
    assert told(house, card) == ["gift_card.removed"]
    assert trail(house, card) == ["remove"]
    house.require_proof()


def test_its_code_stays_taken(shop: House) -> None:
    made = shop.issue(2500, code="SPRING-2026")
    do(shop, "remove", card=made["id"])

    with pytest.raises(CodeTaken):
        shop.issue(2500, code="spring 2026")


def test_it_is_removed_once(shop: House) -> None:
    card = shop.issue(2500)["id"]
    first = do(shop, "remove", card=card)
    shop.clock.forward(shop.gateway.parts.inline_limit)

    assert do(shop, "remove", card=card) == first
    assert told(shop, card) == ["gift_card.removed"]


def test_what_was_held_is_let_go(shop: House) -> None:
    card = shop.issue(2500)["id"]
    do(shop, "hold", card=card, amount=1000)

    assert do(shop, "remove", card=card)["gift_card"]["held"] == 0
    assert told(shop, card)[-2:] == ["gift_card.hold_released", "gift_card.removed"]
