"""Notifications to people; how a business looks in them; when a card was last looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

OPEN = "state IN ('pending', 'sending', 'retrying')"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("brand", sa.Text(), server_default="{}", nullable=False))
    op.add_column("cards", sa.Column("opened_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("to_sealed", sa.Text(), nullable=True),
        sa.Column("written_sealed", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("via IN ('email', 'sms')", name=op.f("ck_notifications_via")),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'retrying', 'sent', 'failed', 'cancelled', 'simulated')",
            name=op.f("ck_notifications_state"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_notifications_account_id")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_notifications_card_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_notifications_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("public_id", name=op.f("uq_notifications_public_id")),
    )
    op.create_index("ix_notifications_account_id_id", "notifications", ["account_id", "id"], unique=False)
    op.create_index("ix_notifications_card_id", "notifications", ["card_id"], unique=False)
    op.create_index("ix_notifications_contact_id", "notifications", ["contact_id"], unique=False)
    op.create_index(
        "ix_notifications_via_due_at",
        "notifications",
        ["via", "due_at"],
        unique=False,
        sqlite_where=sa.text(OPEN),
        postgresql_where=sa.text(OPEN),
    )
