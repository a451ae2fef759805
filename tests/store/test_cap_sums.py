"""A day's sum grows only within its cap, whoever else adds to it at the same moment."""

import pytest

from connector.domain.accounts import Account
from connector.domain.errors import NotFound
from connector.store import cap_sums
from connector.store.engine import Engines
from connector.store.writer import Writing
from tests.kit.crowd import at_once
from tests.store.making import AnyWriter

DAY = "2026-11-20"


def add(
    writer: AnyWriter, account: Account, amount: int, *, cap: int, subject: str = "key:k", day: str = DAY
) -> bool:
    return writer.run(lambda tx: cap_sums.add(tx, account.id, subject, day, "USD", amount, cap=cap))


def total(engines: Engines, account: Account, subject: str = "key:k") -> int:
    with engines.reading() as connection:
        return cap_sums.of(connection, account.id, subject, DAY, "USD")


def test_a_sum_reaches_its_cap_and_never_passes_it(
    writer: AnyWriter, engines: Engines, account: Account
) -> None:
    assert total(engines, account) == 0
    assert add(writer, account, 60, cap=100)
    assert not add(writer, account, 41, cap=100)
    assert add(writer, account, 40, cap=100)
    assert not add(writer, account, 1, cap=100)
    assert total(engines, account) == 100


def test_the_first_may_already_be_too_much(writer: AnyWriter, engines: Engines, account: Account) -> None:
    assert not add(writer, account, 101, cap=100)
    assert total(engines, account) == 0


def test_each_account_subject_and_day_has_a_sum_of_its_own(
    writer: AnyWriter, engines: Engines, account: Account, other: Account
) -> None:
    assert add(writer, account, 100, cap=100)

    assert add(writer, other, 100, cap=100)
    assert add(writer, account, 100, cap=100, subject="recipe:k")
    assert add(writer, account, 100, cap=100, day="2026-11-21")
    assert total(engines, account) == 100


def test_what_is_undone_was_never_counted(writer: AnyWriter, engines: Engines, account: Account) -> None:
    add(writer, account, 10, cap=100)

    def work(tx: Writing) -> None:
        with pytest.raises(NotFound), tx.savepoint():
            cap_sums.add(tx, account.id, "key:k", DAY, "USD", 80, cap=100)
            raise NotFound
        assert cap_sums.of(tx, account.id, "key:k", DAY, "USD") == 10

    writer.run(work)

    assert total(engines, account) == 10


def test_a_crowd_adds_no_more_than_the_cap(writer: AnyWriter, engines: Engines, account: Account) -> None:
    ended = at_once([lambda: add(writer, account, 10, cap=100)] * 24)

    assert sum(one.value for one in ended) == 10
    assert total(engines, account) == 100
