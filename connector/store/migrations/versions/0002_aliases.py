"""The other names that the published dialects know things by."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "aliases",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("flake", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('card', 'contact', 'transfer', 'actor')", name=op.f("ck_aliases_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_aliases_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aliases")),
        sa.UniqueConstraint("account_id", "kind", "number", name=op.f("uq_aliases_account_id_kind_number")),
        sa.UniqueConstraint("account_id", "kind", "subject", name=op.f("uq_aliases_account_id_kind_subject")),
        sa.UniqueConstraint("flake", name=op.f("uq_aliases_flake")),
        sa.UniqueConstraint("uuid", name=op.f("uq_aliases_uuid")),
    )
    op.create_table(
        "alias_counters",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "kind", name=op.f("pk_alias_counters")),
        sqlite_with_rowid=False,
    )
