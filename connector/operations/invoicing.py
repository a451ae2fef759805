"""Which line of an invoice sold a card's value or was paid with it.

The one rule: it is said beside the ledger's line, which nothing changes; the last word counts.
"""

from dataclasses import replace
from typing import Final

from ..domain.card_numbers import mask
from ..domain.transfers import InvoiceLine, Transfer
from ..store import invoices
from .kit import Desk, wrong

MAX_NAME: Final = 100  # characters of a number that a program of invoices made


def require_line(invoice: str | None, line: str | None) -> InvoiceLine | None:
    """The line as somebody told it, None where they told none. ValidationFailed."""
    for name, value in (("invoice", invoice), ("invoice_line", line)):
        if value is not None and not 0 < len(value.strip()) <= MAX_NAME:
            raise wrong(name, f"has 1 to {MAX_NAME} characters")
    if invoice is None:
        if line is not None:
            raise wrong("invoice_line", "is of an invoice: tell that too")
        return None
    return InvoiceLine(mask(invoice.strip()), mask(None if line is None else line.strip()))


def link(desk: Desk, transfer: Transfer, line: InvoiceLine | None) -> Transfer:
    """The transfer, of this transaction, with the line that it is about."""
    if line is not None:
        invoices.link(desk.tx, desk.account.id, transfer.public_id, line)
    return replace(transfer, invoice=line)
