"""What was held on a card, and what was done to it."""

from collections.abc import Callable

import pytest

from connector.domain.errors import BadRequest, NotFound
from connector.flows.paging import Page
from tests.kit.deeds import do
from tests.kit.house import House

NOBODYS = "gc_" + "0" * 26


def test_a_hold_is_shown_to_its_account_alone(house: House) -> None:
    card = house.issue(2500)["id"]
    hold = do(house, "hold", card=card, amount=1000)["hold"]

    assert house.gateway.history.hold(house.account, hold["id"]) == hold
    for account, name in ((house.other, hold["id"]), (house.account, "hold_" + "0" * 26)):
        with pytest.raises(NotFound):
            house.gateway.history.hold(account, name)


def test_a_cards_holds_are_listed_newest_first(house: House) -> None:
    card, other = (house.issue(2500)["id"] for _ in range(2))
    made = [do(house, "hold", card=card, amount=amount)["hold"]["id"] for amount in (1, 2, 3)]
    do(house, "hold", card=other, amount=1)

    first = house.gateway.history.holds_of(house.account, card, {"limit": 2})
    rest = house.gateway.history.holds_of(house.account, card, {"limit": 2, "cursor": first.next_cursor})

    assert [one["id"] for one in first.data + rest.data] == made[::-1]
    assert rest.next_cursor is None


def test_the_trail_says_who_did_what_and_why(house: House) -> None:
    card = house.issue(2500)["id"]
    taken = house.redeem(card, 700).body["transaction"]["id"]
    do(house, "disable", card=card, reason="lost")

    [disabled, redeemed, issued] = house.gateway.history.audit_of(house.account, card, {}).data

    assert [one["act"] for one in (issued, redeemed, disabled)] == ["issue", "redeem", "disable"]
    assert redeemed["transaction_id"] == taken
    assert disabled == {
        "gift_card_id": card,
        "act": "disable",
        "transaction_id": None,
        "source": "api",
        "origin": {"key_id": "key_test"},
        "reason": "lost",
        "note": None,
        "details": {"disabled_at": "2026-11-20T15:00:00Z", "disabled_finally": False},
        "created_at": "2026-11-20T15:00:00Z",
    }


def test_the_trail_has_pages(shop: House) -> None:
    card = shop.issue(2500)["id"]
    for _ in range(3):
        do(shop, "reveal", card=card)

    first = shop.gateway.history.audit_of(shop.account, card, {"limit": 3})
    rest = shop.gateway.history.audit_of(shop.account, card, {"limit": 3, "cursor": first.next_cursor})

    assert [one["act"] for one in first.data + rest.data] == ["reveal"] * 3 + ["issue"]


@pytest.mark.parametrize("which", ["holds_of", "audit_of"])
def test_a_list_is_of_one_card_of_the_account(shop: House, which: str) -> None:
    look: Callable[..., Page] = getattr(shop.gateway.history, which)
    card, other = (shop.issue(2500)["id"] for _ in range(2))
    for one in (card, other):
        for _ in range(2):
            do(shop, "hold", card=one, amount=1)
    cursor = str(look(shop.account, card, {"limit": 1}).next_cursor)

    for account, name in ((shop.other, card), (shop.account, NOBODYS), (shop.account, "")):
        with pytest.raises(NotFound):
            look(account, name, {})
    for asked in ({"cursor": cursor + "x"}, {"cursor": "x"}, {"limit": 0}, {"limit": 251}):
        with pytest.raises(BadRequest):
            look(shop.account, card, asked)
    with pytest.raises(BadRequest, match="another list"):
        look(shop.account, other, {"cursor": cursor})
