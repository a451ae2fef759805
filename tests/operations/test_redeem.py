"""Redeem: what a till may take, to the minor unit, and what it may not."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from connector.domain.errors import (
    CardDisabled,
    CardExpired,
    CardNotYetUsable,
    ConnectorError,
    CurrencyMismatch,
    InsufficientBalance,
    NotFound,
    ValidationFailed,
)
from connector.domain.money import MAX_MINOR, Money
from tests.kit.clock import THE_MOMENT
from tests.kit.house import House, open_house
from tests.operations.asking import RATES, hold, sums


def messages(shop: House) -> list[str]:
    with shop.gateway.parts.engines.reading() as connection:
        return list(connection.execute(text("SELECT type FROM messages ORDER BY id")).scalars())[1:]


def change(shop: House, card: str, assignment: str, **values: Any) -> None:
    statement = text(f"UPDATE cards SET {assignment} WHERE public_id = :card")
    shop.gateway.parts.writer.run(lambda tx: tx.execute(statement, {"card": card, **values}) and None)


def test_value_is_taken_and_told(house: House) -> None:
    card = house.issue(2500)["id"]

    answered = house.redeem(card, 700, reference="till 4")

    assert answered.status == 200
    assert answered.body["gift_card"]["balance"] == answered.body["gift_card"]["available"] == 1800
    transaction = answered.body["transaction"]
    assert (transaction["type"], transaction["amount"], transaction["balance_after"]) == (
        "redeem",
        -700,
        1800,
    )
    assert (transaction["reference"], transaction["origin"]) == ("till 4", {"key_id": "key_test"})
    assert house.balance(card) == 1800
    house.require_proof()


@pytest.mark.parametrize(("amount", "is_lawful"), [(2499, True), (2500, True), (2501, False)])
def test_the_last_minor_unit_can_be_spent_and_no_more(shop: House, amount: int, is_lawful: bool) -> None:
    card = shop.issue(2500)["id"]

    if is_lawful:
        shop.redeem(card, amount)
        assert shop.balance(card) == 2500 - amount
    else:
        with pytest.raises(InsufficientBalance, match=r"has 2500 USD available, 2501 asked"):
            shop.redeem(card, amount)
        assert shop.balance(card) == 2500
    shop.require_proof()


def test_the_last_of_it_is_told_twice(shop: House) -> None:
    card = shop.issue(2500)["id"]

    shop.redeem(card, 2400)
    assert messages(shop) == ["gift_card.redeemed"]
    shop.redeem(card, all=True)

    assert messages(shop) == ["gift_card.redeemed", "gift_card.redeemed", "gift_card.depleted"]
    assert shop.gateway.card(shop.account, card)["state"] == "depleted"


def test_all_is_what_is_not_held(shop: House) -> None:
    card = shop.issue(2500)["id"]
    hold(shop, card, 1000)

    taken = shop.redeem(card, all=True).body

    assert taken["transaction"]["amount"] == -1500
    assert (taken["gift_card"]["balance"], taken["gift_card"]["available"]) == (1000, 0)
    assert messages(shop)[1:] == ["gift_card.redeemed"], "what is held is still on it"
    shop.require_proof()


@pytest.mark.parametrize(("asked", "taken"), [(100, 100), (2500, 2500), (9999, 2500)])
def test_in_part_where_there_is_less_than_asked(shop: House, asked: int, taken: int) -> None:
    card = shop.issue(2500)["id"]

    assert shop.redeem(card, asked, partial=True).body["transaction"]["amount"] == -taken


def test_in_part_takes_nothing_of_what_is_held(shop: House) -> None:
    card = shop.issue(2500)["id"]
    hold(shop, card, 1000)

    assert shop.redeem(card, 2000, partial=True).body["transaction"]["amount"] == -1500
    shop.require_proof()


def test_a_trial_says_what_would_happen_and_does_nothing(shop: House) -> None:
    card = shop.issue(2500)["id"]
    before = shop.gateway.card(shop.account, card)

    trial = shop.redeem(card, 2500, simulate=True).body

    assert (trial["gift_card"]["balance"], trial["gift_card"]["state"]) == (0, "depleted")
    assert (trial["transaction"]["id"], trial["transaction"]["amount"]) == ("simulated", -2500)
    assert shop.gateway.card(shop.account, card) == before
    assert messages(shop) == []
    with pytest.raises(InsufficientBalance):
        shop.redeem(card, 2501, simulate=True)


REFUSED: list[tuple[str, dict[str, Any], type[ConnectorError]]] = [
    ("neither amount nor all", {}, ValidationFailed),
    ("both amount and all", {"amount": 1, "all": True}, ValidationFailed),
    ("nothing", {"amount": 0}, ValidationFailed),
    ("less than nothing", {"amount": -1}, ValidationFailed),
    ("a number beyond measure", {"amount": MAX_MINOR + 1}, ValidationFailed),
    ("a number no column holds", {"amount": 10**30}, ValidationFailed),
    ("another currency", {"amount": 1, "currency": "EUR"}, CurrencyMismatch),
    ("no currency", {"amount": 1, "currency": ""}, ValidationFailed),
    ("no currency of this world", {"amount": 1, "currency": "XXX"}, ValidationFailed),
    ("all, in another currency", {"all": True, "currency": "EUR"}, CurrencyMismatch),
    ("more than there is", {"amount": 2501}, InsufficientBalance),
]


@pytest.mark.parametrize(("fields", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_wrong_is_refused_and_moves_nothing(
    shop: House, fields: dict[str, Any], error: type[ConnectorError]
) -> None:
    card = shop.issue(2500)["id"]

    with pytest.raises(error):
        shop.redeem(card, **fields)

    assert shop.balance(card) == 2500
    assert messages(shop) == []
    shop.require_proof()


def test_nothing_can_be_taken_of_nothing(shop: House) -> None:
    card = shop.issue(2500)["id"]
    shop.redeem(card, all=True)

    for fields, asked in (({"all": True}, 0), ({"amount": 1}, 1), ({"amount": 1, "partial": True}, 1)):
        with pytest.raises(InsufficientBalance, match=f"0 USD available, {asked} asked"):
            shop.redeem(card, **fields)


def test_a_card_is_spent_only_within_its_life(shop: House) -> None:
    day = timedelta(days=1)
    card = shop.issue(2500, usable_at=THE_MOMENT + day, expires_at=THE_MOMENT + 2 * day)["id"]

    with pytest.raises(CardNotYetUsable):
        shop.redeem(card, 1)
    shop.clock.forward(day)
    shop.redeem(card, 1)
    shop.clock.forward(day - timedelta(microseconds=1))
    shop.redeem(card, 1)
    shop.clock.forward(timedelta(microseconds=1))
    with pytest.raises(CardExpired):
        shop.redeem(card, 1)

    assert shop.balance(card) == 2498


@pytest.mark.parametrize("column", ["disabled_at", "removed_at"])
def test_a_card_that_was_stopped_pays_nothing(shop: House, column: str) -> None:
    card = shop.issue(2500)["id"]
    change(shop, card, f"{column} = 1")

    with pytest.raises(CardDisabled):
        shop.redeem(card, 1)


def test_a_card_that_is_not_there_is_not_found(shop: House) -> None:
    with pytest.raises(NotFound):
        shop.redeem("gc_" + "0" * 26, 1)


# In another currency


@pytest.fixture
def exchange(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A house with rates, on both databases."""
    built = open_house(tmp_path, database_url, rates=RATES)
    yield built
    built.gateway.close()


