"""Who gives what is put on a card."""

import pytest

from connector.domain.errors import InsufficientFunds
from connector.ledger.funding import Giver, given_by, giver
from connector.store import funds
from connector.store.writer import Writing
from tests.kit.house import House


def ask(house: House, kind: str = "paid", program: str | None = None) -> Giver:
    def work(tx: Writing) -> Giver:
        return giver(
            tx, house.account.id, kind=kind, program=program, currency="USD", given_by="vip-fifth-visit"
        )

    return house.gateway.parts.writer.run(work)


def make(house: House, program: str, currency: str = "USD") -> None:
    house.gateway.parts.writer.run(lambda tx: funds.make(tx, house.account.id, program, currency, None))


def test_without_prepaid_funds_sales_pay_and_recipes_give(house: House) -> None:
    assert ask(house) == Giver("funding:-")
    assert ask(house, program="birthday") == Giver("funding:birthday")
    assert ask(house, "promotional", "birthday") == Giver("promo:vip-fifth-visit")


def test_a_programs_own_funds_go_before_the_accounts(house: House) -> None:
    make(house, "")
    assert ask(house, program="birthday").account == "prepaid:-"

    make(house, "birthday")
    assert ask(house, program="birthday").account == "prepaid:birthday"
    assert ask(house, "promotional").account == "prepaid:-"
    assert ask(house, program="other").fund == ask(house).fund is not None


def test_another_currency_is_no_way_past_prepaid_funds(house: House) -> None:
    make(house, "birthday", "EUR")
    assert ask(house).fund is None  # the account itself has paid nothing in

    with pytest.raises(InsufficientFunds, match=r"program birthday are in other currencies than USD"):
        ask(house, program="birthday")
    make(house, "", "KWD")
    for kind in ("paid", "promotional"):
        with pytest.raises(InsufficientFunds, match=r"of the account are in other currencies than USD"):
            ask(house, kind)


def test_a_recipe_gives_before_the_door_it_came_through() -> None:
    assert given_by({"recipe": "win-back", "run_id": "run_1"}, "recipe") == "win-back"
    assert given_by({"key_id": "key_1"}, "api") == "api"
