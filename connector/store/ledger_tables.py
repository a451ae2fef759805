"""The tables of the ledger: cards and what moves on them, programs and their funds, seals, long work.

Balances are stored for cards and prepaid funds only, and guarded here besides.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from .columns import JsonText, Moment, id_column, metadata, public_column, ref


def partial(name: str, rows: str, *columns: str) -> Index:
    """An index of those rows alone for which `rows` (SQL) holds."""
    return Index(name, *columns, sqlite_where=text(rows), postgresql_where=text(rows))


_ASKED: Final = (
    *("expires_at", "usable_at", "disabled_at", "removed_at", "balance", "initial_amount"),
    *("contact_id", "currency", "program", "source", "recipe"),
)
"""What lists ask of cards: it stands in each wide index, so that no row is fetched to be left out."""


def _wide(*columns: str) -> tuple[str, ...]:
    return ("account_id", *columns, *(one for one in _ASKED if one not in columns))


def _line(*columns: str) -> tuple[str, ...]:
    return "account_id", *columns, "currency", "card_id"


def _rare(column: str) -> Index:
    columns = _wide(column, "created_at", "id")
    return partial(f"ix_cards_account_id_{column}", f"{column} IS NOT NULL", *columns)


programs = Table(
    "programs",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts"),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("rules", JsonText, nullable=False),  # amounts, validity, countries, caps, design
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    CheckConstraint("kind IN ('promotional', 'paid')", name="kind"),
    UniqueConstraint("account_id", "slug"),
)

# Prepaid funds: issuing draws on them, and never below zero. `program` is "" for the account's own.
funds = Table(
    "funds",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts"),
    Column("program", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("balance", BigInteger, nullable=False),
    Column("threshold", BigInteger),
    Column("transfer_count", BigInteger, nullable=False),
    Column("head_hash", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    CheckConstraint("balance >= 0", name="never_overdrawn"),
    UniqueConstraint("account_id", "program", "currency"),
)

cards = Table(
    "cards",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts"),
    Column("currency", Text, nullable=False),
    Column("code_hash", Text, nullable=False),
    Column("code_sealed", Text, nullable=False),
    Column("last4", Text, nullable=False),
    Column("balance", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("initial_amount", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    ref("contact_id", "contacts", nullable=True),
    Column("program", Text),
    Column("programs", JsonText),  # of which it may still choose one
    Column("sender", JsonText),
    Column("recipient", JsonText),
    Column("message", Text),
    Column("note", Text),
    Column("usable_at", Moment),
    Column("expires_at", Moment),
    Column("disabled_at", Moment),
    Column("disabled_finally", Boolean, nullable=False, server_default=text("false")),
    Column("removed_at", Moment),
    Column("expiry_told_at", Moment),  # when it was told, or settled that nobody is told, that it will expire
    Column("expired_at", Moment),  # when its expiry was done: the message, and the transfer if there is one
    Column("delivery", Text, nullable=False, server_default="none"),
    Column("deliver_at", Moment),
    Column("delivered_at", Moment),
    Column("opened_at", Moment),  # when its recipient last began to look at it
    Column("link_number", Integer, nullable=False, server_default=text("0")),  # of its links
    Column("source", Text, nullable=False),
    Column("recipe", Text),
    Column("origin", JsonText, nullable=False),
    Column("metadata", JsonText, nullable=False),
    Column("transfer_count", BigInteger, nullable=False),
    Column("head_hash", Text, nullable=False),
    Column("message_count", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    CheckConstraint("held >= 0 AND balance >= held", name="never_overspent"),
    CheckConstraint("kind IN ('promotional', 'paid')", name="kind"),
    CheckConstraint("delivery IN ('none', 'email', 'sms')", name="delivery"),
    UniqueConstraint("account_id", "code_hash"),
    # Lists are keyset on these; what no index narrows is read in the order of one of them.
    Index("ix_cards_account_id_created_at_id", *_wide("created_at", "id"), "kind"),
    Index("ix_cards_account_id_updated_at_id", "account_id", "updated_at", "id"),
    Index("ix_cards_account_id_balance_id", *_wide("balance", "id", "created_at"), "kind"),
    Index("ix_cards_account_id_initial_amount_id", "account_id", "initial_amount", "id"),
    Index("ix_cards_account_id_expires_at_id", *_wide("expires_at", "id", "created_at")),
    Index("ix_cards_account_id_contact_id_id", "account_id", "contact_id", "id"),
    Index("ix_cards_account_id_last4", "account_id", "last4"),
    Index("ix_cards_account_id_currency_created_at_id", "account_id", "currency", "created_at", "id"),
    Index("ix_cards_account_id_source_created_at_id", "account_id", "source", "created_at", "id"),
    partial(
        "ix_cards_account_id_program_created_at_id",
        "program IS NOT NULL",
        "account_id",
        "program",
        "created_at",
        "id",
    ),
    partial(
        "ix_cards_account_id_recipe_created_at_id",
        "recipe IS NOT NULL",
        "account_id",
        "recipe",
        "created_at",
        "id",
    ),
    partial(
        "ix_cards_account_id_created_at_id_expired",
        "expired_at IS NOT NULL",
        *_wide("created_at", "id"),
    ),
    # By when it was done: what a clock that is ahead of ours has ended is there, at its end.
    partial("ix_cards_account_id_expired_at", "expired_at IS NOT NULL", "account_id", "expired_at"),
    _rare("usable_at"),
    _rare("disabled_at"),
    _rare("removed_at"),
    # What time brings is found by these: cards leave them once it is done. `expired_at`, empty in all
    # of its rows, makes SQLite take the first two for `expired_at IS NULL`, and not the lists' index.
    partial(
        "ix_cards_account_id_expired_at_expires_at",
        "expired_at IS NULL AND removed_at IS NULL",
        *("account_id", "expired_at", "expires_at"),
    ),
    partial(
        "ix_cards_account_id_expires_at_untold",
        "expiry_told_at IS NULL AND expired_at IS NULL AND removed_at IS NULL",
        *("account_id", "expired_at", "expiry_told_at", "expires_at"),
    ),
    partial(
        "ix_cards_account_id_deliver_at",
        "deliver_at IS NOT NULL AND delivered_at IS NULL",
        "account_id",
        "deliver_at",
    ),
)

# One immovable row for each movement. It touches at most one card, whose running number and chain it carries.
transfers = Table(
    "transfers",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts"),
    ref("card_id", "cards", nullable=True),
    ref("fund_id", "funds", nullable=True),  # where its chain is that of a prepaid fund
    Column("number", BigInteger),
    Column("type", Text, nullable=False),
    Column("debit", Text, nullable=False),
    Column("credit", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("balance_after", BigInteger),
    Column("related", Text),
    Column("reference", Text),
    Column("reason", Text),
    Column("note", Text),
    Column("rate", Text),  # of a movement between two currencies: `EUR/USD 1.0869565`
    Column("origin", JsonText, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    CheckConstraint("amount > 0 OR amount = 0 AND type = 'issue'", name="amount"),  # a card may begin empty
    CheckConstraint("debit <> credit", name="sides"),
    CheckConstraint("card_id IS NULL OR fund_id IS NULL", name="one_chain"),
    UniqueConstraint("card_id", "number"),
    UniqueConstraint("fund_id", "number"),
    # Behind their order these have what else is asked of lines, as the wide indexes of cards do.
    Index("ix_transfers_account_id_created_at_id", *_line("created_at", "id")),
    Index("ix_transfers_account_id_type_created_at_id", *_line("type", "created_at", "id"), "amount"),
    partial("ix_transfers_account_id_reference", "reference IS NOT NULL", "account_id", "reference"),
    partial(
        "ix_transfers_account_id_reason_created_at_id",
        "reason IS NOT NULL",
        *_line("reason", "created_at", "id", "type"),
    ),
    partial("ix_transfers_account_id_cardless", "card_id IS NULL", "account_id", "currency"),
    Index(
        "ix_transfers_related",
        "related",
        sqlite_where=text("related IS NOT NULL"),
        postgresql_where=text("related IS NOT NULL"),
    ),
)

# Amounts of cards that are reserved. No transfers: a hold's capture is one.
holds = Table(
    "holds",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts"),
    ref("card_id", "cards"),
    Column("amount", BigInteger, nullable=False),
    Column("captured", BigInteger, nullable=False, server_default="0"),
    Column("state", Text, nullable=False),
    Column("reference", Text),
    Column("origin", JsonText, nullable=False),
    Column("transfer", Text),  # its capture
    Column("expires_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    CheckConstraint("amount > 0 AND captured >= 0 AND captured <= amount", name="amount"),
    CheckConstraint("state IN ('open', 'captured', 'released', 'lapsed')", name="state"),
    Index("ix_holds_card_id_id", "card_id", "id"),
    partial("ix_holds_account_id_expires_at", "state = 'open'", "account_id", "expires_at"),
)

# One row for each change of a card, a fund, a person's data, a key, an account, a source: who, by what, why.
# Never changed.
audit = Table(
    "audit",
    metadata,
    id_column(),
    ref("account_id", "accounts", nullable=True),  # none: a platform key
    ref("card_id", "cards", nullable=True),
    Column("subject", Text, nullable=False),  # the public id of what was changed
    Column("act", Text, nullable=False),
    Column("transfer", Text),
    Column("source", Text, nullable=False),
    Column("origin", JsonText, nullable=False),
    Column("reason", Text),
    Column("note", Text),
    Column("details", JsonText),
    Column("created_at", Moment, nullable=False),
    Index("ix_audit_card_id_id", "card_id", "id"),
    Index("ix_audit_account_id_created_at_id", "account_id", "created_at", "id"),
    partial("ix_audit_account_id_subject_id", "card_id IS NULL", "account_id", "subject", "id"),
)

# Whole words of cards and contacts, for the lists' text search; bytes, which every database compares alike.
search_words = Table(
    "search_words",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("word", LargeBinary, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("row_id", BigInteger, primary_key=True, autoincrement=False),
    CheckConstraint("kind IN ('card', 'contact')", name="kind"),
    sqlite_with_rowid=False,
)

# What was given out on one day by one key or recipe, in minor units: the daily caps are held on these rows.
cap_sums = Table(
    "cap_sums",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    CheckConstraint("amount >= 0", name="amount"),
    sqlite_with_rowid=False,
)

# Daily seals over the heads of all chains, signed: a cut tail shows, and so does a forged one.
seals = Table(
    "seals",
    metadata,
    id_column(),
    Column("day", Text, nullable=False, unique=True),
    Column("last_transfer", BigInteger, nullable=False),
    Column("heads", BigInteger, nullable=False),
    Column("previous_root", Text, nullable=False),
    Column("root", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

# The heads that moved since the seal before: a seal that fails can say which chain is at fault.
seal_heads = Table(
    "seal_heads",
    metadata,
    Column("seal_id", BigInteger, primary_key=True, autoincrement=False),
    Column("chain", Text, primary_key=True),  # the public id of a card or fund
    Column("number", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    Index("ix_seal_heads_chain_number", "chain", "number"),  # which seal covers a line, asked of every line
    sqlite_with_rowid=False,
)

# Long work: bulk issues and imports. Each line is done once, whatever stops in between.
jobs = Table(
    "jobs",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts"),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("skipped", BigInteger, nullable=False, server_default="0"),
    Column("digest", Text),  # of the file that is imported: the same file goes on where it stopped
    Column("source", Text, nullable=False),
    Column("origin", JsonText, nullable=False),
    Column("scopes", JsonText),  # what who asked might do then; none: all
    Column("lease_until", Moment),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    CheckConstraint("state IN ('queued', 'running', 'done', 'cancelled')", name="state"),
    UniqueConstraint("account_id", "kind", "digest"),
    Index("ix_jobs_account_id_id", "account_id", "id"),
    Index(
        "ix_jobs_state_id",
        "state",
        "id",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

job_lines = Table(
    "job_lines",
    metadata,
    Column("job_id", BigInteger, ForeignKey("jobs.id"), primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("input_sealed", Text),  # emptied once it is done
    Column("state", Text, nullable=False),
    Column("answer_sealed", Text),
    CheckConstraint("state IN ('waiting', 'done', 'failed')", name="state"),
    sqlite_with_rowid=False,
)

# Rows of files that were imported, by keyed digest: how many like it a job met, and made cards of.
imported_rows = Table(
    "imported_rows",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", Text, primary_key=True),
    Column("job_id", BigInteger, primary_key=True, autoincrement=False),
    Column("met", BigInteger, nullable=False),
    Column("made", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
