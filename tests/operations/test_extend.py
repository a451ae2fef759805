"""Extend: a later end, for a card that lives and has one."""

from datetime import timedelta

import pytest

from connector.domain.errors import CardDisabled, CardExpired, ValidationFailed
from connector.flows.performing import step_specs
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import card_of, do, put, row_of, told, trail
from tests.kit.house import House

DAY = timedelta(days=1)
END = THE_MOMENT + DAY


def test_a_card_lives_longer(house: House) -> None:
    card = house.issue(2500, expires_at=END)["id"]

    shown = do(house, "extend", card=card, expires_at=END + DAY)["gift_card"]

    assert shown["expires_at"] == "2026-11-22T15:00:00Z"
    house.clock.forward(DAY)
    assert house.redeem(card, 100).status == 200
    assert told(house, card)[0] == "gift_card.updated"
    assert trail(house, card)[0] == "extend"


def test_its_new_end_is_told_of_anew(shop: House) -> None:
    card = shop.issue(2500, expires_at=END)["id"]
    put(shop, card, expiry_told_at=THE_MOMENT)

    do(shop, "extend", card=card, expires_at=END + DAY)

    assert row_of(shop, card)["expiry_told_at"] is None


@pytest.mark.parametrize("end", [END, END - timedelta(microseconds=1), THE_MOMENT - DAY])
def test_an_end_that_is_no_later_is_refused(shop: House, end: object) -> None:
    card = shop.issue(2500, expires_at=END)["id"]

    with pytest.raises(ValidationFailed, match="must be later"):
        do(shop, "extend", card=card, expires_at=end)

    assert told(shop, card) == []


def test_there_is_nothing_later_than_never(shop: House) -> None:
    card = shop.issue(2500)["id"]

    with pytest.raises(ValidationFailed, match="never expires"):
        do(shop, "extend", card=card, expires_at=END)
    assert card_of(shop, card)["expires_at"] is None


def test_a_card_that_ended_is_not_extended(shop: House) -> None:
    stopped, over = (shop.issue(2500, expires_at=END)["id"] for _ in range(2))
    do(shop, "disable", card=stopped)
    with pytest.raises(CardDisabled):
        do(shop, "extend", card=stopped, expires_at=END + DAY)
    shop.clock.forward(DAY)

    with pytest.raises(CardExpired):
        do(shop, "extend", card=over, expires_at=END + DAY)


def test_a_recipe_extends_a_card_by_the_step_of_its_own() -> None:
    assert {one.name for one in step_specs()["extend_card"].fields} == {"card", "expires"}
    assert {one.name for one in step_specs()["disable_card"].fields} == {"card", "permanent", "reason"}
