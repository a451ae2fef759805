"""What the tables of orders refuse by themselves, whatever the code above forgets."""

from typing import Any

import pytest
from sqlalchemy import insert

from connector.domain.accounts import Account
from connector.domain.errors import Unavailable
from connector.store import order_tables, tables
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.store.making import AnyWriter

ORDER: dict[str, Any] = {
    "id": 1,
    "source": "shop",
    "name": "7",
    "currency": "USD",
    "refunded_amount": 0,
    "created_at": THE_MOMENT,
}
ENTRY: dict[str, Any] = {"order_id": 1, "line": "a", "place": 0, "currency": "USD"}


def put(writer: AnyWriter, account: Account, order: dict[str, Any], *entries: dict[str, Any]) -> None:
    def work(tx: Writing) -> None:
        tx.execute(insert(order_tables.orders), {**ORDER, "account_id": account.id, **order})
        for entry in entries:
            tx.execute(insert(order_tables.order_entries), {**ENTRY, **entry})

    writer.run(work)


@pytest.mark.parametrize(
    "order",
    [{"id": 2}, {"id": 2, "name": "8", "refunded_amount": -1}],
    ids=["an order twice", "less than nothing given back"],
)
def test_an_order_is_there_once(writer: AnyWriter, account: Account, order: dict[str, Any]) -> None:
    put(writer, account, {})

    with pytest.raises(Unavailable):
        put(writer, account, order)


def test_a_piece_is_there_once(writer: AnyWriter, account: Account, other: Account) -> None:
    with pytest.raises(Unavailable):
        put(writer, account, {}, {}, {})

    put(writer, account, {}, {}, {"place": 1}, {"line": "b"})
    put(writer, other, {"id": 2})


def test_the_tables_are_among_all_tables() -> None:
    assert tables.metadata.tables["orders"] is order_tables.orders
    assert tables.metadata.tables["order_entries"] is order_tables.order_entries
