"""Balances by code alone."""

from datetime import timedelta

import pytest

from connector.domain.errors import UnknownCode
from connector.flows.balance_pages import MAX_CODE
from tests.kit.clock import THE_MOMENT
from tests.kit.house import ACCOUNT, OTHER, House


def test_a_card_is_shown_as_its_holder_needs_it(house: House) -> None:
    card = house.issue(
        2500, usable_at=THE_MOMENT + timedelta(days=2), expires_at=THE_MOMENT + timedelta(days=400)
    )

    shown = house.gateway.balance_pages.shown(ACCOUNT, card["code"])

    assert (shown.state, shown.balance, shown.currency) == ("pending", "$25.00", "USD")
    assert shown.usable_from and shown.validity.startswith("Valid until") and shown.last4 == card["last4"]


def test_only_the_accounts_own_codes_find_a_card(house: House) -> None:
    card = house.issue(2500)
    for account, code in (
        (OTHER, card["code"]),
        ("nobody", card["code"]),
        (ACCOUNT, card["id"]),
        (ACCOUNT, " "),
        (ACCOUNT, "A" * (MAX_CODE + 1)),
    ):
        with pytest.raises(UnknownCode):
            house.gateway.balance_pages.shown(account, code)
    assert house.gateway.balance_pages.issuer("nobody") is None
