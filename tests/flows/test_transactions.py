"""The lines of the ledger as doors show them: signed as the card sees them, newest first."""

from datetime import timedelta
from typing import Any

import pytest

from connector.domain.errors import BadRequest, NotFound
from connector.domain.funds import Fund
from connector.ledger import posting
from connector.store import funds
from connector.store.writer import Writing
from tests.kit.house import House

DAY = timedelta(days=1)


def listed(house: House, **asked: Any) -> list[dict[str, Any]]:
    return house.gateway.history.list_transactions(house.account, asked).data


def a_deposit(house: House, amount: int) -> None:
    """Money that is paid into the account's own funds."""

    def work(tx: Writing) -> None:
        fund = funds.make(tx, house.account.id, "", "USD", None)
        assert isinstance(fund, Fund)
        posting.deposit(tx, fund, amount, posting.Why("deposit", {"key_id": "key_test"}, reference="wire"))

    house.gateway.parts.writer.run(work)


def test_a_card_s_lines_say_what_happened_to_it(house: House) -> None:
    card = house.issue(2500)
    house.clock.forward(DAY)
    house.redeem(card["id"], 700, reference="till 3")
    other = house.issue(100)

    page = house.gateway.history.card_transactions(house.account, card["id"], {})

    [spent, issued] = page.data
    assert (spent["type"], spent["amount"], spent["balance_after"]) == ("redeem", -700, 1800)
    assert (issued["type"], issued["amount"], issued["balance_after"]) == ("issue", 2500, 2500)
    assert spent["gift_card_id"] == issued["gift_card_id"] == card["id"]
    assert spent["reference"] == "till 3" and spent["created_at"] == "2026-11-21T15:00:00Z"
    assert house.gateway.history.transaction(house.account, spent["id"]) == spent
    assert [one["gift_card_id"] for one in listed(house)] == [other["id"], card["id"], card["id"]]


def test_a_line_of_prepaid_funds_is_of_no_card(house: House) -> None:
    a_deposit(house, 9_000)
    card = house.issue(2500)

    [issued, deposit] = listed(house)

    assert (deposit["gift_card_id"], deposit["type"], deposit["amount"]) == (None, "deposit", 9_000)
    assert deposit["balance_after"] == 9_000
    assert issued["gift_card_id"] == card["id"]
    assert listed(house, reference="wire") == [deposit]


def test_filters_hold_at_once(house: House) -> None:
    mine = house.issue(2500, contact={"email": "mia@example.com"})
    euros = house.issue(900, currency="EUR")
    house.redeem(mine["id"], 500, reference="till 3")
    before = house.clock.now()
    house.clock.forward(DAY)
    house.redeem(mine["id"], 300)
    house.redeem(euros["id"], 100)

    def amounts(**asked: Any) -> list[int]:
        return [one["amount"] for one in listed(house, **asked)]

    assert amounts(type="redeem") == [-100, -300, -500]
    assert amounts(type="redeem", currency="USD") == [-300, -500]
    assert amounts(contact_id=mine["contact_id"], type="redeem", until=before + DAY) == [-500]
    assert amounts(gift_card_id=mine["id"], since=before + DAY) == [-300]
    assert amounts(reference="till 3", currency="EUR") == []
    assert amounts(gift_card_id="gc_nobody") == amounts(contact_id="ct_nobody") == []


def test_another_account_s_lines_are_not_there(house: House) -> None:
    card = house.issue(2500)
    [line] = listed(house)

    assert house.gateway.history.list_transactions(house.other, {}).data == []
    with pytest.raises(NotFound):
        house.gateway.history.transaction(house.other, line["id"])
    with pytest.raises(NotFound):
        house.gateway.history.card_transactions(house.other, card["id"], {})
    assert house.gateway.history.list_transactions(house.other, {"gift_card_id": card["id"]}).data == []


def test_pages_stay_right_while_lines_are_added(house: House) -> None:
    card = house.issue(2500)
    for amount in (1, 2, 3):
        house.redeem(card["id"], amount)
    first = house.gateway.history.list_transactions(house.account, {"limit": 2})
    house.redeem(card["id"], 4)

    rest = house.gateway.history.list_transactions(house.account, {"limit": 9, "cursor": first.next_cursor})

    assert [one["amount"] for one in (*first.data, *rest.data)] == [-3, -2, -1, 2500]
    assert rest.next_cursor is None


def test_a_cursor_is_bound_to_its_filters(shop: House) -> None:
    for _ in range(2):
        shop.issue(100)
    cursor = shop.gateway.history.list_transactions(shop.account, {"limit": 1, "type": "issue"}).next_cursor

    asked: list[dict[str, Any]] = [{}, {"type": "redeem"}, {"type": "issue", "currency": "USD"}]
    for one in asked:
        with pytest.raises(BadRequest, match="cursor"):
            shop.gateway.history.list_transactions(shop.account, {**one, "cursor": cursor})
    with pytest.raises(BadRequest, match="cursor"):
        shop.gateway.list_cards(shop.account, {"cursor": cursor})


@pytest.mark.parametrize(("name", "value"), [("type", "theft"), ("currency", "XXY"), ("limit", 0)])
def test_what_is_not_known_is_named(shop: House, name: str, value: object) -> None:
    with pytest.raises(BadRequest) as refusal:
        listed(shop, **{name: value})

    assert [one.field for one in refusal.value.errors] == [name]
