"""The end of a chosen code with its dash, as a dialect's clients are shown it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("dialect_cards", sa.Column("last_characters", sa.Text(), nullable=True))
