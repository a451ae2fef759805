"""Prepaid funds while others draw on them: one fund, one chain, never below zero."""

from typing import Any

import pytest

from connector.domain.errors import BadRequest, CapReached, ConnectorError, InsufficientFunds, NotFound
from connector.domain.jsontext import read_own
from connector.domain.money import MAX_MINOR
from connector.flows import funds
from tests.kit.catalogue import a_fund, left_in
from tests.kit.crowd import at_once
from tests.kit.house import BY_HAND, House


def deposit(house: House, amount: int, **told: Any) -> Any:
    return funds.deposit(house.gateway.parts, house.account, BY_HAND, {"amount": amount, **told}).body


def withdraw(house: House, fund: str, amount: int) -> Any:
    return funds.withdraw(house.gateway.parts, house.account, BY_HAND, fund, {"amount": amount}).body


def test_many_first_deposits_make_one_fund_with_all_of_them(house: House) -> None:
    ended = at_once([lambda: deposit(house, 100)] * 8)

    assert [one.error for one in ended] == [None] * 8
    [fund] = house.rows("funds")
    assert (fund["balance"], fund["transfer_count"]) == (800, 8)
    assert sorted(one.value["transaction"]["balance_after"] for one in ended) == list(range(100, 900, 100))
    house.require_proof()


def test_deposits_withdrawals_and_issues_at_once_end_in_their_sum(house: House) -> None:
    fund = a_fund(house, 1_000)

    ended = at_once(
        [
            *[lambda: deposit(house, 50)] * 6,
            *[lambda: withdraw(house, fund.public_id, 70)] * 6,
            *[lambda: house.issue(90)] * 12,
        ]
    )

    errors = [one.error for one in ended if one.error is not None]
    assert all(isinstance(one, InsufficientFunds) for one in errors), errors
    paid_in = 1_000 + 50 * sum(one.error is None for one in ended[:6])
    taken_out = 70 * sum(one.error is None for one in ended[6:12])
    assert left_in(house, fund) == paid_in - taken_out - sum(card["balance"] for card in house.cards())
    house.require_proof()


def test_funds_that_a_new_threshold_finds_low_are_told_at_once_and_once(house: House) -> None:
    """Nobody crosses it any more, so nobody would ever be warned."""
    fund = deposit(house, 1_000, threshold=2_000)["funding"]["id"]
    house.issue(100)
    parts, account = house.gateway.parts, house.account
    for threshold in (
        900,
        901,
        3_000,
        None,
        800,
    ):  # 900 are left: not low, low, still low, unwatched, not low
        funds.watch(parts, account, BY_HAND, fund, {"threshold": threshold})
    deposit(house, 50)

    told = [
        read_own(bytes(row["body"]).decode())["data"]["funding"]
        for row in house.rows("messages", type="funding.low")
    ]
    assert [(one["balance"], one["threshold"]) for one in told] == [(1_000, 2_000), (900, 901)]


def test_no_funds_hold_more_than_any_sum_may(house: House) -> None:
    deposit(house, MAX_MINOR)

    with pytest.raises(CapReached):
        deposit(house, 1)

    assert house.rows("funds")[0]["balance"] == MAX_MINOR


@pytest.mark.parametrize("told", [{"amount": None}, {"amount": 0}, {"amount": MAX_MINOR + 1}, {}])
def test_nothing_is_no_deposit(house: House, told: dict[str, Any]) -> None:
    with pytest.raises(ConnectorError) as refused:
        funds.deposit(house.gateway.parts, house.account, BY_HAND, told)

    assert refused.value.status == 422
    assert house.rows("funds") == house.rows("audit") == []


def test_a_refused_withdrawal_leaves_no_trace(house: House) -> None:
    fund = deposit(house, 100)["funding"]["id"]
    before = house.everything()

    with pytest.raises(InsufficientFunds):
        withdraw(house, fund, 101)
    for other in ("fund_" + "0" * 26, "", "\x00"):
        with pytest.raises(NotFound):
            withdraw(house, other, 1)

    assert house.everything() == before


def test_what_no_database_can_be_asked_for_is_not_there(house: House) -> None:
    deposit(house, 100)

    assert funds.every(house.gateway.parts, house.account, {"program": "\x00"}).data == []
    with pytest.raises(NotFound):
        deposit(house, 100, program="\ud83d")


def test_a_cursor_belongs_to_the_filters_that_it_was_made_with(house: House) -> None:
    for currency in ("USD", "EUR", "JPY"):
        deposit(house, 100, currency=currency)
    parts = house.gateway.parts
    cursor = funds.every(parts, house.account, {"limit": 1}).next_cursor

    assert [one["currency"] for one in funds.every(parts, house.account, {"cursor": cursor}).data] == [
        "EUR",
        "JPY",
    ]
    with pytest.raises(BadRequest, match="another list"):
        funds.every(parts, house.account, {"currency": "JPY", "cursor": cursor})
