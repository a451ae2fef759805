"""What is owed and what was issued by index alone: two indexes of cards have their kinds too."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_REST = [
    *("expires_at", "usable_at", "disabled_at", "removed_at"),
    *("initial_amount", "contact_id", "currency", "program", "source", "recipe", "kind"),
]


def upgrade() -> None:
    _again("balance_id", ["balance", "id", "created_at", *_REST])
    in_order = ["created_at", "id", *_REST[:4], "balance", *_REST[4:]]
    _again("created_at_id", in_order)
    # Of two indexes that serve alike SQLite takes the one that was made last: this, where it serves at all.
    _again("created_at_id_expired", in_order[:-1], rows=sa.text("expired_at IS NOT NULL"))


def _again(name: str, columns: list[str], rows: sa.TextClause | None = None) -> None:
    whole, name = ["account_id", *columns], f"ix_cards_account_id_{name}"
    op.drop_index(name, table_name="cards")
    op.create_index(name, "cards", whole, unique=False, sqlite_where=rows, postgresql_where=rows)
