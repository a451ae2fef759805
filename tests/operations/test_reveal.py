"""Reveal: the code again, for those who may; the audit trail keeps who saw it, and nobody else is told."""

import pytest

from connector.operations.reveal import OPERATION
from tests.kit.deeds import card_of, do, told, trail
from tests.kit.house import House


def test_the_code_is_shown_and_who_saw_it_is_kept(house: House) -> None:
    made = house.issue(2500)
    before = card_of(house, made["id"])

    shown = do(house, "reveal", card=made["id"], reason="the customer lost the mail")

    assert shown["code"] == made["code"]
    assert shown["gift_card"] == {**before, "url": made["url"]}, "whoever sees the code may have its page"
    assert card_of(house, made["id"]) == before
    assert told(house, made["id"]) == []
    assert trail(house, made["id"]) == ["reveal"]
    [row] = [row for row in house.rows("audit") if row["act"] == "reveal"]
    assert (row["origin"], row["reason"]) == ({"key_id": "key_test"}, "the customer lost the mail")
    assert made["code"] not in repr(row)


def test_every_look_is_kept(shop: House) -> None:
    card = shop.issue(2500)["id"]

    for _ in range(3):
        do(shop, "reveal", card=card)

    assert trail(shop, card) == ["reveal"] * 3


@pytest.mark.parametrize("deed", ["disable", "expire", "remove"])
def test_the_code_of_a_card_that_ended_can_be_seen(shop: House, deed: str) -> None:
    made = shop.issue(2500)
    do(shop, deed, card=made["id"])

    assert do(shop, "reveal", card=made["id"])["code"] == made["code"]


def test_it_needs_a_scope_of_its_own() -> None:
    assert OPERATION.scope == "cards:reveal"