@pytest.fixture
def bureau(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    """A shop with rates."""
    built = open_house(tmp_path, sqlite_url, rates=RATES)
    yield built
    built.gateway.close()


def test_a_till_in_another_currency_gets_it_by_the_rate(exchange: House) -> None:
    """S004-32, S004-33."""
    card = exchange.issue(2500)["id"]

    answer = exchange.redeem(card, 1000, currency="EUR", reference="till 4").body

    transaction = answer["transaction"]
    assert (transaction["amount"], transaction["currency"]) == (-1087, "USD")
    assert transaction["rate"] == "EUR/USD 1.08695652174"
    assert answer["converted"] == {"amount": 1000, "currency": "EUR", "rate": "EUR/USD 1.08695652174"}
    assert answer["gift_card"]["balance"] == exchange.balance(card) == 1413
    assert sums(exchange) == {
        ("cards", "USD"): 1413,
        ("promo:api", "USD"): -2500,
        ("fx", "USD"): 1087,
        ("fx", "EUR"): -1000,
        ("redeemed", "EUR"): 1000,
    }
    exchange.require_proof()


def test_both_halves_name_each_other_and_say_the_same(bureau: House) -> None:
    card = bureau.issue(2500)["id"]

    bureau.redeem(card, 1000, currency="EUR", reference="till 4")

    first, second = bureau.rows("transfers", type="redeem")
    assert (first["related"], second["related"]) == (second["public_id"], first["public_id"])
    assert (second["card_id"], second["previous_hash"]) == (None, first["hash"])
    for name in ("reference", "rate", "origin", "type"):
        assert first[name] == second[name]


def test_its_message_says_what_it_came_to(bureau: House) -> None:
    card = bureau.issue(2500)["id"]

    bureau.redeem(card, 1000, currency="EUR")

    [message] = bureau.rows("messages", type="gift_card.redeemed")
    assert json.loads(message["body"])["data"]["converted"]["amount"] == 1000


@pytest.mark.parametrize(
    ("own", "amount", "currency", "taken"),
    [
        ("USD", 1000, "EUR", 1087),
        ("EUR", 1000, "USD", 920),
        ("USD", 1000, "JPY", 643),  # 6.430868 dollars
        ("JPY", 1000, "USD", 1555),
        ("KWD", 1000, "USD", 3070),
        ("USD", 1000, "KWD", 326),
        ("JPY", 1, "KWD", 1),  # half a yen and a bit
        ("EUR", 1000, "JPY", 592),
    ],
)
def test_each_currency_has_its_own_decimals(
    bureau: House, own: str, amount: int, currency: str, taken: int
) -> None:
    card = bureau.issue(100_000, currency=own)["id"]

    assert bureau.redeem(card, amount, currency=currency).body["transaction"]["amount"] == -taken
    bureau.require_proof()


@pytest.mark.parametrize(("rest", "is_lawful"), [(1086, False), (1087, True), (1088, True)])
def test_the_card_must_have_what_it_costs(bureau: House, rest: int, is_lawful: bool) -> None:
    card = bureau.issue(rest)["id"]

    if is_lawful:
        bureau.redeem(card, 1000, currency="EUR")
        assert bureau.balance(card) == rest - 1087
    else:
        with pytest.raises(InsufficientBalance, match=r"has 1086 USD available, 1087 \(10\.00 EUR\) asked"):
            bureau.redeem(card, 1000, currency="EUR")
        assert bureau.balance(card) == rest


def test_all_of_it_in_another_currency_is_what_it_comes_to(bureau: House) -> None:
    card = bureau.issue(2500)["id"]

    answer = bureau.redeem(card, all=True, currency="EUR").body

    assert answer["transaction"]["amount"] == -2500
    assert answer["converted"] == {"amount": 2300, "currency": "EUR", "rate": "USD/EUR 0.92"}
    assert messages(bureau) == ["gift_card.redeemed", "gift_card.depleted"]
    bureau.require_proof()


@pytest.mark.parametrize(
    ("asked", "taken", "got"), [(1000, 1087, 1000), (2300, 2500, 2300), (9999, 2500, 2300)]
)
def test_in_part_it_takes_what_is_there_and_says_what_that_is(
    bureau: House, asked: int, taken: int, got: int
) -> None:
    card = bureau.issue(2500)["id"]

    answer = bureau.redeem(card, asked, partial=True, currency="EUR").body

    assert (answer["transaction"]["amount"], answer["converted"]["amount"]) == (-taken, got)
    bureau.require_proof()


@given(
    st.sampled_from(["USD", "EUR", "JPY", "KWD"]),
    st.sampled_from(["USD", "EUR", "JPY", "KWD"]),
    st.integers(1, 10**7),
    st.integers(0, 10**7),
)
@settings(max_examples=300, derandomize=True, database=None, deadline=None)
def test_in_part_nobody_gets_more_than_was_asked(own: str, other: str, asked: int, there: int) -> None:
    """What is less than the price never comes to more than the sum that had the price."""
    price = RATES.convert(Money(asked, other), own).money
    if there < price.minor:
        assert RATES.convert(Money(there, own), other).money.minor <= asked


def test_a_sum_too_small_for_the_card_is_refused_and_costs_nothing(bureau: House) -> None:
    """T28: no rounding gives value away."""
    card = bureau.issue(2500)["id"]

    for fields in ({}, {"partial": True}):
        with pytest.raises(ValidationFailed, match=r"0\.001 KWD comes to nothing in USD"):
            bureau.redeem(card, 1, currency="KWD", **fields)
    assert bureau.balance(card) == 2500


def test_a_rest_too_small_for_the_other_currency_is_not_taken(bureau: House) -> None:
    card = bureau.issue(1, currency="KWD")["id"]

    for fields in ({"all": True}, {"amount": 500, "partial": True}):
        with pytest.raises(InsufficientBalance):
            bureau.redeem(card, currency="USD", **fields)
    assert bureau.balance(card) == 1
    bureau.require_proof()


def test_a_sum_beyond_measure_in_the_cards_currency_is_refused(bureau: House) -> None:
    card = bureau.issue(2500, currency="JPY")["id"]

    with pytest.raises(ValidationFailed):
        bureau.redeem(card, MAX_MINOR, currency="USD")


def test_a_trial_in_another_currency_does_nothing(bureau: House) -> None:
    card = bureau.issue(2500)["id"]

    trial = bureau.redeem(card, 1000, currency="EUR", simulate=True).body

    assert (trial["transaction"]["id"], trial["transaction"]["amount"]) == ("simulated", -1087)
    assert trial["transaction"]["rate"] == trial["converted"]["rate"] == "EUR/USD 1.08695652174"
    assert (bureau.balance(card), messages(bureau)) == (2500, [])
    assert bureau.rows("transfers", type="redeem") == []


def test_a_currency_without_a_rate_is_a_mismatch(bureau: House) -> None:
    card = bureau.issue(2500)["id"]

    for fields in ({"amount": 100}, {"all": True}):
        with pytest.raises(CurrencyMismatch, match="no exchange rate for GBP"):
            bureau.redeem(card, currency="GBP", **fields)
    pounds = bureau.issue(2500, currency="GBP")["id"]
    with pytest.raises(CurrencyMismatch):
        bureau.redeem(pounds, 100, currency="USD")
    assert (bureau.balance(card), bureau.balance(pounds)) == (2500, 2500)


def test_what_is_held_is_not_exchanged(bureau: House) -> None:
    card = bureau.issue(2500)["id"]
    hold(bureau, card, 2000)

    with pytest.raises(InsufficientBalance):
        bureau.redeem(card, 1000, currency="EUR")
    assert bureau.redeem(card, all=True, currency="EUR").body["converted"]["amount"] == 460
    bureau.require_proof()
