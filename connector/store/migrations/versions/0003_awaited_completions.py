"""Bookings whose completion is derived from their end."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "awaited_completions",
        sa.Column("source_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("booking", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_awaited_completions_account_id")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_awaited_completions_event_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_awaited_completions_source_id")),
        sa.PrimaryKeyConstraint("source_id", "booking", name=op.f("pk_awaited_completions")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_awaited_completions_account_id_due_at",
        "awaited_completions",
        ["account_id", "due_at"],
        unique=False,
    )
