"""Rows of invoices' lines."""

from functools import partial

from connector.domain.transfers import InvoiceLine
from connector.store import invoices
from tests.kit.house import House


def test_a_transfer_is_on_one_line_at_most(house: House) -> None:
    house.issue(100)
    [line] = house.rows("transfers")

    for said in (InvoiceLine("INV-1", "1"), InvoiceLine("INV-1", "2"), None, InvoiceLine("INV-2")):
        deed = partial(invoices.link, account_id=house.account.id, transfer=line["public_id"], found=said)
        house.gateway.parts.writer.run(deed)
        kept = [(row["invoice"], row["line"]) for row in house.rows("invoice_lines")]
        assert kept == ([] if said is None else [(said.invoice, said.line)])
