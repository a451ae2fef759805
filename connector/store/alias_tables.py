"""Tables of the other names that the published dialects know things by; nothing else."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Table, Text, UniqueConstraint

from .columns import Moment, id_column, metadata, ref

# One thing's three names beside its public id (`subject`): a number that counts up within the
# account, a UUID, a flake. They are allotted when a dialect first shows the thing, in an order
# that never turns: whoever asks for what came behind a number misses nothing.
aliases: Final = Table(
    "aliases",
    metadata,
    id_column(),
    ref("account_id", "accounts"),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("uuid", Text, nullable=False),
    Column("flake", BigInteger, nullable=False),
    UniqueConstraint("account_id", "kind", "subject"),
    UniqueConstraint("account_id", "kind", "number"),
    UniqueConstraint("uuid"),
    UniqueConstraint("flake"),
    CheckConstraint("kind IN ('card', 'contact', 'transfer', 'actor')", name="kind"),
)

# Where an account's numbers of one kind are. Cards up to row `upto` have theirs; `seen` was the
# newest row at `seen_at`, so that what was under way then can be looked at once more.
alias_counters: Final = Table(
    "alias_counters",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("next", BigInteger, nullable=False),
    Column("upto", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("seen_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)
