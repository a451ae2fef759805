"""Hold: what is reserved is there for one, and for nobody else, until it is captured, released or lapses."""

from datetime import timedelta
from typing import Any

import pytest

from connector.domain.errors import (
    CapReached,
    CardDisabled,
    CardExpired,
    CardNotYetUsable,
    ConnectorError,
    CurrencyMismatch,
    InsufficientBalance,
    ValidationFailed,
)
from connector.domain.money import MAX_MINOR
from connector.operations.hold import A_DAY_S, MAX_OPEN, MAX_S
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import card_of, do, last_told, told, trail
from tests.kit.house import House

DAY = timedelta(days=1)


def test_a_hold_reserves_and_moves_no_money(house: House) -> None:
    card = house.issue(2500)["id"]

    made = do(house, "hold", card=card, amount=1000, reference="order 7")

    hold, shown = made["hold"], made["gift_card"]
    assert (hold["amount"], hold["state"], hold["reference"]) == (1000, "open", "order 7")
    assert hold["gift_card_id"] == card
    assert hold["expires_at"] == "2026-11-21T15:00:00Z", "a day if left out"
    assert (shown["balance"], shown["held"], shown["available"]) == (2500, 1000, 1500)
    assert card_of(house, card) == shown
    assert [row["type"] for row in house.rows("transfers")] == ["issue"]
    assert told(house, card) == ["gift_card.hold_created"]
    assert last_told(house, card)["hold"] == hold
    assert trail(house, card) == ["hold"]
    house.require_proof()


def test_what_is_held_cannot_be_taken_by_others(house: House) -> None:
    card = house.issue(2500)["id"]
    do(house, "hold", card=card, amount=1000)
    do(house, "hold", card=card, amount=900)

    with pytest.raises(InsufficientBalance, match="has 600 USD available, 601 asked"):
        house.redeem(card, 601)
    with pytest.raises(InsufficientBalance, match="has 600 USD available, 601 asked"):
        do(house, "hold", card=card, amount=601)
    house.redeem(card, 600)

    assert card_of(house, card)["available"] == 0
    house.require_proof()


def test_a_hold_ends_no_later_than_its_card(shop: House) -> None:
    card = shop.issue(2500, expires_at=THE_MOMENT + timedelta(hours=3))["id"]

    assert do(shop, "hold", card=card, amount=1)["hold"]["expires_at"] == "2026-11-20T18:00:00Z"
    assert (
        do(shop, "hold", card=card, amount=1, expires_in=60)["hold"]["expires_at"] == "2026-11-20T15:01:00Z"
    )


REFUSED: list[tuple[str, dict[str, Any], type[ConnectorError]]] = [
    ("nothing", {"amount": 0}, ValidationFailed),
    ("less than nothing", {"amount": -1}, ValidationFailed),
    ("a number no column holds", {"amount": 10**30}, ValidationFailed),
    ("beyond measure", {"amount": MAX_MINOR + 1}, ValidationFailed),
    ("more than there is", {"amount": 2501}, InsufficientBalance),
    ("for no time", {"amount": 1, "expires_in": 0}, ValidationFailed),
    ("for less than no time", {"amount": 1, "expires_in": -A_DAY_S}, ValidationFailed),
    ("for ever", {"amount": 1, "expires_in": MAX_S + 1}, ValidationFailed),
    ("for longer than the calendar", {"amount": 1, "expires_in": 10**15}, ValidationFailed),
    ("another currency", {"amount": 1, "currency": "EUR"}, CurrencyMismatch),
]


@pytest.mark.parametrize(("fields", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_wrong_is_refused_and_reserves_nothing(
    shop: House, fields: dict[str, Any], error: type[ConnectorError]
) -> None:
    card = shop.issue(2500)["id"]

    with pytest.raises(error):
        do(shop, "hold", card=card, **fields)

    assert card_of(shop, card)["held"] == 0
    assert shop.rows("holds") == []
    assert told(shop, card) == []


@pytest.mark.parametrize("seconds", [1, MAX_S])
def test_the_longest_and_the_shortest_hold_are_allowed(shop: House, seconds: int) -> None:
    card = shop.issue(2500)["id"]

    made = do(shop, "hold", card=card, amount=2500, expires_in=seconds)["hold"]

    [row] = shop.rows("holds")
    assert row["expires_at"] == THE_MOMENT + timedelta(seconds=seconds)
    assert made["state"] == "open"


def test_nothing_is_held_on_a_card_that_cannot_be_used(shop: House) -> None:
    early = shop.issue(2500, usable_at=THE_MOMENT + DAY)["id"]
    with pytest.raises(CardNotYetUsable):
        do(shop, "hold", card=early, amount=1)

    stopped = shop.issue(2500)["id"]
    do(shop, "disable", card=stopped)
    with pytest.raises(CardDisabled):
        do(shop, "hold", card=stopped, amount=1)

    over = shop.issue(2500, expires_at=THE_MOMENT + DAY)["id"]
    shop.clock.forward(DAY)
    with pytest.raises(CardExpired):
        do(shop, "hold", card=over, amount=1)


def test_a_card_has_so_many_open_holds_and_no_more(shop: House) -> None:
    """What ends with a card ends in one transaction, so there is a bound."""
    card = shop.issue(2500)["id"]
    for _ in range(MAX_OPEN):
        made = do(shop, "hold", card=card, amount=1)

    with pytest.raises(CapReached):
        do(shop, "hold", card=card, amount=1)
    do(shop, "release", hold=made["hold"]["id"])
    do(shop, "hold", card=card, amount=1)

    assert card_of(shop, card)["held"] == MAX_OPEN
