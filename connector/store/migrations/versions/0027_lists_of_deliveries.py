"""Lists of deliveries without a walk through all: by their moments, what failed, and their messages' type."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

_TABLE = "webhook_deliveries"
_IN_ORDER = ["account_id", "created_at", "id"]
_BY_OUTCOME = ["account_id", "outcome", "created_at", "id"]
_PARTS = (("cancelled", _IN_ORDER, "state = 'cancelled'"), ("outcome", _BY_OUTCOME, "outcome <> 'delivered'"))


def upgrade() -> None:
    op.drop_index(f"ix_{_TABLE}_account_id_id", table_name=_TABLE)
    op.create_index(f"ix_{_TABLE}_account_id_created_at_id", _TABLE, _IN_ORDER, unique=False)
    for name, columns, which in _PARTS:
        op.create_index(
            f"ix_{_TABLE}_account_id_{name}",
            _TABLE,
            columns,
            unique=False,
            sqlite_where=sa.text(which),
            postgresql_where=sa.text(which),
        )
    op.create_index("ix_messages_account_id_type_id", "messages", ["account_id", "type", "id"], unique=False)
