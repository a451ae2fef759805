"""Seals: a tail that was cut or forged, chain and head together, shows all the same."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector.domain.sealing import KeyRing
from connector.ledger.seals import Seal, read_seal
from tests.kit.catalogue import a_fund
from tests.kit.house import House
from tests.kit.tampering import sql

DAY = timedelta(days=1)


def day_of_trade(house: House) -> str:
    """A card that was made and spent from, and the day sealed; the card's id."""
    card = str(house.issue(2500)["id"])
    house.redeem(card, 700)
    house.redeem(card, 300)
    assert house.gateway.seal() is not None
    house.clock.forward(DAY)
    return card


def faults(house: House, kept: Seal | None = None) -> str:
    return "\n".join(house.gateway.verify(kept=kept).faults)


def forge_tail(house: House, card: str) -> None:
    """Cut the last line off a chain and its note away, and make the card's row agree: no chain shows that."""
    [row] = [one for one in house.rows("cards") if one["public_id"] == card]
    lines = house.rows("transfers", card_id=row["id"])
    kept = lines[-2]
    sql(house, "DELETE FROM transfers WHERE id = :id", id=lines[-1]["id"])
    sql(house, "DELETE FROM audit WHERE transfer = :line", line=lines[-1]["public_id"])
    sql(
        house,
        "UPDATE cards SET balance = :balance, transfer_count = :number, head_hash = :hash WHERE id = :id",
        balance=kept["balance_after"],
        number=kept["number"],
        hash=kept["hash"],
        id=row["id"],
    )


def test_an_honest_history_holds_its_seals(house: House) -> None:
    for _ in range(3):
        day_of_trade(house)
    house.issue(100)

    assert faults(house) == ""
    assert [row["heads"] for row in house.rows("seals")] == [1, 1, 1]


def test_a_day_has_one_seal_and_shows_it_again(house: House) -> None:
    house.issue(2500)
    first = house.gateway.seal()
    house.issue(100)

    assert house.gateway.seal() == first
    assert len(house.rows("seals")) == 1
    assert faults(house) == ""


def test_a_forged_tail_passes_the_chain_and_not_the_seal(house: House) -> None:
    card = day_of_trade(house)
    forge_tail(house, card)

    assert f"{card}: its line number 3 was sealed and is not there" in faults(house)


def test_a_card_that_was_taken_away_whole_is_named(house: House) -> None:
    card, other = day_of_trade(house), day_of_trade(house)
    [row] = [one for one in house.rows("cards") if one["public_id"] == card]
    for table in ("messages", "audit", "transfers"):
        sql(house, f"DELETE FROM {table} WHERE card_id = :id", id=row["id"])
    sql(house, "DELETE FROM cards WHERE id = :id", id=row["id"])

    found = faults(house)

    assert card in found
    assert other not in found


def test_a_line_that_was_put_in_before_the_seal_is_named(house: House) -> None:
    first = day_of_trade(house)
    [row] = [one for one in house.rows("cards") if one["public_id"] == first]
    later = str(house.issue(9900)["id"])
    [line] = house.rows("transfers", card_id=[c["id"] for c in house.rows("cards")][-1])
    sql(house, "UPDATE transfers SET id = -5 WHERE id = :id", id=line["id"])

    assert row["public_id"] == first
    assert f"{later}, transfer {line['public_id']}: is older than the last seal" in faults(house)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE seals SET signature = 'a.b' WHERE id = 2", "was not signed"),
        ("UPDATE seals SET last_transfer = 1 WHERE id = 2", "was not signed"),
        ("DELETE FROM seals WHERE id = 2", "does not follow the seal before it"),
        ("DELETE FROM seal_heads WHERE seal_id = 2", "its heads were changed"),
        ("UPDATE seal_heads SET number = 2 WHERE seal_id = 2", "its heads were changed"),
    ],
)
def test_a_seal_that_was_touched_says_so(house: House, change: str, said: str) -> None:
    for _ in range(3):
        day_of_trade(house)

    sql(house, change)

    assert said in faults(house)


def test_newest_seals_that_were_taken_away_show_against_one_that_was_kept(house: House) -> None:
    card = day_of_trade(house)
    kept = read_seal(json.loads(json.dumps(house.gateway.seal().as_json())))  # type: ignore[union-attr]
    forge_tail(house, card)
    sql(house, "DELETE FROM seal_heads")
    sql(house, "DELETE FROM seals")

    assert faults(house) == "", "the database alone says nothing"
    assert "the database does not have it" in faults(house, kept)


def test_a_kept_seal_that_nobody_signed_proves_nothing(house: House) -> None:
    day_of_trade(house)
    kept = house.gateway.seal()
    assert kept is not None

    assert faults(house, kept) == ""
    assert "was not signed" in faults(house, replace(kept, heads=7))


def test_only_the_ring_can_sign() -> None:
    ring, other = KeyRing([b"a" * 32]), KeyRing([b"b" * 32])
    signed = ring.sign(b"root")

    assert ring.has_signed(b"root", signed)
    assert KeyRing([b"b" * 32, b"a" * 32]).has_signed(b"root", signed), "after a turn of keys, too"
    for message, signature, by in (
        (b"root", signed, other),
        (b"roof", signed, ring),
        (b"root", "", ring),
        (b"root", signed[:-1] + "é", ring),
        (b"root", signed.partition(".")[0] + ".", ring),
    ):
        assert not by.has_signed(message, signature)


@pytest.mark.parametrize("told", [{}, {"day": "2026-11-20"}, dict.fromkeys(Seal.__slots__), {"more": 1}])
def test_what_is_no_seal_is_not_read_as_one(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a seal"):
        read_seal(told)


def test_an_exchange_and_funds_are_sealed_too(house: House) -> None:
    """The other half of an exchange is of no chain, and is sealed by itself."""
    house.issue(2500)
    a_fund(house, 5000)
    house.gateway.seal()
    house.clock.forward(DAY)
    assert faults(house) == ""
    assert [row["heads"] for row in house.rows("seals")] == [2]

    sql(house, "DELETE FROM transfers WHERE fund_id IS NOT NULL")
    sql(house, "UPDATE funds SET balance = 0, transfer_count = 0, head_hash = :none", none="0" * 64)
    assert "fund_" in faults(house)
