"""Runs and events by when they were made: a list up to a moment far back begins there."""

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = ("events", "runs")


def upgrade() -> None:
    for table in TABLES:
        op.create_index(f"ix_{table}_account_id_created_at_id", table, ["account_id", "created_at", "id"])


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_index(f"ix_{table}_account_id_created_at_id", table_name=table)
