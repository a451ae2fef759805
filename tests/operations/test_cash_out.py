"""Cash out: never by default, and below its program's limit only."""

import pytest

from connector.domain.errors import (
    CardDisabled,
    CardExpired,
    CardNotYetUsable,
    CashOutNotAllowed,
    ConnectorError,
    InsufficientBalance,
)
from tests.kit.deeds import do, told
from tests.kit.house import House
from tests.operations.asking import acts, hold, lines, put_in_program, stop


def test_credit_stays_credit(house: House) -> None:
    """S000-61: no card is paid out by default, whatever its kind."""
    for kind in ("promotional", "paid"):
        card = house.issue(500, kind=kind)["id"]
        with pytest.raises(CashOutNotAllowed, match="no program that allows"):
            do(house, "cash_out", card=card)
        assert house.balance(card) == 500


def test_a_program_that_says_nothing_of_it_does_not_allow_it(shop: House) -> None:
    card = shop.issue(500)["id"]
    put_in_program(shop, card)

    with pytest.raises(CashOutNotAllowed):
        do(shop, "cash_out", card=card)


def test_the_whole_rest_is_paid_out_and_told(house: House) -> None:
    card = house.issue(2500)["id"]
    put_in_program(house, card, cash_out_below=1000)
    house.redeem(card, 2000)

    answer = do(house, "cash_out", card=card, reference="till 4")

    transaction = answer["transaction"]
    assert (transaction["type"], transaction["amount"]) == ("cash_out", -500)
    assert transaction["reference"] == "till 4"
    assert (answer["gift_card"]["balance"], answer["gift_card"]["state"]) == (0, "depleted")
    assert lines(house, card)[-1]["credit"] == "cash_out"
    assert told(house, card)[-2:] == ["gift_card.cashed_out", "gift_card.depleted"]
    assert acts(house, card)[-1]["act"] == "cash_out"
    house.require_proof()


@pytest.mark.parametrize(("balance", "is_lawful"), [(999, True), (1000, False), (1001, False)])
def test_below_means_below(shop: House, balance: int, is_lawful: bool) -> None:
    card = shop.issue(balance)["id"]
    put_in_program(shop, card, cash_out_below=1000)

    if is_lawful:
        do(shop, "cash_out", card=card)
    else:
        with pytest.raises(CashOutNotAllowed, match=r"below 10\.00 USD only"):
            do(shop, "cash_out", card=card)
    assert shop.balance(card) == (0 if is_lawful else balance)


def test_a_hold_is_no_way_below_the_limit_and_stays(shop: House) -> None:
    card = shop.issue(1500)["id"]
    put_in_program(shop, card, cash_out_below=1000)
    hold(shop, card, 600)
    with pytest.raises(CashOutNotAllowed):
        do(shop, "cash_out", card=card)
    shop.redeem(card, 600)

    assert do(shop, "cash_out", card=card)["transaction"]["amount"] == -300

    assert shop.balance(card) == 600
    assert told(shop, card)[-1] == "gift_card.cashed_out"
    shop.require_proof()


def test_nothing_is_paid_out_of_nothing(shop: House) -> None:
    card = shop.issue(500)["id"]
    put_in_program(shop, card, cash_out_below=1000)
    do(shop, "cash_out", card=card)

    with pytest.raises(InsufficientBalance):
        do(shop, "cash_out", card=card)
    other = shop.issue(500)["id"]
    hold(shop, other, 500)
    with pytest.raises(ConnectorError):
        do(shop, "cash_out", card=other)


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("pending", CardNotYetUsable),
        ("expired", CardExpired),
        ("disabled", CardDisabled),
        ("removed", CardDisabled),
    ],
)
def test_a_card_that_cannot_be_spent_is_not_paid_out(
    shop: House, state: str, error: type[ConnectorError]
) -> None:
    card = shop.issue(500)["id"]
    put_in_program(shop, card, cash_out_below=1000)
    stop(shop, card, state)

    with pytest.raises(error):
        do(shop, "cash_out", card=card)

    assert shop.balance(card) == 500


def test_a_card_is_paid_out_once(shop: House) -> None:
    """A redemption that is given back after the rest was paid out is credit again, and never cash."""
    card = shop.issue(10_000)["id"]
    put_in_program(shop, card, cash_out_below=1000)
    redeemed = shop.redeem(card, 9_001).body["transaction"]["id"]
    do(shop, "cash_out", card=card)
    do(shop, "refund", card=card, transaction_id=redeemed)
    shop.redeem(card, 8_002)

    with pytest.raises(CashOutNotAllowed, match="was paid out in cash before"):
        do(shop, "cash_out", card=card)
    assert shop.balance(card) == 999


def test_what_a_transfer_brought_is_not_paid_out(shop: House) -> None:
    great, small = shop.issue(10_000)["id"], shop.issue(1)["id"]
    put_in_program(shop, small, cash_out_below=1000)
    do(shop, "transfer", card=great, to=small, amount=998)

    with pytest.raises(CashOutNotAllowed, match="got value by a transfer"):
        do(shop, "cash_out", card=small)
    assert shop.balance(small) == 999
