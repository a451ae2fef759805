"""The table of invoices' lines that cards were sold or redeemed on."""

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from .columns import Moment, metadata, ref

# Beside a line of the ledger, never in it: what an invoice says can be told later, and mended.
invoice_lines: Final = Table(
    "invoice_lines",
    metadata,
    Column("transfer_id", BigInteger, ForeignKey("transfers.id"), primary_key=True, autoincrement=False),
    ref("account_id", "accounts"),
    Column("invoice", Text, nullable=False),
    Column("line", Text),
    Column("linked_at", Moment, nullable=False),
    Index("ix_invoice_lines_account_id_invoice_line", "account_id", "invoice", "line"),
)
