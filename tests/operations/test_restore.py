"""Restore: what was taken out of sight comes back as it was, but for its holds."""

from datetime import timedelta

from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import card_of, do, told, trail
from tests.kit.house import House


def test_a_restored_card_pays_again(house: House) -> None:
    card = house.issue(2500)["id"]
    do(house, "hold", card=card, amount=1000)
    do(house, "remove", card=card)

    shown = do(house, "restore", card=card, reason="removed by mistake")["gift_card"]

    assert (shown["state"], shown["balance"], shown["held"], shown["removed_at"]) == ("active", 2500, 0, None)
    assert card_of(house, card) == shown
    assert house.redeem(card, 2500).body["gift_card"]["balance"] == 0
    assert told(house, card)[-4:-2] == ["gift_card.removed", "gift_card.updated"]
    assert trail(house, card)[-3:] == ["remove", "restore", "redeem"]
    house.require_proof()


def test_what_was_disabled_before_is_disabled_again_and_what_is_over_is_over(shop: House) -> None:
    """And a card that is there stays as it is."""
    stopped, over = shop.issue(2500)["id"], shop.issue(2500, expires_at=THE_MOMENT + timedelta(days=1))["id"]
    do(shop, "disable", card=stopped)
    for card in (stopped, over):
        do(shop, "remove", card=card)
    shop.clock.forward(timedelta(days=2))

    assert do(shop, "restore", card=stopped)["gift_card"]["state"] == "disabled"
    assert do(shop, "restore", card=over)["gift_card"]["state"] == "expired"
    shop.gateway.tick()
    assert told(shop, over)[-1] == "gift_card.expired"
    assert do(shop, "restore", card=over)["gift_card"]["state"] == "expired"
    assert trail(shop, stopped) == ["disable", "remove", "restore"]
