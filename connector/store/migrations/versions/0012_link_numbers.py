"""Which of a card's links lead to its page: those that were made under its number."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column(
        "cards", sa.Column("link_number", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
