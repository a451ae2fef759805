"""Cards whose expiry was done, by when: lists by state find those that a clock ahead of theirs has ended."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_THERE = sa.text("expired_at IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_cards_account_id_expired_at",
        "cards",
        ["account_id", "expired_at"],
        sqlite_where=_THERE,
        postgresql_where=_THERE,
    )
