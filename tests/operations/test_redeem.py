"""Redeem: what a till may take, to the minor unit, and what it may not."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.errors import (
    CardDisabled,
    CardExpired,
    CardNotYetUsable,
    ConnectorError,
    CurrencyMismatch,
    InsufficientBalance,
    NotFound,
    ValidationFailed,
)
from connector.domain.money import MAX_MINOR
from tests.kit.clock import THE_MOMENT
from tests.kit.house import House


def messages(shop: House) -> list[str]:
    with shop.gateway.parts.engines.reading() as connection:
        return list(connection.execute(text("SELECT type FROM messages ORDER BY id")).scalars())[1:]


def change(shop: House, card: str, assignment: str, **values: Any) -> None:
    statement = text(f"UPDATE cards SET {assignment} WHERE public_id = :card")
    shop.gateway.parts.writer.run(lambda tx: tx.execute(statement, {"card": card, **values}) and None)


def test_value_is_taken_and_told(house: House) -> None:
    card = house.issue(2500)["id"]

    answered = house.redeem(card, 700, reference="till 4")

    assert answered.status == 200
    assert answered.body["gift_card"]["balance"] == answered.body["gift_card"]["available"] == 1800
    transaction = answered.body["transaction"]
    assert (transaction["type"], transaction["amount"], transaction["balance_after"]) == (
        "redeem",
        -700,
        1800,
    )
    assert (transaction["reference"], transaction["origin"]) == ("till 4", {"key_id": "key_test"})
    assert house.balance(card) == 1800
    house.require_proof()


@pytest.mark.parametrize(("amount", "is_lawful"), [(2499, True), (2500, True), (2501, False)])
def test_the_last_minor_unit_can_be_spent_and_no_more(shop: House, amount: int, is_lawful: bool) -> None:
    card = shop.issue(2500)["id"]

    if is_lawful:
        shop.redeem(card, amount)
        assert shop.balance(card) == 2500 - amount
    else:
        with pytest.raises(InsufficientBalance, match=r"has 2500 USD available, 2501 asked"):
            shop.redeem(card, amount)
        assert shop.balance(card) == 2500
    shop.require_proof()


def test_the_last_of_it_is_told_twice(shop: House) -> None:
    card = shop.issue(2500)["id"]

    shop.redeem(card, 2400)
    assert messages(shop) == ["gift_card.redeemed"]
    shop.redeem(card, all=True)

    assert messages(shop) == ["gift_card.redeemed", "gift_card.redeemed", "gift_card.depleted"]
    assert shop.gateway.card(shop.account, card)["state"] == "depleted"


def test_all_is_what_is_not_held(shop: House) -> None:
    card = shop.issue(2500)["id"]
    change(shop, card, "held = 1000")

    taken = shop.redeem(card, all=True).body

    assert taken["transaction"]["amount"] == -1500
    assert (taken["gift_card"]["balance"], taken["gift_card"]["available"]) == (1000, 0)
    assert messages(shop) == ["gift_card.redeemed"], "what is held is still on it"
    shop.require_proof()


@pytest.mark.parametrize(("asked", "taken"), [(100, 100), (2500, 2500), (9999, 2500)])
def test_in_part_where_there_is_less_than_asked(shop: House, asked: int, taken: int) -> None:
    card = shop.issue(2500)["id"]

    assert shop.redeem(card, asked, partial=True).body["transaction"]["amount"] == -taken


def test_in_part_takes_nothing_of_what_is_held(shop: House) -> None:
    card = shop.issue(2500)["id"]
    change(shop, card, "held = 1000")

    assert shop.redeem(card, 2000, partial=True).body["transaction"]["amount"] == -1500
    shop.require_proof()


def test_a_trial_says_what_would_happen_and_does_nothing(shop: House) -> None:
    card = shop.issue(2500)["id"]
    before = shop.gateway.card(shop.account, card)

    trial = shop.redeem(card, 2500, simulate=True).body

    assert (trial["gift_card"]["balance"], trial["gift_card"]["state"]) == (0, "depleted")
    assert (trial["transaction"]["id"], trial["transaction"]["amount"]) == ("simulated", -2500)
    assert shop.gateway.card(shop.account, card) == before
    assert messages(shop) == []
    with pytest.raises(InsufficientBalance):
        shop.redeem(card, 2501, simulate=True)


REFUSED: list[tuple[str, dict[str, Any], type[ConnectorError]]] = [
    ("neither amount nor all", {}, ValidationFailed),
    ("both amount and all", {"amount": 1, "all": True}, ValidationFailed),
    ("nothing", {"amount": 0}, ValidationFailed),
    ("less than nothing", {"amount": -1}, ValidationFailed),
    ("a number beyond measure", {"amount": MAX_MINOR + 1}, ValidationFailed),
    ("a number no column holds", {"amount": 10**30}, ValidationFailed),
    ("another currency", {"amount": 1, "currency": "EUR"}, CurrencyMismatch),
    ("no currency", {"amount": 1, "currency": ""}, CurrencyMismatch),
    ("more than there is", {"amount": 2501}, InsufficientBalance),
]


@pytest.mark.parametrize(("fields", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_wrong_is_refused_and_moves_nothing(
    shop: House, fields: dict[str, Any], error: type[ConnectorError]
) -> None:
    card = shop.issue(2500)["id"]

    with pytest.raises(error):
        shop.redeem(card, **fields)

    assert shop.balance(card) == 2500
    assert messages(shop) == []
    shop.require_proof()


def test_nothing_can_be_taken_of_nothing(shop: House) -> None:
    card = shop.issue(2500)["id"]
    shop.redeem(card, all=True)

    for fields in ({"all": True}, {"amount": 1}, {"amount": 1, "partial": True}):
        with pytest.raises(InsufficientBalance):
            shop.redeem(card, **fields)


def test_a_card_is_spent_only_within_its_life(shop: House) -> None:
    day = timedelta(days=1)
    card = shop.issue(2500, usable_at=THE_MOMENT + day, expires_at=THE_MOMENT + 2 * day)["id"]

    with pytest.raises(CardNotYetUsable):
        shop.redeem(card, 1)
    shop.clock.forward(day)
    shop.redeem(card, 1)
    shop.clock.forward(day - timedelta(microseconds=1))
    shop.redeem(card, 1)
    shop.clock.forward(timedelta(microseconds=1))
    with pytest.raises(CardExpired):
        shop.redeem(card, 1)

    assert shop.balance(card) == 2498


@pytest.mark.parametrize("column", ["disabled_at", "removed_at"])
def test_a_card_that_was_stopped_pays_nothing(shop: House, column: str) -> None:
    card = shop.issue(2500)["id"]
    change(shop, card, f"{column} = 1")

    with pytest.raises(CardDisabled):
        shop.redeem(card, 1)


def test_a_card_that_is_not_there_is_not_found(shop: House) -> None:
    with pytest.raises(NotFound):
        shop.redeem("gc_" + "0" * 26, 1)
