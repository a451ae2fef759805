"""What is due is taken oldest first, and one account that has much of it keeps no other waiting."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select

from connector.store import shares

WORK = Table("work", MetaData(), Column("id", Integer, primary_key=True), Column("account", Integer))


def taken(accounts: Sequence[int], limit: int) -> list[int]:
    """The accounts of what is taken, where these have something due, the oldest first."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        WORK.metadata.create_all(connection)
        if accounts:
            connection.execute(insert(WORK), [{"account": account} for account in accounts])
        due = select(WORK.c.id, WORK.c.account).order_by(WORK.c.id)
        found = shares.oldest(connection, due, WORK.c.account, limit)
    engine.dispose()
    assert len(set(found)) == len(found) <= limit
    return [accounts[one - 1] for one in sorted(found)]


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        ([], []),
        ([1, 1, 2], [1, 1, 2]),
        ([1] * 9, [1] * 4),
        ([1] * 9 + [2], [1, 1, 1, 2]),
        ([1] * 9 + [2] * 9, [1, 1, 2, 2]),
        ([1] * 9 + [2] * 9 + [3], [1, 1, 2, 3]),
        ([1] * 9 + [2] * 9 + [3] * 9, [1, 1, 2, 3]),
        ([1, 2, 1, 2, 1, 2, 3], [1, 2, 1, 3]),
    ],
)
def test_half_of_the_room_is_for_others_where_one_account_has_too_much(
    accounts: Sequence[int], expected: list[int]
) -> None:
    """F15, F21."""
    assert taken(accounts, 4) == expected


def test_room_for_one_goes_to_the_oldest() -> None:
    assert taken([1, 1, 2], 1) == [1]
