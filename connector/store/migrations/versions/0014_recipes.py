"""Runs go by their own revision; what may tell of a person is kept as a digest; who vouched for ids."""

import hashlib
import re

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_CONTACT = re.compile(r"(?<![0-9A-Za-z_])ct_[0-9A-Z]{26}(?![0-9A-Za-z_])")
TEXTS = (
    ("once_taken", "value", ("account_id", "recipe", "value")),
    ("undoable_runs", "key", ("id",)),
    ("early_undos", "key", ("id",)),
    ("sightings", "subject", ("id",)),
)


def upgrade() -> None:
    op.add_column(
        "identities", sa.Column("is_vouched", sa.Boolean(), nullable=False, server_default=sa.text("true"))
    )
    for table in ("undoable_runs", "goal_members"):
        op.add_column(table, sa.Column("revision", sa.Text(), nullable=False, server_default=sa.text("''")))
        op.execute(
            f"UPDATE {table} SET revision = coalesce("  # noqa: S608 - the names stand above
            f"(SELECT revision FROM runs WHERE runs.public_id = {table}.run), '')"
        )
    op.add_column(
        "early_undos", sa.Column("told_at", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.execute("UPDATE early_undos SET told_at = at")
    op.create_index("ix_early_undos_until", "early_undos", ["until"])
    for table, column, key in TEXTS:
        _digest(table, column, key)


def _digest(table: str, column: str, key: tuple[str, ...]) -> None:
    names = list(dict.fromkeys((*key, column)))
    rows = sa.table(table, *(sa.column(name) for name in names))
    connection = op.get_bind()
    for row in connection.execute(sa.select(rows)).mappings().all():
        same_row = [rows.c[name] == row[name] for name in key]
        connection.execute(sa.update(rows).where(*same_row).values({column: _kept(row[column])}))


def _kept(text: str) -> str:
    found = _CONTACT.findall(text)
    if found == [text]:
        return text
    rest = _CONTACT.sub("\x00", text)
    return " ".join([hashlib.sha256(rest.encode("utf-8", "surrogatepass")).hexdigest(), *found])
