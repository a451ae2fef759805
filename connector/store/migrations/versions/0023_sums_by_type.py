"""The sums of reports by index alone: the index of lines by type has their amounts too."""

from alembic import op

revision = "0023"
down_revision = "0022"

_NAME = "ix_transfers_account_id_type_created_at_id"
_COLUMNS = ["account_id", "type", "created_at", "id", "currency", "card_id"]


def upgrade() -> None:
    op.drop_index(_NAME, table_name="transfers")
    op.create_index(_NAME, "transfers", [*_COLUMNS, "amount"], unique=False)
