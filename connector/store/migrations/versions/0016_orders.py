"""Orders, and which card each piece of them became; where accounts are sent their tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", _key(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=True),
        sa.Column("refunded_amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("refunded_amount >= 0", name=op.f("ck_orders_refunded")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_orders_account_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_orders_contact_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_orders_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("account_id", "source", "name", name=op.f("uq_orders_account_id_source_name")),
    )
    op.create_index("ix_orders_account_id_number", "orders", ["account_id", "number"], unique=False)
    op.create_index("ix_orders_account_id_id", "orders", ["account_id", "id"], unique=False)
    op.create_index("ix_orders_contact_id", "orders", ["contact_id"], unique=False)
    op.create_table(
        "order_entries",
        sa.Column("id", _key(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("line_number", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("code_sealed", sa.Text(), nullable=True),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("card_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_entries_order_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_order_entries_job_id")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_order_entries_card_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_entries")),
        sa.UniqueConstraint("order_id", "line", "place", name=op.f("uq_order_entries_order_id_line_place")),
        sa.UniqueConstraint("card_id", name=op.f("uq_order_entries_card_id")),
    )
    op.add_column("accounts", sa.Column("email", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_accounts_email", "accounts", ["email"], unique=False)
    op.create_table(
        "token_requests",
        sa.Column("id", _key(), nullable=False),
        sa.Column("address_sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_requests")),
    )
