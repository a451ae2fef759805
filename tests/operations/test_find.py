"""Find: somebody's cards as a no-code tool takes them; nobody's are none, and no error."""

from datetime import timedelta
from typing import Any

import pytest

from connector.domain.errors import BadAmount, NotFound, ValidationFailed
from connector.operations.find import MOST
from tests.kit.clock import THE_MOMENT
from tests.kit.deeds import do
from tests.kit.house import House

MIA = {"external_id": "7", "email": "mia@example.com", "phone": "+14155550113"}


def test_somebodys_cards_are_found_by_every_name_newest_first(house: House) -> None:
    """S000-07, S000-30."""
    first = house.issue(2500, contact=MIA)
    second = house.issue(700, contact=MIA, message="Enjoy")
    house.issue(900, contact={"email": "noor@example.com"})

    for name in (first["contact_id"], *MIA.values()):
        told = do(house, "find", contact_id=name)
        assert [one["id"] for one in told["cards"]] == [second["id"], first["id"]]
    assert (told["count"], told["found"], told["balance"], told["currency"]) == (2, True, "32.00", "USD")
    assert told["has_balance"] is True
    assert told["cards"][0] == {
        "id": second["id"],
        "state": "active",
        "balance": "7.00",
        "available": "7.00",
        "initial_amount": "7.00",
        "currency": "USD",
        "last4": second["last4"],
        "kind": "promotional",
        "program": None,
        "message": "Enjoy",
        "usable_at": None,
        "expires_at": None,
        "created_at": second["created_at"],
        "gift_card_id": second["id"],
        "contact_id": second["contact_id"],
        "held": "0.00",
        "url": None,
        "has_balance": True,
    }
    assert second["code"] not in str(told)


def test_they_are_narrowed_by_state_and_currency(house: House) -> None:
    day = timedelta(days=1)
    euro = house.issue(500, contact=MIA, currency="EUR")["id"]
    pending = house.issue(600, contact=MIA, usable_at=THE_MOMENT + day)["id"]
    empty = house.issue(700, contact=MIA)["id"]
    house.redeem(empty, 700)
    removed = house.issue(800, contact=MIA)["id"]
    do(house, "remove", card=removed)

    def found(**asked: Any) -> list[str]:
        return [one["id"] for one in do(house, "find", contact_id=MIA["email"], **asked)["cards"]]

    assert found() == [empty, pending, euro]
    assert found(state="pending") == [pending]
    assert found(state="depleted") == [empty]
    assert found(state="removed") == [removed]
    assert found(state="expired") == []
    assert found(currency="EUR") == found(currency="EUR", state="active") == [euro]
    told = do(house, "find", contact_id=MIA["email"], currency="EUR")
    assert (told["balance"], told["currency"]) == ("5.00", "EUR")


def test_who_is_unknown_has_none(shop: House) -> None:
    assert do(shop, "find", contact_id="noor@example.com") == {
        "cards": [],
        "count": 0,
        "found": False,
        "balance": "0.00",
        "currency": "USD",
        "has_balance": False,
    }
    with pytest.raises(NotFound):
        do(shop, "find", contact_id="ct_" + "0" * 26)


def test_another_accounts_cards_are_not_found(shop: House) -> None:
    made = shop.issue(2500, contact=MIA)

    assert do(shop, "find", account=shop.other, contact_id=MIA["email"])["cards"] == []
    with pytest.raises(NotFound):
        do(shop, "find", account=shop.other, contact_id=made["contact_id"])


def test_of_a_great_many_the_newest_are_told(shop: House) -> None:
    made = [shop.issue(100, contact=MIA)["id"] for _ in range(MOST + 1)]

    told = do(shop, "find", contact_id="7")

    assert [one["id"] for one in told["cards"]] == made[:0:-1]
    assert (told["count"], told["balance"]) == (MOST, "101.00")


@pytest.mark.parametrize(
    ("asked", "field"), [({}, "contact_id"), ({"contact_id": "7", "state": "x"}, "state")]
)
def test_what_cannot_be_asked_is_named(shop: House, asked: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        do(shop, "find", **asked)

    assert [one.field for one in refused.value.errors] == [field]


def test_a_strange_currency_is_refused(shop: House) -> None:
    with pytest.raises(BadAmount):
        do(shop, "find", contact_id="7", currency="usd")
