"""Holds lapse by themselves: at the next look at their card, or when time is asked what it has brought."""

from datetime import timedelta

import pytest

from connector.domain.errors import BalanceChanged, HoldNotOpen
from connector.operations import holding
from connector.store import holds
from connector.store.writer import Writing
from tests.kit.deeds import card_of, do, last_told, row_of, told, trail
from tests.kit.house import BY_HAND, House

MINUTE = timedelta(minutes=1)


def test_whoever_takes_the_card_finds_what_has_lapsed_available(house: House) -> None:
    card = house.issue(2500)["id"]
    hold = do(house, "hold", card=card, amount=2500, expires_in=60)["hold"]["id"]
    do(house, "release", hold=hold)
    short = do(house, "hold", card=card, amount=2000, expires_in=60)["hold"]["id"]
    do(house, "hold", card=card, amount=300, expires_in=3600)
    house.clock.forward(MINUTE)

    assert house.redeem(card, 2200).body["gift_card"]["held"] == 300

    assert house.gateway.history.hold(house.account, short)["state"] == "lapsed"
    assert told(house, card)[-2:] == ["gift_card.hold_released", "gift_card.redeemed"]
    assert trail(house, card)[-2:] == ["lapse", "redeem"]
    house.require_proof()


def test_what_lapses_is_nobodys_deed(shop: House) -> None:
    card = shop.issue(2500)["id"]
    do(shop, "hold", card=card, amount=2000, expires_in=60)
    shop.clock.forward(MINUTE)

    do(shop, "update", card=card, note="seen")

    rows = shop.rows("audit", card_id=row_of(shop, card)["id"])
    [lapse] = [row for row in rows if row["act"] == "lapse"]
    assert (lapse["source"], lapse["origin"]) == ("schedule", {"by": "schedule"})
    [update] = [row for row in rows if row["act"] == "update"]
    assert update["source"] == "api", "who took the card is named for what they did"


def test_a_hold_whose_time_is_not_over_stays(shop: House) -> None:
    card = shop.issue(2500)["id"]
    do(shop, "hold", card=card, amount=2000, expires_in=60)
    shop.clock.forward(MINUTE - timedelta(microseconds=1))

    do(shop, "update", card=card, note="seen")

    assert card_of(shop, card)["held"] == 2000


def test_a_deed_that_is_refused_lets_nothing_lapse(shop: House) -> None:
    card = shop.issue(2500)["id"]
    do(shop, "hold", card=card, amount=2000, expires_in=60)
    shop.clock.forward(MINUTE)
    with pytest.raises(Exception, match="3000 asked"):
        shop.redeem(card, 3000)

    assert card_of(shop, card)["held"] == 2000
    assert told(shop, card) == ["gift_card.hold_created"]


def test_the_released_hold_in_a_message_says_that_it_lapsed(shop: House) -> None:
    card = shop.issue(2500)["id"]
    do(shop, "hold", card=card, amount=2000, expires_in=60)
    shop.clock.forward(MINUTE)

    shop.gateway.tick()

    data = last_told(shop, card)
    assert (data["hold"]["state"], data["hold"]["ended_at"]) == ("lapsed", "2026-11-20T15:01:00Z")
    assert data["gift_card"]["available"] == 2500


def test_a_hold_that_somebody_else_ended_is_not_ended_again(shop: House) -> None:
    """The guard under the lock: what the deed has read is not believed."""
    card = shop.issue(2500)["id"]
    name = do(shop, "hold", card=card, amount=1000)["hold"]["id"]

    def work(tx: Writing) -> None:
        desk = shop.gateway.parts.desk(tx, shop.account, BY_HAND)
        found, hold = holding.require_hold(desk, name)
        assert holds.end(tx, hold, "released")
        holding.let_go(desk, found, [hold], "released")

    with pytest.raises(HoldNotOpen):
        shop.gateway.parts.writer.run(work)
    assert card_of(shop, card)["held"] == 1000


def test_a_card_that_was_changed_meanwhile_is_not_written_over(shop: House) -> None:
    card = shop.issue(2500)["id"]
    name = do(shop, "hold", card=card, amount=1000)["hold"]["id"]

    def work(tx: Writing) -> None:
        desk = shop.gateway.parts.desk(tx, shop.account, BY_HAND)
        found, hold = holding.require_hold(desk, name)
        assert holds.move(tx, found, 500, messages=0)
        holding.let_go(desk, found, [hold], "released")

    with pytest.raises(BalanceChanged):
        shop.gateway.parts.writer.run(work)


def test_looking_at_a_card_without_its_lock_lets_nothing_lapse(shop: House) -> None:
    card = shop.issue(2500)["id"]
    do(shop, "hold", card=card, amount=1000, expires_in=60)
    shop.clock.forward(MINUTE)

    do(shop, "check_balance", card=card)
    do(shop, "reveal", card=card)

    assert row_of(shop, card)["held"] == 1000
