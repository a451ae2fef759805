"""What an undo compares beside its key, and how often a run that stands was tried in vain."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("undoable_runs", sa.Column("source", sa.Text(), nullable=True))
    op.add_column("undoable_runs", sa.Column("contact_id", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE undoable_runs SET"
        " contact_id = (SELECT runs.contact_id FROM runs WHERE runs.public_id = undoable_runs.run),"
        " source = (SELECT sources.slug FROM runs JOIN events ON events.id = runs.event_id"
        " JOIN sources ON sources.id = events.source_id WHERE runs.public_id = undoable_runs.run)"
    )
    op.create_index("ix_undoable_runs_contact_id", "undoable_runs", ["contact_id"], unique=False)
    op.add_column(
        "standing_runs", sa.Column("tries", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
