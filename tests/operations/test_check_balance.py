"""Check balance: of a card, or of what somebody can spend; nothing is 0, and no error."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.errors import NotFound, ValidationFailed
from connector.domain.money import MAX_MINOR
from connector.operations.check_balance import OPERATION, CheckBalance
from connector.operations.find import OPERATION as FIND
from connector.operations.find import Find
from tests.kit.clock import THE_MOMENT
from tests.kit.house import House

NOTHING = {
    "balance": "0.00",
    "available": "0.00",
    "currency": "USD",
    "state": "depleted",
    "has_balance": False,
    "balances": [],
}


def check(shop: House, **asked: Any) -> dict[str, Any]:
    return dict(shop.perform(OPERATION, CheckBalance(**asked)).body)


def test_a_card_is_told_by_id_and_by_code(house: House) -> None:
    made = house.issue(2500)
    house.redeem(made["id"], 1)

    for card in (made["id"], made["code"]):
        assert check(house, card=card) == {
            "balance": "24.99",
            "available": "24.99",
            "currency": "USD",
            "state": "active",
            "has_balance": True,
            "balances": [{"amount": "24.99", "currency": "USD"}],
        }


@pytest.mark.parametrize(("currency", "shown"), [("JPY", "2500"), ("KWD", "2.500"), ("EUR", "25.00")])
def test_an_amount_is_written_with_its_currencys_decimals(shop: House, currency: str, shown: str) -> None:
    card = shop.issue(2500, currency=currency)["id"]

    assert (check(shop, card=card)["balance"], check(shop, card=card)["currency"]) == (shown, currency)


def test_what_cannot_be_spent_now_is_a_balance_and_not_available(shop: House) -> None:
    day = timedelta(days=1)
    card = shop.issue(2500, usable_at=THE_MOMENT + day, expires_at=THE_MOMENT + 2 * day)["id"]

    told = check(shop, card=card)
    assert (told["balance"], told["available"], told["state"], told["has_balance"]) == (
        *("25.00", "0.00", "pending"),
        False,
    )
    shop.clock.forward(2 * day)
    assert (check(shop, card=card)["available"], check(shop, card=card)["state"]) == ("0.00", "expired")


def test_what_is_held_is_not_available(shop: House) -> None:
    card = shop.issue(2500, contact={"email": "mia@example.com"})["id"]
    hold = text("UPDATE cards SET held = 900")
    shop.gateway.parts.writer.run(lambda tx: tx.execute(hold) and None)

    assert (check(shop, card=card)["balance"], check(shop, card=card)["available"]) == ("25.00", "16.00")
    assert check(shop, contact_id="mia@example.com")["available"] == "16.00"


def test_somebodys_balance_is_the_sum_of_their_usable_cards(shop: House) -> None:
    mia = {"email": "mia@example.com"}
    day = timedelta(days=1)
    for amount in (1000, 500):
        shop.issue(amount, contact=mia)
    shop.issue(9000, contact=mia, usable_at=THE_MOMENT + day)
    shop.issue(7000, contact=mia, currency="EUR")
    shop.issue(3000, contact={"email": "noor@example.com"})
    shop.redeem(shop.issue(800, contact=mia)["id"], 300)

    told = check(shop, contact_id="mia@example.com")

    assert (told["balance"], told["currency"], told["state"]) == ("20.00", "USD", "active")
    shop.clock.forward(day)
    assert check(shop, contact_id="mia@example.com")["balance"] == "110.00"


def test_whoever_has_more_than_one_card_may_hold_is_told_so(house: House) -> None:
    mia = {"email": "mia@example.com"}
    for _ in range(3):
        house.issue(MAX_MINOR, contact=mia)

    told = check(house, contact_id="mia@example.com")

    assert (told["balance"], told["available"], told["has_balance"]) == (*["30000000000.00"] * 2, True)
    assert told["balances"] == [{"amount": "30000000000.00", "currency": "USD"}]
    found = house.perform(FIND, Find(contact_id="mia@example.com")).body
    assert found["balance"] == "30000000000.00"
    assert str(house.snapshot("mia@example.com")["balance"]) == "30000000000.00 USD"


def test_somebodys_balance_is_told_in_each_currency(shop: House) -> None:
    """S000-09."""
    mia = {"email": "mia@example.com"}
    for amount, currency in ((2000, "USD"), (500, "USD"), (7000, "EUR"), (900, "JPY")):
        shop.issue(amount, currency=currency, contact=mia)
    shop.redeem(shop.issue(100, currency="KWD", contact=mia)["id"], 100)

    assert check(shop, contact_id="mia@example.com")["balances"] == [
        {"amount": "70.00", "currency": "EUR"},
        {"amount": "900", "currency": "JPY"},
        {"amount": "25.00", "currency": "USD"},
    ]


def test_who_has_nothing_or_is_unknown_has_nothing(shop: House) -> None:
    """S000-27."""
    shop.issue(1000, contact={"email": "mia@example.com"}, currency="EUR")

    in_euros = [{"amount": "10.00", "currency": "EUR"}]
    assert check(shop, contact_id="mia@example.com") == {
        **NOTHING,
        "balances": in_euros,
        "has_balance": True,  # of another currency than the account's, and to be spent all the same
        "state": "active",
    }
    assert check(shop, contact_id="noor@example.com") == NOTHING


def test_without_a_card_and_without_a_person_nothing_is_told(shop: House) -> None:
    with pytest.raises(ValidationFailed) as refused:
        check(shop)

    assert [one.field for one in refused.value.errors] == ["card"]


def test_a_contact_id_that_is_not_there_is_not_found(shop: House) -> None:
    with pytest.raises(NotFound):
        check(shop, contact_id="ct_" + "0" * 26)


def test_two_questions_at_once_are_refused(shop: House) -> None:
    card = shop.issue(100)["id"]

    with pytest.raises(ValidationFailed) as refused:
        check(shop, card=card, contact_id="mia@example.com")

    assert [one.field for one in refused.value.errors] == ["contact_id"]
