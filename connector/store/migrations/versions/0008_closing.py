"""Backlogs that are ended in batches, an index of what waits behind others, and who told a message."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

BLOCKED = sa.text("state = 'blocked'")
CLOSING = sa.text("closing_to IS NOT NULL")
UNSUBSCRIBING = sa.text("unsubscribe_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("messages", sa.Column("sent_by", sa.Text(), nullable=True))
    op.add_column("endpoints", sa.Column("closing", sa.Text(), nullable=True))
    op.add_column("endpoints", sa.Column("closing_to", sa.BigInteger(), nullable=True))
    op.add_column("endpoints", sa.Column("unsubscribe_at", sa.BigInteger(), nullable=True))
    op.add_column("endpoints", sa.Column("unsubscribe_tries", sa.Integer(), nullable=True))
    for name, table, columns, where in (
        ("ix_endpoints_closing_to", "endpoints", ["closing_to"], CLOSING),
        ("ix_endpoints_unsubscribe_at", "endpoints", ["unsubscribe_at"], UNSUBSCRIBING),
        ("ix_webhook_deliveries_endpoint_id_blocked", "webhook_deliveries", ["endpoint_id", "id"], BLOCKED),
    ):
        op.create_index(name, table, columns, unique=False, sqlite_where=where, postgresql_where=where)
