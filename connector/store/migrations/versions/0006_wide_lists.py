"""The indexes of card lists know all that can be asked of a card.

A page whose filters few of the newest cards fit was read row by row; now the entries of one
index are looked at, and only the rows that are shown are fetched.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ASKED = (
    *("expires_at", "usable_at", "disabled_at", "removed_at", "balance", "initial_amount"),
    *("contact_id", "currency", "program", "source", "recipe"),
)


def upgrade() -> None:
    _widen("created_at_id", "created_at", "id")
    _widen("balance_id", "balance", "id", "created_at")
    _widen("expires_at_id", "expires_at", "id", "created_at")
    _widen("created_at_id_expired", "created_at", "id", rows="expired_at IS NOT NULL")
    for name in ("usable_at", "disabled_at", "removed_at"):
        _widen(name, name, "created_at", "id", rows=f"{name} IS NOT NULL")


def _widen(name: str, *columns: str, rows: str | None = None) -> None:
    where = None if rows is None else sa.text(rows)
    whole = ["account_id", *columns, *(one for one in _ASKED if one not in columns)]
    op.drop_index(f"ix_cards_account_id_{name}", "cards")
    op.create_index(f"ix_cards_account_id_{name}", "cards", whole, sqlite_where=where, postgresql_where=where)
