"""What retention still has to empty; and when the owner of an endpoint that only fails was last warned."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

LOOKS = (
    ("inbound_deliveries", "received_at", "length(body) > 0 AND due_at IS NULL"),
    ("runs", "created_at", "trace <> '[]' AND outcome NOT IN ('waiting', 'held')"),
    ("notifications", "ended_at", "to_sealed IS NOT NULL AND ended_at IS NOT NULL"),
)


def upgrade() -> None:
    op.add_column("endpoints", sa.Column("warned_at", sa.BigInteger(), nullable=True))
    for table, column, condition in LOOKS:
        where = sa.text(condition)
        name = f"ix_{table}_{column}"
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
