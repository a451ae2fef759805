"""Programs that a card may still choose between; invoices' lines beside the transfers that they are about."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("cards", sa.Column("programs", sa.Text(), nullable=True))
    op.create_table(
        "invoice_lines",
        sa.Column("transfer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("linked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_invoice_lines_account_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfers.id"], name=op.f("fk_invoice_lines_transfer_id")),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_invoice_lines")),
    )
    op.create_index(
        "ix_invoice_lines_account_id_invoice_line",
        "invoice_lines",
        ["account_id", "invoice", "line"],
        unique=False,
    )
