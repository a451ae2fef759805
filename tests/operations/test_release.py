"""Release: what was held is available again, whatever became of the card."""

import pytest

from connector.domain.errors import HoldNotOpen
from tests.kit.deeds import card_of, do, last_told, told, trail
from tests.kit.house import House


def test_what_was_held_is_available_again(house: House) -> None:
    card = house.issue(2500)["id"]
    hold = do(house, "hold", card=card, amount=1000)["hold"]["id"]

    done = do(house, "release", hold=hold)

    assert (done["hold"]["state"], done["hold"]["captured"]) == ("released", 0)
    assert done["hold"]["ended_at"] == "2026-11-20T15:00:00Z"
    assert (done["gift_card"]["held"], done["gift_card"]["available"]) == (0, 2500)
    assert "transaction" not in done
    assert told(house, card) == ["gift_card.hold_created", "gift_card.hold_released"]
    assert last_told(house, card)["hold"] == done["hold"]
    assert trail(house, card) == ["hold", "release"]
    with pytest.raises(HoldNotOpen):
        do(house, "release", hold=hold)
    house.require_proof()


def test_one_of_two_holds_is_released_and_the_other_stays(shop: House) -> None:
    card = shop.issue(2500)["id"]
    first = do(shop, "hold", card=card, amount=1000)["hold"]["id"]
    do(shop, "hold", card=card, amount=500)

    do(shop, "release", hold=first)

    assert card_of(shop, card)["held"] == 500


def test_a_hold_of_a_disabled_card_can_be_released(shop: House) -> None:
    card = shop.issue(2500)["id"]
    hold = do(shop, "hold", card=card, amount=1000)["hold"]["id"]
    do(shop, "disable", card=card)

    do(shop, "release", hold=hold)

    assert card_of(shop, card)["held"] == 0
