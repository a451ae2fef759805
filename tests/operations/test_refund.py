"""Refund: of one redemption, to the card that it came from, and never more than it took."""

import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.accounts import Caps
from connector.domain.errors import (
    CardDisabled,
    ConnectorError,
    CurrencyMismatch,
    NotFound,
    RefundExceedsRedemption,
    ValidationFailed,
)
from connector.domain.money import MAX_MINOR
from connector.operations.refund import OPERATION, Refund, share
from tests.kit.deeds import do, told
from tests.kit.house import BY_HAND, House, open_house
from tests.operations.asking import RATES, acts, lines, stop, sums


@pytest.fixture
def exchange(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A house with rates, on both databases."""
    built = open_house(tmp_path, database_url, rates=RATES)
    yield built
    built.gateway.close()


def redeemed(shop: House, card: str, amount: int, **fields: Any) -> str:
    """The id of a fresh redemption."""
    return str(shop.redeem(card, amount, **fields).body["transaction"]["id"])


def test_a_redemption_is_given_back_and_told(house: House) -> None:
    card = house.issue(2500)["id"]
    taken = redeemed(house, card, 700)

    answer = do(house, "refund", card=card, transaction_id=taken, amount=500, reference="return 3")

    transaction = answer["transaction"]
    assert (transaction["type"], transaction["amount"], transaction["balance_after"]) == ("refund", 500, 2300)
    assert (transaction["related_transaction_id"], transaction["reference"]) == (taken, "return 3")
    assert answer["gift_card"]["balance"] == house.balance(card) == 2300
    assert told(house, card) == ["gift_card.redeemed", "gift_card.refunded"]
    assert [one["act"] for one in acts(house, card)] == ["redeem", "refund"]
    assert sums(house)[("redeemed", "USD")] == 200
    house.require_proof()


@pytest.mark.parametrize(("amount", "is_lawful"), [(699, True), (700, True), (701, False)])
def test_all_of_it_can_be_given_back_and_no_more(shop: House, amount: int, is_lawful: bool) -> None:
    """T29."""
    card = shop.issue(2500)["id"]
    taken = redeemed(shop, card, 700)

    if is_lawful:
        do(shop, "refund", card=card, transaction_id=taken, amount=amount)
    else:
        with pytest.raises(RefundExceedsRedemption, match=r"^700 USD of tr_.* left to give back, 701 asked"):
            do(shop, "refund", card=card, transaction_id=taken, amount=amount)
    assert shop.balance(card) == 1800 + amount * is_lawful


def test_in_parts_it_is_given_back_once(shop: House) -> None:
    card = shop.issue(2500)["id"]
    taken = redeemed(shop, card, 700)
    other = redeemed(shop, card, 700)

    do(shop, "refund", card=card, transaction_id=taken, amount=300)
    with pytest.raises(RefundExceedsRedemption):
        do(shop, "refund", card=card, transaction_id=taken, amount=401)
    rest = do(shop, "refund", card=card, transaction_id=taken)
    for amount in (None, 1):
        with pytest.raises(RefundExceedsRedemption):
            do(shop, "refund", card=card, transaction_id=taken, amount=amount)

    assert rest["transaction"]["amount"] == 400
    assert do(shop, "refund", card=card, transaction_id=other)["transaction"]["amount"] == 700
    assert shop.balance(card) == 2500
    shop.require_proof()


def test_a_capture_is_given_back_like_a_redemption(shop: House) -> None:
    card = shop.issue(2500)["id"]
    held = do(shop, "hold", card=card, amount=1000)["hold"]["id"]
    taken = do(shop, "capture", hold=held, amount=600)["transaction"]["id"]

    with pytest.raises(RefundExceedsRedemption):
        do(shop, "refund", card=card, transaction_id=taken, amount=601)
    do(shop, "refund", card=card, transaction_id=taken)

    assert shop.balance(card) == 2500
    shop.require_proof()


def test_only_a_redemption_or_capture_of_this_card_can_be_given_back(shop: House) -> None:
    """A refund of a refund is refused, and so is what is no redemption at all."""
    card, other = shop.issue(2500)["id"], shop.issue(2500)["id"]
    taken = redeemed(shop, card, 700)
    given = do(shop, "refund", card=card, transaction_id=taken, amount=1)["transaction"]["id"]
    issued = lines(shop, card)[0]["public_id"]
    loaded = do(shop, "load", card=card, amount=1)["transaction"]["id"]

    for name in (given, issued, loaded):
        with pytest.raises(ValidationFailed) as refused:
            do(shop, "refund", card=card, transaction_id=name)
        assert [one.field for one in refused.value.errors] == ["transaction_id"]
    for name in (redeemed(shop, other, 1), "tr_" + "0" * 26, "", "simulated", card, "tr_\x00", "\ud83d", "é"):
        with pytest.raises(NotFound):
            do(shop, "refund", card=card, transaction_id=name)
    assert shop.balance(card) == 1802


def test_another_accounts_card_and_redemption_are_not_there(shop: House) -> None:
    card = shop.issue(2500)["id"]
    taken = redeemed(shop, card, 700)

    with pytest.raises(NotFound):
        shop.gateway.perform(shop.other, BY_HAND, OPERATION, Refund(card=card, transaction_id=taken))


def test_a_card_is_named_by_its_code_too(shop: House) -> None:
    made = shop.issue(2500)
    taken = redeemed(shop, made["id"], 700)

    answer = do(shop, "refund", card=made["code"].lower(), transaction_id=taken)

    assert answer["gift_card"]["id"] == made["id"]


REFUSED: list[tuple[str, dict[str, Any], type[ConnectorError]]] = [
    ("nothing", {"amount": 0}, ValidationFailed),
    ("less than nothing", {"amount": -1}, ValidationFailed),
    ("beyond measure", {"amount": MAX_MINOR + 1}, ValidationFailed),
    ("another currency", {"amount": 1, "currency": "EUR"}, CurrencyMismatch),
]


@pytest.mark.parametrize(("fields", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_wrong_is_refused_and_moves_nothing(
    shop: House, fields: dict[str, Any], error: type[ConnectorError]
) -> None:
    card = shop.issue(2500)["id"]
    taken = redeemed(shop, card, 700)

    with pytest.raises(error):
        do(shop, "refund", card=card, transaction_id=taken, **fields)

    assert shop.balance(card) == 1800


@pytest.mark.parametrize("state", ["pending", "expired", "disabled", "removed"])
def test_it_goes_back_where_it_came_from_but_not_to_a_removed_card(shop: House, state: str) -> None:
    """Input row 108: what lands on an expired or disabled card stays there and cannot be spent."""
    card = shop.issue(2500)["id"]
    taken = redeemed(shop, card, 700)
    stop(shop, card, state)

    if state == "removed":
        with pytest.raises(CardDisabled):
            do(shop, "refund", card=card, transaction_id=taken)
    else:
        made = do(shop, "refund", card=card, transaction_id=taken)["gift_card"]
        assert (made["balance"], made["state"]) == (2500, state)
        with pytest.raises(ConnectorError):
            shop.redeem(card, 1)
    shop.require_proof()


def test_nothing_is_put_where_nobody_can_ever_spend_it(house: House) -> None:
    card = house.issue(2500)["id"]
    taken = redeemed(house, card, 700)
    do(house, "disable", card=card, permanent=True)

    with pytest.raises(CardDisabled, match="for good"):
        do(house, "refund", card=card, transaction_id=taken)

    assert house.balance(card) == 1800
    assert told(house, card)[-1] == "gift_card.disabled"
    house.require_proof()


def test_a_cap_keeps_nobodys_money_back(sqlite_url: str, tmp_path: Path) -> None:
    shop = open_house(tmp_path, sqlite_url, caps={"USD": Caps(per_card=2500, per_key=5000)})
    card = shop.issue(2500)["id"]
    taken = redeemed(shop, card, 700)
    do(shop, "load", card=card, amount=700)

    do(shop, "refund", card=card, transaction_id=taken)

    assert shop.balance(card) == 3200
    shop.gateway.close()


def test_many_at_once_give_back_no_more_than_was_taken(house: House) -> None:
    """The sum is that of the card as it is locked."""
    card = house.issue(2500)["id"]
    taken = redeemed(house, card, 700)
    outcomes: list[bool] = []

    def refund() -> None:
        try:
            do(house, "refund", card=card, transaction_id=taken, amount=100)
            outcomes.append(True)
        except RefundExceedsRedemption:
            outcomes.append(False)

    threads = [threading.Thread(target=refund) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [False] * 5 + [True] * 7
    assert house.balance(card) == 2500
    house.require_proof()


# What was redeemed in another currency


def test_it_comes_back_in_the_cards_currency_and_the_exchange_is_undone(exchange: House) -> None:
    card = exchange.issue(2500)["id"]
    before = sums(exchange)
    taken = redeemed(exchange, card, 1000, currency="EUR")

    first = do(exchange, "refund", card=card, transaction_id=taken, amount=333)
    part = sums(exchange)
    rest = do(exchange, "refund", card=card, transaction_id=taken)

    assert (first["transaction"]["currency"], first["transaction"]["amount"]) == ("USD", 333)
    assert first["transaction"]["rate"] == "EUR/USD 1.08695652174"
    assert part[("redeemed", "EUR")] == 1000 - 306, "333 of 1087 cents are 306.3 of 1000"
    assert rest["transaction"]["amount"] == 1087 - 333
    assert sums(exchange) == before, "as if it had never been"
    exchange.require_proof()


def test_a_part_that_is_worth_nothing_there_has_one_line(exchange: House) -> None:
    """100 cents for 156 yen, given back yen by yen: the exchange bears what is less than half a cent."""
    card = exchange.issue(100_000, currency="JPY")["id"]
    before = sums(exchange)
    taken = redeemed(exchange, card, 100, currency="USD")
    assert lines(exchange, card)[-1]["amount"] == 156

    for _ in range(156):
        do(exchange, "refund", card=card, transaction_id=taken, amount=1)

    made = [line for line in lines(exchange, card) if line["type"] == "refund"]
    halves = [one for one in exchange.rows("transfers", type="refund") if one["card_id"] is None]
    assert (len(made), sum(one["amount"] for one in halves)) == (156, 100)
    assert len([one for one in made if one["rate"] is None]) == 156 - len(halves) == 56
    assert sums(exchange) == before
    exchange.require_proof()


@given(st.integers(1, 10**12), st.integers(1, 10**12), st.lists(st.integers(1, 10**12), max_size=8))
@settings(max_examples=200, derandomize=True, database=None, deadline=None)
def test_the_parts_of_the_other_half_come_to_the_whole(whole: int, taken: int, parts: list[int]) -> None:
    given, found = 0, 0
    for part in (min(one, taken) for one in parts):
        part = min(part, taken - given)
        got = share(whole, taken, given, part)
        assert abs(Fraction(got) - Fraction(whole * part, taken)) <= 1
        assert got >= 0
        given, found = given + part, found + got
    assert found + share(whole, taken, given, taken - given) == whole
