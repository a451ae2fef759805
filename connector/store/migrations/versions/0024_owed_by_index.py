"""What is owed and what was issued by index alone: two indexes of cards have their kinds too."""

from alembic import op

revision = "0024"
down_revision = "0023"

_REST = [
    *("expires_at", "usable_at", "disabled_at", "removed_at"),
    *("initial_amount", "contact_id", "currency", "program", "source", "recipe", "kind"),
]


def upgrade() -> None:
    _again("balance_id", ["balance", "id", "created_at", *_REST])
    _again("created_at_id", ["created_at", "id", *_REST[:4], "balance", *_REST[4:]])


def _again(name: str, columns: list[str]) -> None:
    op.drop_index(f"ix_cards_account_id_{name}", table_name="cards")
    op.create_index(f"ix_cards_account_id_{name}", "cards", ["account_id", *columns], unique=False)
