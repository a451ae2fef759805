"""Set balance: the difference as one transfer, worked out while nobody else can move the card."""

from typing import Any

import pytest

from connector.domain.errors import (
    BalanceChanged,
    CapReached,
    CardDisabled,
    CardExpired,
    ConnectorError,
    CurrencyMismatch,
    InsufficientBalance,
    ValidationFailed,
)
from connector.domain.money import MAX_MINOR
from connector.operations.set_balance import OPERATION, SetBalance
from tests.kit.deeds import do, told
from tests.kit.house import BY_HAND, House
from tests.operations.asking import acts, hold, lines, stop


@pytest.mark.parametrize(("balance", "delta"), [(3000, 500), (100, -2400), (0, -2500)])
def test_the_difference_is_one_transfer(house: House, balance: int, delta: int) -> None:
    card = house.issue(2500)["id"]

    answer = do(house, "set_balance", card=card, balance=balance)

    transaction = answer["transaction"]
    assert (transaction["type"], transaction["amount"]) == ("adjust", delta)
    assert transaction["reason"] == "set_balance"
    assert answer["gift_card"]["balance"] == house.balance(card) == balance
    assert len(lines(house, card)) == 2
    house.require_proof()


def test_the_account_and_the_trail_say_that_it_was_set(shop: House) -> None:
    card = shop.issue(2500)["id"]

    do(shop, "set_balance", card=card, balance=3000)
    do(shop, "set_balance", card=card, balance=0, reason="other", note="paper card found")

    up, down = lines(shop, card)[1:]
    assert (up["debit"], down["credit"]) == ("adjust:set_balance", "adjust:other")
    assert [(one["act"], one["reason"], one["note"]) for one in acts(shop, card)] == [
        ("set_balance", "set_balance", None),
        ("set_balance", "other", "paper card found"),
    ]
    assert told(shop, card) == ["gift_card.adjusted", "gift_card.adjusted", "gift_card.depleted"]


def test_what_it_holds_already_is_done_by_nothing(shop: House) -> None:
    card = shop.issue(2500)["id"]

    answer = do(shop, "set_balance", card=card, balance=2500, expected_balance=2500)

    assert answer["transaction"] is None
    assert answer["gift_card"]["balance"] == 2500
    assert (told(shop, card), acts(shop, card), len(lines(shop, card))) == ([], [], 1)


@pytest.mark.parametrize(("expected", "is_lawful"), [(2499, False), (2500, True), (2501, False), (0, False)])
def test_who_expects_another_balance_changes_nothing(shop: House, expected: int, is_lawful: bool) -> None:
    card = shop.issue(2500)["id"]

    if is_lawful:
        do(shop, "set_balance", card=card, balance=100, expected_balance=expected)
    else:
        with pytest.raises(BalanceChanged, match=f"holds 2500 USD, {expected} was expected"):
            do(shop, "set_balance", card=card, balance=100, expected_balance=expected)
    assert shop.balance(card) == (100 if is_lawful else 2500)


def test_another_expectation_is_refused_also_where_nothing_would_change(shop: House) -> None:
    card = shop.issue(2500)["id"]

    with pytest.raises(BalanceChanged):
        do(shop, "set_balance", card=card, balance=2500, expected_balance=100)


REFUSED: list[tuple[str, dict[str, Any], type[ConnectorError]]] = [
    ("less than nothing", {"balance": -1}, ValidationFailed),
    ("beyond measure", {"balance": MAX_MINOR + 1}, ValidationFailed),
    ("an expectation below nothing", {"balance": 1, "expected_balance": -1}, ValidationFailed),
    ("another currency", {"balance": 1, "currency": "EUR"}, CurrencyMismatch),
    ("a reason of one's own", {"balance": 1, "reason": "because"}, ValidationFailed),
    ("other, and no word why", {"balance": 1, "reason": "other"}, ValidationFailed),
]


@pytest.mark.parametrize(("fields", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_wrong_is_refused_and_moves_nothing(
    shop: House, fields: dict[str, Any], error: type[ConnectorError]
) -> None:
    card = shop.issue(2500)["id"]

    with pytest.raises(error):
        do(shop, "set_balance", card=card, **fields)

    assert shop.balance(card) == 2500


def test_nothing_is_set_below_what_is_held(shop: House) -> None:
    card = shop.issue(2500)["id"]
    hold(shop, card, 1000)

    with pytest.raises(InsufficientBalance):
        do(shop, "set_balance", card=card, balance=999)
    do(shop, "set_balance", card=card, balance=1000)

    shop.require_proof()


@pytest.mark.parametrize(
    ("state", "error"),
    [("pending", None), ("expired", CardExpired), ("disabled", CardDisabled), ("removed", CardDisabled)],
)
def test_a_stopped_card_is_lowered_and_not_raised_and_a_removed_one_neither(
    shop: House, state: str, error: type[ConnectorError] | None
) -> None:
    card = shop.issue(2500)["id"]
    stop(shop, card, state)

    if error is not None:
        with pytest.raises(error):
            do(shop, "set_balance", card=card, balance=2501)
    if state == "removed":
        for balance in (0, 2500):
            with pytest.raises(CardDisabled):
                do(shop, "set_balance", card=card, balance=balance)
    else:
        do(shop, "set_balance", card=card, balance=0)
    assert shop.balance(card) == (2500 if state == "removed" else 0)


def test_the_difference_is_that_of_the_card_as_it_is_locked(shop: House) -> None:
    """Whoever redeemed in between is not overwritten: their transfer stays, the balance is what was set."""
    card = shop.issue(2500)["id"]

    def work(tx: Any) -> Any:
        desk = shop.gateway.parts.desk(tx, shop.account, BY_HAND)
        desk.require_card(card, locked=False)
        return OPERATION.perform(desk, SetBalance(card=card, balance=2000))

    shop.redeem(card, 700)
    outcome = shop.gateway.parts.writer.run(work)

    assert outcome.transfer.amount == 200
    assert [line["balance_after"] for line in lines(shop, card)] == [2500, 1800, 2000]


def test_a_card_may_hold_no_more_than_any_card(shop: House) -> None:
    card = shop.issue(2500)["id"]

    do(shop, "set_balance", card=card, balance=MAX_MINOR)
    with pytest.raises(CapReached):
        do(shop, "adjust", card=card, amount=1, reason="goodwill")
