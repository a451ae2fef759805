"""What an undo compares beside its key, what it takes back, and runs that cannot go on."""

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
    op.create_table(
        "given_points",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=True),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_given_points_account_id")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_given_points_card_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_given_points_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_given_points")),
    )
    for column in ("contact_id", "run"):
        op.create_index(f"ix_given_points_{column}", "given_points", [column], unique=False)
    op.create_table(
        "early_undos",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_early_undos_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_early_undos")),
    )
    for columns in (["account_id", "recipe", "key"], ["contact_id"]):
        op.create_index(f"ix_early_undos_{'_'.join(columns)}", "early_undos", columns, unique=False)
