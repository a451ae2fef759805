"""Endpoints whose backlog is being ended in batches; what waits behind an earlier delivery has an index."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

BLOCKED = sa.text("state = 'blocked'")
CLOSING = sa.text("closing_to IS NOT NULL")


def upgrade() -> None:
    op.add_column("endpoints", sa.Column("closing", sa.Text(), nullable=True))
    op.add_column("endpoints", sa.Column("closing_to", sa.BigInteger(), nullable=True))
    for name, table, columns, where in (
        ("ix_endpoints_closing_to", "endpoints", ["closing_to"], CLOSING),
        ("ix_webhook_deliveries_endpoint_id_blocked", "webhook_deliveries", ["endpoint_id", "id"], BLOCKED),
    ):
        op.create_index(name, table, columns, unique=False, sqlite_where=where, postgresql_where=where)
