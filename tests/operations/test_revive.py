"""Revive: an expired card lives again, with what its expiry took and nothing more; somebody says why."""

from datetime import timedelta

import pytest

from connector.domain.errors import CardDisabled, Conflict, InsufficientBalance, ValidationFailed
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import card_of, do, row_of, told, trail
from tests.kit.house import House

DAY = timedelta(days=1)


def test_what_expiry_took_comes_back_by_a_counter_entry(house: House) -> None:
    card = house.issue(2500)["id"]
    house.redeem(card, 700)
    taken = do(house, "expire", card=card)["transaction"]

    done = do(house, "revive", card=card, reason="by mistake", expires_at=THE_MOMENT + DAY)

    assert (done["gift_card"]["state"], done["gift_card"]["balance"]) == ("active", 1800)
    assert done["gift_card"]["expires_at"] == "2026-11-21T15:00:00Z"
    transaction = done["transaction"]
    assert (transaction["type"], transaction["amount"]) == ("revive", 1800)
    assert (transaction["reason"], transaction["related_transaction_id"]) == ("by mistake", taken["id"])
    [line] = house.rows("transfers", type="revive")
    assert (line["debit"], line["credit"]) == ("expired", f"card:{card}")
    assert told(house, card)[-2:] == ["gift_card.expired", "gift_card.revived"]
    assert trail(house, card)[-2:] == ["expire", "revive"]
    assert house.redeem(card, 1800).body["gift_card"]["balance"] == 0
    house.require_proof()


def test_without_a_new_end_it_has_none(shop: House) -> None:
    card = shop.issue(2500, expires_at=THE_MOMENT + DAY)["id"]
    shop.clock.forward(DAY)
    shop.gateway.tick()

    assert do(shop, "revive", card=card, reason="goodwill")["gift_card"]["expires_at"] is None


def test_a_card_whose_rest_stayed_is_revived_without_a_transfer(shop: House) -> None:
    card = shop.issue(2500, kind="paid")["id"]
    do(shop, "expire", card=card)

    done = do(shop, "revive", card=card, reason="by mistake")

    assert (done["gift_card"]["state"], done["gift_card"]["balance"]) == ("active", 2500)
    assert done["transaction"] is None
    shop.require_proof()


def test_a_card_whose_time_has_passed_is_revived_before_its_expiry_was_done(shop: House) -> None:
    card = shop.issue(2500, expires_at=THE_MOMENT + DAY)["id"]
    shop.clock.forward(DAY)

    done = do(shop, "revive", card=card, reason="goodwill", expires_at=THE_MOMENT + 3 * DAY)
    assert shop.gateway.tick() == 1, "the notice is settled, and nothing expires"

    assert (done["gift_card"]["balance"], done["transaction"]) == (2500, None)
    assert card_of(shop, card)["state"] == "active"


def test_nothing_is_given_back_twice(house: House) -> None:
    """Even where the clock stands still and the second expiry took nothing."""
    card = house.issue(2500)["id"]
    do(house, "expire", card=card)
    do(house, "revive", card=card, reason="by mistake")
    house.redeem(card, 2500)
    do(house, "expire", card=card)

    done = do(house, "revive", card=card, reason="again")

    assert (done["gift_card"]["balance"], done["transaction"]) == (0, None)
    with pytest.raises(InsufficientBalance):
        house.redeem(card, 1)
    house.require_proof()


def test_a_card_expires_and_is_revived_as_often_as_it_takes(shop: House) -> None:
    card = shop.issue(2500)["id"]

    for left in (2400, 2300, 2200):
        do(shop, "expire", card=card)
        do(shop, "revive", card=card, reason="by mistake")
        assert shop.redeem(card, 100).body["gift_card"]["balance"] == left

    assert row_of(shop, card)["expired_at"] is None
    shop.require_proof()


def test_a_card_that_lives_is_not_revived(shop: House) -> None:
    card = shop.issue(2500)["id"]

    with pytest.raises(Conflict, match="has not expired; it is active") as refused:
        do(shop, "revive", card=card, reason="by mistake")

    assert refused.value.code == "conflict"


@pytest.mark.parametrize("deed", ["disable", "remove"])
def test_a_card_that_was_stopped_is_not_revived(shop: House, deed: str) -> None:
    card = shop.issue(2500)["id"]
    do(shop, "expire", card=card)
    do(shop, deed, card=card)

    with pytest.raises(CardDisabled):
        do(shop, "revive", card=card, reason="by mistake")

    assert card_of(shop, card)["balance"] == 0


def test_somebody_says_why_and_until_a_moment_to_come(shop: House) -> None:
    card = shop.issue(2500, usable_at=THE_MOMENT + 2 * DAY)["id"]
    do(shop, "expire", card=card)

    for reason in ("", "  ", "x" * 2001):
        with pytest.raises(ValidationFailed):
            do(shop, "revive", card=card, reason=reason)
    for end in (THE_MOMENT, THE_MOMENT - DAY, THE_MOMENT + DAY, THE_MOMENT + 2 * DAY):
        with pytest.raises(ValidationFailed):
            do(shop, "revive", card=card, reason="by mistake", expires_at=end)
