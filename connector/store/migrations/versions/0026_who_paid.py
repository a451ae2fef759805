"""Who paid: a refund that names nobody finds the sale that it is of."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

_SOLD = sa.text("kind = 'sale'")


def upgrade() -> None:
    op.create_index(
        "ix_facts_source_id_subject",
        "facts",
        ["source_id", "subject"],
        unique=False,
        sqlite_where=_SOLD,
        postgresql_where=_SOLD,
    )
