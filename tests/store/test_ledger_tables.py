"""What the ledger's tables refuse by themselves, whatever the code above forgets."""

from typing import Any

import pytest
from sqlalchemy import insert

from connector.domain.accounts import Account
from connector.domain.errors import Unavailable
from connector.store import ledger_tables, tables
from connector.store.writer import Writing
from tests.kit.clock import THE_MOMENT
from tests.store.making import AnyWriter

FUND: dict[str, Any] = {
    "public_id": "fund_1",
    "program": "",
    "currency": "USD",
    "balance": 0,
    "transfer_count": 0,
    "head_hash": "0",
    "created_at": THE_MOMENT,
    "updated_at": THE_MOMENT,
}
CAP: dict[str, Any] = {"subject": "key:1", "day": "2026-11-20", "currency": "USD", "amount": 5}


def put(writer: AnyWriter, account: Account, table: Any, row: dict[str, Any], **changed: Any) -> None:
    def work(tx: Writing) -> None:
        tx.execute(insert(table), {**row, "account_id": account.id, **changed})

    writer.run(work)


@pytest.mark.parametrize(
    ("table", "row", "changed"),
    [
        (ledger_tables.funds, FUND, {"balance": -1}),
        (ledger_tables.cap_sums, CAP, {"amount": -1}),
    ],
)
def test_a_sum_below_zero_is_refused(
    writer: AnyWriter, account: Account, table: Any, row: dict[str, Any], changed: dict[str, Any]
) -> None:
    put(writer, account, table, row)

    with pytest.raises(Unavailable):
        put(writer, account, table, row, **changed, **dict.fromkeys(("currency",), "other"))


def test_funds_are_there_once(writer: AnyWriter, account: Account) -> None:
    put(writer, account, ledger_tables.funds, FUND)

    with pytest.raises(Unavailable):
        put(writer, account, ledger_tables.funds, FUND, public_id="fund_2")


def test_every_table_of_the_ledger_is_among_all_tables() -> None:
    assert tables.cards is ledger_tables.cards
    assert {"holds", "jobs", "job_lines", "seals", "audit"} <= set(tables.metadata.tables)
