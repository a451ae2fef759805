"""Capture: all of a hold or a part, once; the rest is available again. A card that ended gives nothing."""

from datetime import timedelta

import pytest

from connector.domain.errors import (
    CardDisabled,
    ConnectorError,
    CurrencyMismatch,
    HoldNotOpen,
    InsufficientBalance,
    NotFound,
    ValidationFailed,
)
from tests.kit.crowd import at_once
from tests.kit.deeds import card_of, do, last_told, told, trail
from tests.kit.house import House


def held(house: House, amount: int = 1000, **fields: object) -> tuple[str, str]:
    """A card of 25.00 USD and a hold of it."""
    card = house.issue(2500)["id"]
    return card, do(house, "hold", card=card, amount=amount, reference="order 7", **fields)["hold"]["id"]


def test_all_of_a_hold_is_taken_by_one_transfer(house: House) -> None:
    card, hold = held(house)

    done = do(house, "capture", hold=hold)

    transaction = done["transaction"]
    assert (transaction["type"], transaction["amount"], transaction["balance_after"]) == (
        "capture",
        -1000,
        1500,
    )
    assert transaction["reference"] == "order 7"
    assert (done["hold"]["state"], done["hold"]["captured"]) == ("captured", 1000)
    assert done["hold"]["transaction_id"] == transaction["id"]
    shown = done["gift_card"]
    assert (shown["balance"], shown["held"], shown["available"]) == (1500, 0, 1500)
    [line] = house.rows("transfers", type="capture")
    assert (line["debit"], line["credit"], line["amount"]) == (f"card:{card}", "redeemed", 1000)
    assert told(house, card) == ["gift_card.hold_created", "gift_card.hold_captured"]
    assert last_told(house, card)["hold"] == done["hold"]
    assert last_told(house, card)["transaction"] == transaction
    assert trail(house, card) == ["hold", "capture"]
    house.require_proof()


def test_a_part_is_taken_and_the_rest_is_available_again(house: House) -> None:
    _, hold = held(house)

    done = do(house, "capture", hold=hold, amount=400)

    assert (done["hold"]["amount"], done["hold"]["captured"]) == (1000, 400)
    assert (done["gift_card"]["balance"], done["gift_card"]["available"]) == (2100, 2100)
    house.require_proof()


def test_the_last_of_a_card_is_told_as_such(shop: House) -> None:
    card, hold = held(shop, 2500)

    do(shop, "capture", hold=hold)

    assert told(shop, card)[1:] == ["gift_card.hold_captured", "gift_card.depleted"]
    assert card_of(shop, card)["state"] == "depleted"


def test_a_hold_is_ended_once(house: House) -> None:
    """Stripe, Square and TigerBeetle alike: what is captured, released or lapsed is not open any more."""
    card, hold = held(house)
    do(house, "capture", hold=hold, amount=1)

    for again in ("capture", "release"):
        with pytest.raises(HoldNotOpen, match="is captured"):
            do(house, again, hold=hold)

    assert card_of(house, card)["balance"] == 2499
    house.require_proof()


def test_two_who_capture_at_once_take_it_once(house: House) -> None:
    card, hold = held(house)

    ended = at_once([lambda: do(house, "capture", hold=hold)] * 4)

    assert [type(one.error) for one in ended if one.error is not None] == [HoldNotOpen] * 3
    assert card_of(house, card)["balance"] == 1500
    house.require_proof()


def test_no_more_than_was_held_is_taken(shop: House) -> None:
    card, hold = held(shop)

    with pytest.raises(InsufficientBalance, match="has 1000 USD, 1001 asked"):
        do(shop, "capture", hold=hold, amount=1001)
    for amount in (0, -1, 10**30):
        with pytest.raises(ValidationFailed):
            do(shop, "capture", hold=hold, amount=amount)
    with pytest.raises(CurrencyMismatch):
        do(shop, "capture", hold=hold, currency="EUR")

    assert card_of(shop, card)["held"] == 1000, "and the hold is open still"


def test_a_hold_of_nobody_or_of_another_account_is_not_there(shop: House) -> None:
    _, hold = held(shop)
    told_of = set()

    for one in ("hold_" + "0" * 26, "", "hold_\x00", "\ud83d", "gc_" + "0" * 26):
        for deed in ("capture", "release"):
            with pytest.raises(NotFound) as refused:
                do(shop, deed, hold=one)
            told_of.add(refused.value.detail)
    for deed in ("capture", "release"):
        with pytest.raises(NotFound) as refused:
            do(shop, deed, hold=hold, account=shop.other)
        told_of.add(refused.value.detail)

    assert len(told_of) == 1


def test_what_has_lapsed_is_not_captured(house: House) -> None:
    card, hold = held(house, expires_in=60)
    house.clock.forward(timedelta(seconds=59))
    with pytest.raises(InsufficientBalance):
        do(house, "capture", hold=hold, amount=1001)
    house.clock.forward(timedelta(seconds=1))

    with pytest.raises(HoldNotOpen, match="is lapsed"):
        do(house, "capture", hold=hold)

    assert card_of(house, card)["balance"] == 2500
    house.require_proof()


def test_a_card_that_was_stopped_gives_nothing_until_it_goes_on(shop: House) -> None:
    """As a closed account's pending transfers at TigerBeetle: they can be let go, not taken."""
    card, hold = held(shop)
    do(shop, "disable", card=card)

    with pytest.raises(CardDisabled):
        do(shop, "capture", hold=hold)
    do(shop, "enable", card=card)

    assert do(shop, "capture", hold=hold)["transaction"]["amount"] == -1000


@pytest.mark.parametrize("deed", ["expire", "remove"])
def test_no_hold_outlives_its_card(house: House, deed: str) -> None:
    card, hold = held(house)

    do(house, deed, card=card)

    with pytest.raises(ConnectorError) as refused:
        do(house, "capture", hold=hold)
    assert refused.value.code == "hold_not_open"
    assert card_of(house, card)["held"] == 0
    assert told(house, card)[:2] == ["gift_card.hold_created", "gift_card.hold_released"]
    house.require_proof()


def test_a_card_that_is_stopped_for_good_lets_its_holds_go(shop: House) -> None:
    card, hold = held(shop)

    do(shop, "disable", card=card, permanent=True)

    with pytest.raises(HoldNotOpen, match="is released"):
        do(shop, "release", hold=hold)
    assert card_of(shop, card)["held"] == 0
    assert trail(shop, card) == ["hold", "release", "disable"]
