"""Expire: what was given away lapses by a transfer, what was paid for stays owed, if no program says else."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from connector.domain.errors import CardDisabled, CardExpired
from connector.store import tables
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import card_of, do, row_of, told, trail
from tests.kit.house import House


def a_card_of(house: House, kind: str, on_expiry: str | None) -> str:
    """A card of a program that says `on_expiry`."""
    program = {
        "public_id": "prg_" + "0" * 26,
        "account_id": house.account.id,
        "slug": "spring",
        "name": "Spring",
        "currency": "USD",
        "kind": kind,
        "is_active": True,
        "rules": {"on_expiry": on_expiry},
        "created_at": THE_MOMENT,
        "updated_at": THE_MOMENT,
    }
    house.gateway.parts.writer.run(lambda tx: tx.execute(insert(tables.programs).values(program)) and None)
    return str(house.issue(2500, program="spring")["id"])


def test_what_was_given_away_lapses_by_one_transfer(house: House) -> None:
    card = house.issue(2500)["id"]

    done = do(house, "expire", card=card, reason="campaign is over")

    assert (done["gift_card"]["state"], done["gift_card"]["balance"]) == ("expired", 0)
    assert done["gift_card"]["expires_at"] == "2026-11-20T15:00:00Z"
    assert (done["transaction"]["type"], done["transaction"]["amount"]) == ("expire", -2500)
    assert done["transaction"]["reason"] == "campaign is over"
    [line] = house.rows("transfers", type="expire")
    assert (line["debit"], line["credit"]) == (f"card:{card}", "expired")
    assert told(house, card) == ["gift_card.expired"]
    assert trail(house, card) == ["expire"]
    with pytest.raises(CardExpired):
        house.redeem(card, 1)
    house.require_proof()


def test_what_was_paid_for_stays_owed_and_cannot_be_spent(house: House) -> None:
    card = house.issue(2500, kind="paid")["id"]

    done = do(house, "expire", card=card)

    assert (done["gift_card"]["state"], done["gift_card"]["balance"]) == ("expired", 2500)
    assert done["transaction"] is None
    assert house.rows("transfers", type="expire") == []
    assert told(house, card) == ["gift_card.expired"]
    with pytest.raises(CardExpired):
        house.redeem(card, 1)
    house.require_proof()


@pytest.mark.parametrize(
    ("kind", "on_expiry", "left"),
    [
        ("promotional", "block", 2500),
        ("promotional", None, 0),
        ("promotional", "move", 0),
        ("paid", "move", 0),
        ("paid", None, 2500),
    ],
)
def test_a_program_may_say_otherwise(shop: House, kind: str, on_expiry: str | None, left: int) -> None:
    card = a_card_of(shop, kind, on_expiry)

    assert do(shop, "expire", card=card)["gift_card"]["balance"] == left
    shop.require_proof()


def test_nothing_moves_off_an_empty_card(shop: House) -> None:
    card = shop.issue(2500)["id"]
    shop.redeem(card, all=True)

    done = do(shop, "expire", card=card)

    assert (done["gift_card"]["state"], done["transaction"]) == ("expired", None)
    assert told(shop, card)[-1] == "gift_card.expired"


def test_an_expired_card_expires_once(house: House) -> None:
    card = house.issue(2500)["id"]
    do(house, "expire", card=card)
    house.clock.forward(timedelta(days=1))

    again = do(house, "expire", card=card)
    house.gateway.tick()

    assert again["transaction"] is None
    assert told(house, card) == ["gift_card.expired"]
    assert row_of(house, card)["expires_at"] == THE_MOMENT
    house.require_proof()


def test_a_card_whose_time_has_passed_keeps_its_own_end(shop: House) -> None:
    end = THE_MOMENT + timedelta(days=1)
    card = shop.issue(2500, expires_at=end)["id"]
    shop.clock.forward(timedelta(days=2))

    done = do(shop, "expire", card=card)

    assert done["transaction"]["amount"] == -2500
    assert row_of(shop, card)["expires_at"] == end


def test_what_is_held_is_let_go_first(house: House) -> None:
    card = house.issue(2500)["id"]
    do(house, "hold", card=card, amount=1000)
    do(house, "hold", card=card, amount=500)

    done = do(house, "expire", card=card)

    assert done["transaction"]["amount"] == -2500
    assert (done["gift_card"]["balance"], done["gift_card"]["held"]) == (0, 0)
    assert {row["state"] for row in house.rows("holds")} == {"released"}
    assert told(house, card)[2:] == ["gift_card.hold_released"] * 2 + ["gift_card.expired"]
    house.require_proof()


def test_a_disabled_card_expires_and_a_removed_one_does_not(shop: House) -> None:
    stopped, gone = shop.issue(2500)["id"], shop.issue(2500)["id"]
    do(shop, "disable", card=stopped)
    do(shop, "remove", card=gone)

    assert do(shop, "expire", card=stopped)["transaction"]["amount"] == -2500
    with pytest.raises(CardDisabled):
        do(shop, "expire", card=gone)
    assert card_of(shop, gone)["balance"] == 2500


def test_nothing_lands_on_a_card_whose_expiry_was_done_by_a_clock_that_is_ahead(house: House) -> None:
    """Another node's clock, or the moment that a deed had before it waited for the card."""
    end = house.clock.now() + timedelta(seconds=3)
    full = house.issue(2500)["id"]
    card = house.issue(2500, expires_at=end, contact={"email": "mia@example.com"})["id"]
    house.clock.forward(timedelta(seconds=4))
    house.gateway.tick()
    house.clock.jump(-timedelta(seconds=2))

    deeds: dict[str, dict[str, Any]] = {
        "load": {"amount": 100},
        "adjust": {"amount": 100, "reason": "goodwill"},
        "set_balance": {"balance": 100},
        "redeem": {"amount": 100},
        "hold": {"amount": 100},
        "extend": {"expires_at": end + timedelta(days=30)},
        "update": {"expires_at": None},
    }
    for deed, fields in deeds.items():
        with pytest.raises(CardExpired):
            do(house, deed, card=card, **fields)
    with pytest.raises(CardExpired):
        do(house, "transfer", card=full, to=card, amount=100)
    loaded = do(house, "load", amount=1000, contact_id="mia@example.com")["gift_card"]

    assert loaded["id"] != card, "it is no card that Mia can spend from"
    assert house.snapshot("mia@example.com")["balance"].minor == 1000
    assert (card_of(house, card)["state"], house.balance(card)) == ("expired", 0)
    revived = do(house, "revive", card=card, reason="asked for")["gift_card"]
    assert (revived["state"], revived["balance"], row_of(house, card)["expired_at"]) == ("active", 2500, None)
    house.require_proof()
