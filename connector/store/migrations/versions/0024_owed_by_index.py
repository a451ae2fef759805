"""What is owed by index alone: the index of balances has the cards' kinds too."""

from alembic import op

revision = "0024"
down_revision = "0023"

_NAME = "ix_cards_account_id_balance_id"
_COLUMNS = [
    *("account_id", "balance", "id", "created_at", "expires_at", "usable_at", "disabled_at", "removed_at"),
    *("initial_amount", "contact_id", "currency", "program", "source", "recipe"),
]


def upgrade() -> None:
    op.drop_index(_NAME, table_name="cards")
    op.create_index(_NAME, "cards", [*_COLUMNS, "kind"], unique=False)
