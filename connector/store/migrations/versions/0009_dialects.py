"""What only a dialect says of a card; flakes in their order."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "dialect_cards",
        sa.Column("card_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("purchased_at", sa.BigInteger(), nullable=True),
        sa.Column("template_suffix", sa.Text(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("line_item_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_dialect_cards_card_id")),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_dialect_cards")),
    )
    op.create_index(
        "ix_aliases_account_id_kind_flake", "aliases", ["account_id", "kind", "flake"], unique=False
    )
