"""Change code: the new one opens the card, the old one nothing; no two cards have one code."""

import pytest

from connector.domain.errors import CardDisabled, CodeTaken, NotFound, ValidationFailed
from tests.kit.deeds import card_of, do, last_told, told, trail
from tests.kit.house import House


def test_a_card_is_found_by_its_new_code_alone(house: House) -> None:
    card = house.issue(2500, code="SPRING-2026")["id"]

    shown = do(house, "change_code", card="spring 2026", code="Summer-2027")["gift_card"]

    assert shown == card_of(house, card)
    assert shown["last4"] == "2027"
    assert house.redeem("SUMMER 2027", 100).body["gift_card"]["id"] == card
    with pytest.raises(NotFound):
        house.redeem("SPRING-2026", 100)
    assert do(house, "reveal", card=card)["code"] == "Summer-2027"
    assert house.issue(100, code="SPRING-2026")["id"] != card, "the old one can be had again"
    assert told(house, card)[0] == "gift_card.updated"
    assert trail(house, card)[0] == "change_code"
    assert "Summer" not in str(house.rows("audit")) + str(last_told(house, card))
    house.require_proof()


def test_its_spelling_can_be_changed_and_its_own_code_changes_nothing(shop: House) -> None:
    card = shop.issue(2500, code="SPRING-2026")["id"]

    do(shop, "change_code", card=card, code="spring 2026")
    do(shop, "change_code", card=card, code="spring 2026")

    assert do(shop, "reveal", card=card)["code"] == "spring 2026"
    assert trail(shop, card) == ["change_code", "reveal"]


def test_what_is_taken_no_code_or_a_removed_card_s_is_refused(shop: House) -> None:
    card, gone = shop.issue(2500)["id"], shop.issue(100, code="SPRING-2026")["id"]
    do(shop, "remove", card=gone)

    with pytest.raises(CodeTaken):
        do(shop, "change_code", card=card, code="spring2026")
    with pytest.raises(CardDisabled):
        do(shop, "change_code", card=gone, code="SUMMER-2027")
    for code in ("", "abc", "GIFT_100", "TEST-SPRING-1", "4242424242424242"):
        with pytest.raises(ValidationFailed) as refusal:
            do(shop, "change_code", card=card, code=code)
        assert [one.field for one in refusal.value.errors] == ["code"]
    assert trail(shop, card) == []
