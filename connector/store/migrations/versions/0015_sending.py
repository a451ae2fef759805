"""What is on its way has an index of its own: how many attempts an endpoint has is asked at every claim."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

SENDING = sa.text("state = 'sending'")


def upgrade() -> None:
    op.create_index(
        "ix_webhook_deliveries_endpoint_id_sending",
        "webhook_deliveries",
        ["endpoint_id", "lease_until"],
        unique=False,
        sqlite_where=SENDING,
        postgresql_where=SENDING,
    )
