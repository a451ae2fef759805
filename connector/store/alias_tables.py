"""Tables of the published dialects: the other names that they know things by, and what only they say."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
)

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
    Index("ix_aliases_account_id_kind_flake", "account_id", "kind", "flake"),  # lists in their order
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

# What a dialect says of a card that means nothing to us: kept as it was said, and said again.
dialect_cards: Final = Table(
    "dialect_cards",
    metadata,
    Column("card_id", BigInteger, ForeignKey("cards.id"), primary_key=True, autoincrement=False),
    Column("purchased_at", Moment),
    Column("template_suffix", Text),
    Column("order_id", BigInteger),
    Column("line_item_id", BigInteger),
    Column("last_characters", Text),
)
