"""The chart of ledger accounts: names that cannot be mistaken for one another."""

import pytest

from connector.ledger import accounts
from tests.store.making import a_card, an_account

EVERYWHERE = (
    accounts.REDEEMED,
    accounts.EXPIRED,
    accounts.FX,
    accounts.CASH_OUT,
    accounts.TRANSFER,
    accounts.IMPORT_OPENING,
)


def test_a_cards_account_has_its_public_id() -> None:
    card = a_card(an_account())

    assert accounts.of_card(card) == accounts.card(card.public_id) == f"card:{card.public_id}"
    assert accounts.is_card(accounts.of_card(card))


@pytest.mark.parametrize("name", [*EVERYWHERE, accounts.funding(None), accounts.promo("card:gc_1")])
def test_no_other_account_is_taken_for_a_cards(name: str) -> None:
    assert not accounts.is_card(name)


def test_no_two_accounts_share_a_name() -> None:
    names = [*EVERYWHERE, accounts.funding(None), accounts.funding("spa"), accounts.promo("spa")]

    assert len({*names}) == len(names)


def test_money_paid_in_is_kept_apart_by_program() -> None:
    assert accounts.funding("spa") == "funding:spa"
    assert accounts.funding(None) == "funding:-"
