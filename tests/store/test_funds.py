"""Prepaid funds are drawn on under a guard, and are never below zero."""

from functools import partial

import pytest

from connector.domain.accounts import Account
from connector.domain.funds import Fund
from connector.store import funds
from connector.store.engine import Engines
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.kit.crowd import at_once
from tests.store.making import AnyWriter


def make(writer: AnyWriter, account: Account, program: str = "", balance: int = 0) -> Fund:
    def work(tx: Writing) -> Fund:
        made = funds.make(tx, account.id, program, "USD", None)
        assert made is not None
        if balance:
            assert funds.move(tx, made, balance, "h1", THE_MOMENT)
        return funds.lock(tx, made)

    return writer.run(work)


def test_there_are_funds_once_for_a_program_and_currency(
    writer: AnyWriter, engines: Engines, account: Account
) -> None:
    made = make(writer, account)

    assert writer.run(lambda tx: funds.make(tx, account.id, "", "USD", 5)) is None
    with engines.reading() as connection:
        assert funds.find(connection, account.id, "", "USD") == made
        assert funds.find(connection, account.id, "", "EUR") is None
        assert funds.find(connection, account.id, "birthday", "USD") is None


@pytest.mark.parametrize(("asked", "is_drawn"), [(999, True), (1000, True), (1001, False)])
def test_what_is_not_there_is_not_drawn(
    writer: AnyWriter, account: Account, asked: int, is_drawn: bool
) -> None:
    fund = make(writer, account, balance=1000)

    assert writer.run(lambda tx: funds.draw(tx, fund, asked)) is is_drawn
    assert writer.run(lambda tx: funds.lock(tx, fund)).balance == (1000 - asked if is_drawn else 1000)


def test_a_deposit_that_was_read_before_another_moves_nothing(writer: AnyWriter, account: Account) -> None:
    fund = make(writer, account)

    assert writer.run(lambda tx: funds.move(tx, fund, 500, "h1", THE_MOMENT))
    assert not writer.run(lambda tx: funds.move(tx, fund, 500, "h1", THE_MOMENT))
    moved = writer.run(lambda tx: funds.lock(tx, fund))
    assert (moved.balance, moved.transfer_count, moved.head_hash) == (500, 1, "h1")


def test_many_who_draw_at_once_get_what_is_there_and_no_more(writer: AnyWriter, account: Account) -> None:
    fund = make(writer, account, balance=1000)

    drawn = at_once([lambda: writer.run(lambda tx: funds.draw(tx, fund, 300)) for _ in range(16)])

    assert [one.value for one in drawn].count(True) == 3
    assert writer.run(lambda tx: funds.lock(tx, fund)).balance == 100


def test_funds_are_found_by_their_id_in_their_own_account(
    writer: AnyWriter, engines: Engines, account: Account, other: Account
) -> None:
    made = make(writer, account)

    with engines.reading() as connection:
        assert funds.by_id(connection, account.id, made.public_id) == made
        assert funds.by_id(connection, other.id, made.public_id) is None
        for strange in ("", "fund_\x00", "\ud83d"):
            assert funds.by_id(connection, account.id, strange) is None


def test_a_page_of_funds_is_in_the_order_of_their_making(
    writer: AnyWriter, engines: Engines, account: Account
) -> None:
    first, second, third = (make(writer, account, program) for program in ("", "spa", "tea"))

    with engines.reading() as connection:
        assert funds.page(connection, account.id, filters={}, after=0, limit=2) == [first, second]
        assert funds.page(connection, account.id, filters={}, after=second.id, limit=2) == [third]
        assert funds.page(connection, account.id, filters={"program": "spa"}, after=0, limit=9) == [second]
        assert funds.page(connection, account.id, filters={"program": "\x00"}, after=0, limit=9) == []


def test_a_threshold_is_set_and_taken_away(writer: AnyWriter, account: Account) -> None:
    fund = make(writer, account, balance=1000)

    for threshold in (700, None):
        told = writer.run(partial(funds.set_threshold, fund=fund, threshold=threshold))
        assert told == writer.run(lambda tx: funds.lock(tx, fund))
        assert told.threshold == threshold
