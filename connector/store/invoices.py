"""Which line of an invoice a transfer is about. The one rule: the last word counts, no transfer changes."""

from sqlalchemy import delete, insert, select

from ..domain.transfers import InvoiceLine
from .tables import invoice_lines, transfers
from .writer import Writing


def link(tx: Writing, account_id: int, transfer: str, found: InvoiceLine | None) -> None:
    """Say which line the account's transfer (its public id) is about; None: of none."""
    own = select(transfers.c.id).where(
        transfers.c.public_id == transfer, transfers.c.account_id == account_id
    )
    row = tx.execute(own if tx.is_alone else own.with_for_update(key_share=True)).scalar_one()
    tx.execute(delete(invoice_lines).where(invoice_lines.c.transfer_id == row))
    if found is not None:
        values = {"invoice": found.invoice, "line": found.line, "linked_at": tx.now}
        tx.execute(insert(invoice_lines).values(transfer_id=row, account_id=account_id, **values))
