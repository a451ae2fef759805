"""What the table of invoices' lines refuses by itself."""

import pytest
from sqlalchemy import insert

from connector.domain.errors import Unavailable
from connector.store import tables
from connector.store.writer import Writing
from tests.kit.house import House


@pytest.mark.parametrize("transfer", [1, 2], ids=["a transfer that has one", "no transfer"])
def test_a_line_is_of_one_transfer_that_there_is(house: House, transfer: int) -> None:
    house.issue(100, invoice="INV-1")
    values = {"account_id": house.account.id, "invoice": "INV-2", "linked_at": house.clock.now()}
    [there] = house.rows("transfers")

    def work(tx: Writing) -> None:
        row = there["id"] if transfer == 1 else there["id"] + 99
        tx.execute(insert(tables.invoice_lines).values(transfer_id=row, **values))

    with pytest.raises(Unavailable):
        house.gateway.parts.writer.run(work)
