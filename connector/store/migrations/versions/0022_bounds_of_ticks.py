"""Up to which row each tick of a schedule goes, so that what it makes itself has no turn in it."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("schedule_ticks", sa.Column("upto_id", sa.BigInteger(), server_default="0", nullable=False))
