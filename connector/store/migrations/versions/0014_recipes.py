"""What people are found by is vouched for or not."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column(
        "identities", sa.Column("is_vouched", sa.Boolean(), nullable=False, server_default=sa.text("true"))
    )
