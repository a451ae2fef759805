"""Up to which row each tick of a schedule goes, so that what it makes itself has no turn in it."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("schedule_ticks", sa.Column("upto_id", sa.BigInteger(), server_default="0", nullable=False))
    # A tick that is under way goes over whoever is there by now.
    op.execute(
        "UPDATE schedule_ticks SET upto_id = (SELECT max(newest) FROM ("
        "SELECT coalesce(max(id), 0) AS newest FROM cards UNION ALL SELECT coalesce(max(id), 0) FROM contacts"
        ") AS rows_there) WHERE cursor_id IS NOT NULL"
    )
