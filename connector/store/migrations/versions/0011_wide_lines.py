"""The indexes of the ledger's lines know what else is asked of them, as those of cards do since 0006."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    _widen("created_at_id", "created_at", "id")
    _widen("type_created_at_id", "type", "created_at", "id")
    _widen("reason_created_at_id", "reason", "created_at", "id", "type", rows="reason IS NOT NULL")


def _widen(name: str, *columns: str, rows: str | None = None) -> None:
    where = None if rows is None else sa.text(rows)
    whole = ["account_id", *columns, "currency", "card_id"]
    op.drop_index(f"ix_transfers_account_id_{name}", "transfers")
    op.create_index(
        f"ix_transfers_account_id_{name}", "transfers", whole, sqlite_where=where, postgresql_where=where
    )
