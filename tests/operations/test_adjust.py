"""Adjust: up and down by further transfers, each with its reason; nothing is overwritten."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.domain.accounts import Actor, Caps
from connector.domain.errors import (
    CapReached,
    CardDisabled,
    CardExpired,
    ConnectorError,
    CurrencyMismatch,
    InsufficientBalance,
    InsufficientFunds,
    ValidationFailed,
)
from connector.domain.money import MAX_MINOR, Money
from connector.operations.adjust import OPERATION, REASONS, Adjust
from tests.kit.catalogue import a_fund, left_in
from tests.kit.deeds import do, told
from tests.kit.house import House, open_house
from tests.operations.asking import acts, hold, lines, stop


@pytest.fixture
def capped(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    """A shop where no card may hold more than 50.00 USD, and no key may give more than 60.00 USD a day."""
    built = open_house(tmp_path, sqlite_url, caps={"USD": Caps(per_card=5000, per_key=6000)})
    yield built
    built.gateway.close()


@pytest.mark.parametrize(("amount", "balance"), [(300, 2800), (-300, 2200)])
def test_a_balance_goes_up_and_down_with_its_reason(house: House, amount: int, balance: int) -> None:
    """S000-11."""
    card = house.issue(2500)["id"]

    answer = do(house, "adjust", card=card, amount=amount, reason="correction", note="typed twice")

    transaction = answer["transaction"]
    assert (transaction["type"], transaction["amount"]) == ("adjust", amount)
    assert (transaction["reason"], transaction["note"]) == ("correction", "typed twice")
    assert answer["gift_card"]["balance"] == house.balance(card) == balance
    assert told(house, card) == ["gift_card.adjusted"]
    house.require_proof()


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_has_an_account_of_its_own(shop: House, reason: str) -> None:
    card = shop.issue(2500)["id"]

    do(shop, "adjust", card=card, amount=200, reason=reason, note="why")
    do(shop, "adjust", card=card, amount=-100, reason=reason, note="why")

    up, down = lines(shop, card)[1:]
    assert (up["debit"], down["credit"]) == (f"adjust:{reason}", f"adjust:{reason}")


def test_the_trail_says_who_why_and_by_which_transfer(shop: House) -> None:
    card = shop.issue(2500)["id"]

    made = do(shop, "adjust", card=card, amount=-100, reason="fraud", note="chargeback 77")["transaction"]

    [act] = acts(shop, card)
    assert (act["act"], act["transfer"], act["origin"]) == ("adjust", made["id"], {"key_id": "key_test"})
    assert (act["reason"], act["note"]) == ("fraud", "chargeback 77")


def test_what_empties_a_card_is_told_twice(shop: House) -> None:
    card = shop.issue(2500)["id"]

    do(shop, "adjust", card=card, amount=-2500, reason="fraud")

    assert told(shop, card) == ["gift_card.adjusted", "gift_card.depleted"]


REFUSED: list[tuple[str, dict[str, Any], type[ConnectorError], str | None]] = [
    ("nothing", {"amount": 0}, ValidationFailed, "amount"),
    ("beyond measure", {"amount": MAX_MINOR + 1}, ValidationFailed, "amount"),
    ("beyond measure, down", {"amount": -MAX_MINOR - 1}, ValidationFailed, "amount"),
    ("more than there is", {"amount": -2501}, InsufficientBalance, None),
    ("more than any card may hold", {"amount": MAX_MINOR}, CapReached, None),
    ("another currency", {"amount": 1, "currency": "EUR"}, CurrencyMismatch, None),
    ("a reason of one's own", {"amount": 1, "reason": "promo"}, ValidationFailed, "reason"),
    ("a reason that is another deed's", {"amount": 1, "reason": "set_balance"}, ValidationFailed, "reason"),
    ("other, and no word why", {"amount": 1, "reason": "other"}, ValidationFailed, "note"),
    ("other, and blanks", {"amount": 1, "reason": "other", "note": "  "}, ValidationFailed, "note"),
]


@pytest.mark.parametrize(
    ("fields", "error", "field"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_is_wrong_is_refused_and_moves_nothing(
    shop: House, fields: dict[str, Any], error: type[ConnectorError], field: str | None
) -> None:
    card = shop.issue(2500)["id"]

    with pytest.raises(error) as refused:
        do(shop, "adjust", card=card, **{"reason": "correction", **fields})

    assert field is None or [one.field for one in refused.value.errors] == [field]
    assert shop.balance(card) == 2500
    assert told(shop, card) == []


@pytest.mark.parametrize(("amount", "is_lawful"), [(-1499, True), (-1500, True), (-1501, False)])
def test_nothing_falls_below_what_is_held(shop: House, amount: int, is_lawful: bool) -> None:
    card = shop.issue(2500)["id"]
    hold(shop, card, 1000)

    if is_lawful:
        do(shop, "adjust", card=card, amount=amount, reason="fraud")
    else:
        with pytest.raises(InsufficientBalance):
            do(shop, "adjust", card=card, amount=amount, reason="fraud")
    assert shop.balance(card) == 2500 + amount * is_lawful
    shop.require_proof()


STATES = [
    ("pending", None, None),
    ("expired", CardExpired, None),
    ("disabled", CardDisabled, None),
    ("removed", CardDisabled, CardDisabled),
]


@pytest.mark.parametrize(("state", "upward", "downward"), STATES)
def test_value_can_be_taken_from_a_stopped_card_and_not_put_on_it(
    shop: House,
    state: str,
    upward: type[ConnectorError] | None,
    downward: type[ConnectorError] | None,
) -> None:
    for amount, error in ((100, upward), (-100, downward)):
        card = shop.issue(2500)["id"]
        stop(shop, card, state)
        if error is None:
            do(shop, "adjust", card=card, amount=amount, reason="fraud")
        else:
            with pytest.raises(error):
                do(shop, "adjust", card=card, amount=amount, reason="fraud")
        assert shop.balance(card) == 2500 + amount * (error is None)


def test_an_adjustment_is_no_way_round_the_caps(capped: House) -> None:
    """T33: whose key was stolen cannot give more by adjusting than by issuing."""
    card = capped.issue(2500)["id"]
    other = capped.issue(500)["id"]

    with pytest.raises(CapReached, match="per card"):
        do(capped, "adjust", card=card, amount=2501, reason="goodwill")
    do(capped, "adjust", card=card, amount=2500, reason="goodwill")
    with pytest.raises(CapReached, match="a day"):
        do(capped, "adjust", card=other, amount=501, reason="goodwill")
    do(capped, "adjust", card=card, amount=-2500, reason="correction")

    assert (capped.balance(card), capped.balance(other)) == (2500, 500)


def test_an_adjusted_card_above_a_cap_that_came_later_can_still_be_lowered(capped: House) -> None:
    card = capped.issue(5000)["id"]
    lowered = open_house(capped.recipes.parent, capped.url, caps={"USD": Caps(per_card=100)})

    do(lowered, "adjust", card=card, amount=-1, reason="correction")

    assert lowered.balance(card) == 4999
    lowered.gateway.close()


def test_a_recipe_is_told_the_sum_with_its_sign(shop: House) -> None:
    card = shop.issue(2500)["id"]

    def work(tx: Any) -> Any:
        desk = shop.gateway.parts.desk(tx, shop.account, Actor("recipe", {"recipe": "sorry"}))
        assert OPERATION.give is not None
        outcome = OPERATION.perform(desk, Adjust(card=card, amount=-200, reason="correction"))
        return OPERATION.give(desk, outcome)

    given = shop.gateway.parts.writer.run(work)

    assert (given["amount"], given["balance"]) == (Money(-200, "USD"), Money(2300, "USD"))


def test_what_is_adjusted_upwards_comes_from_prepaid_funds_where_there_are_any(house: House) -> None:
    """Else a key that may write cards could give out more than was paid in."""
    fund = a_fund(house, 3000)
    card = house.issue(2500)["id"]

    do(house, "adjust", card=card, amount=500, reason="goodwill")
    assert (lines(house, card)[-1]["debit"], left_in(house, fund)) == ("prepaid:-", 0)
    for name, fields in (
        ("adjust", {"amount": 1, "reason": "goodwill"}),
        ("set_balance", {"balance": 3001}),
    ):
        with pytest.raises(InsufficientFunds):
            do(house, name, card=card, **fields)
    do(house, "adjust", card=card, amount=-500, reason="correction")

    assert (house.balance(card), left_in(house, fund)) == (2500, 0)
    house.require_proof()
