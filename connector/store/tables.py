"""All tables and their constraints, nothing else; the other *_tables.py have the rest.

Each row has a bigint key inside (lists are keyset on it) and, where people or
programs name it, a `public_id` outside. Moments are whole microseconds UTC.
"""

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

from . import kind_tables as kind_tables
from . import order_tables as order_tables
from .alias_tables import alias_counters, aliases, dialect_cards
from .columns import JsonText, Moment, id_column, metadata, public_column, ref
from .delivery_tables import KEPT, OPEN, attempts, messages, webhook_deliveries
from .invoice_tables import invoice_lines
from .ledger_tables import (
    audit,
    cap_sums,
    cards,
    funds,
    holds,
    imported_rows,
    job_lines,
    jobs,
    programs,
    seal_heads,
    seals,
    search_words,
    transfers,
)
from .notification_tables import notifications
from .recipe_tables import (
    early_undos,
    gifts,
    given_points,
    goal_hits,
    goal_members,
    message_starts,
    once_taken,
    recipe_locks,
    recipe_states,
    revisions,
    runs,
    schedule_ticks,
    sightings,
    silences,
    standing_runs,
    undoable_runs,
)
from .ring_tables import ring_keys as ring_keys

__all__ = [
    "KEPT",
    "OPEN",
    "alias_counters",
    "aliases",
    "attempts",
    "audit",
    "cap_sums",
    "cards",
    "dialect_cards",
    "early_undos",
    "funds",
    "gifts",
    "given_points",
    "goal_hits",
    "goal_members",
    "holds",
    "imported_rows",
    "invoice_lines",
    "job_lines",
    "jobs",
    "message_starts",
    "messages",
    "metadata",
    "notifications",
    "once_taken",
    "programs",
    "recipe_locks",
    "recipe_states",
    "revisions",
    "runs",
    "schedule_ticks",
    "seal_heads",
    "seals",
    "search_words",
    "sightings",
    "silences",
    "standing_runs",
    "transfers",
    "undoable_runs",
    "webhook_deliveries",
]

accounts = Table(
    "accounts",
    metadata,
    id_column(),
    public_column(),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("email", Text, nullable=False, server_default="", index=True),  # where its tokens are sent
    Column("sandbox", Boolean, nullable=False),
    Column("managed_by", Text, nullable=False),
    Column("clock_offset_us", BigInteger, nullable=False, server_default="0"),
    Column("business_id", BigInteger, nullable=False, unique=True),
    Column("store_id", BigInteger, nullable=False, unique=True),
    Column("brand", JsonText, nullable=False, server_default="{}"),  # how its letters and pages look
    Column("created_at", Moment, nullable=False),
    CheckConstraint("managed_by IN ('config', 'api')", name="managed_by"),
)

sources = Table(
    "sources",
    metadata,
    id_column(),
    ref("account_id", "accounts"),
    Column("slug", Text, nullable=False),
    Column("adapter", Text, nullable=False),
    Column("secrets_sealed", Text, nullable=False),
    Column("settings", JsonText, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("managed_by", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("account_id", "slug"),
)

access_keys = Table(
    "access_keys",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts", nullable=True),  # none: a platform key, which makes accounts
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Column("prefix", Text, nullable=False),
    Column("scopes", JsonText, nullable=False),
    Column("made_by", Text),  # the key that made it, by its public id; none: it was made by hand
    Column("root", Text, nullable=False),  # the first of that line: the daily cap is of all that come from it
    Column("allow_ips", JsonText, nullable=False, server_default="[]"),
    Column("last_used_at", Moment),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("created_at", Moment, nullable=False),
    Index("ix_access_keys_made_by", "made_by"),
)

contacts = Table(
    "contacts",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts"),
    Column("email", Text),
    Column("phone", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("tags", JsonText, nullable=False),  # tag: [microseconds of its last change, is it on]
    Column("tags_at", Moment),  # of the newest full list
    Column("names_at", Moment),
    Column("attributes", JsonText, nullable=False),
    Column("referred_by", Text),
    Column("merged_into", BigInteger),  # the row that this person goes on as
    Column("erased_at", Moment),
    Column("first_seen_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("ix_contacts_account_id_id", "account_id", "id"),
    Index(
        "ix_contacts_merged_into",
        "merged_into",
        sqlite_where=text("merged_into IS NOT NULL"),
        postgresql_where=text("merged_into IS NOT NULL"),
    ),
    Index(
        "ix_contacts_account_id_referred_by",
        "account_id",
        "referred_by",
        sqlite_where=text("referred_by IS NOT NULL"),
        postgresql_where=text("referred_by IS NOT NULL"),
    ),
)

identities = Table(
    "identities",
    metadata,
    id_column(),
    ref("account_id", "accounts"),
    Column("kind", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("value", Text, nullable=False),
    ref("contact_id", "contacts"),
    Column("is_vouched", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("account_id", "kind", "namespace", "value"),
    Index("ix_identities_contact_id", "contact_id"),
    CheckConstraint("kind IN ('external_id', 'email', 'phone')", name="kind"),
)

# The tags that are on, once more, so that who has one is found without reading everybody.
contact_tags = Table(
    "contact_tags",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("tag", Text, primary_key=True),
    Column("contact_id", BigInteger, ForeignKey("contacts.id"), primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

SOLD = text("kind = 'sale'")  # by which a refund that names nobody is of who paid
# Running totals are sums over facts: one row for each booking, sale or refund, the latest telling wins.
facts = Table(
    "facts",
    metadata,
    id_column(),
    ref("contact_id", "contacts"),
    Column("source_id", BigInteger, nullable=False),  # 0: our own API
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("rank", Integer, nullable=False),  # which of two states told at one moment wins
    Column("amount", BigInteger),
    Column("currency", Text),
    Column("at", Moment),
    Column("first_at", Moment, nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("part_of", Text),  # of a sale that may be told as a whole and in parts: the whole's subject
    Column("detail", JsonText),  # of points: who, why, what they became; of a booking: what was asked since
    UniqueConstraint("contact_id", "source_id", "kind", "subject"),
    CheckConstraint("kind IN ('booking', 'sale', 'refund', 'points')", name="kind"),
    Index("ix_facts_source_id_subject", "source_id", "subject", sqlite_where=SOLD, postgresql_where=SOLD),
)

DUE = text("due_at IS NOT NULL")
SAID = text("length(body) > 0 AND due_at IS NULL")  # what retention empties when its time is over
inbound_deliveries = Table(
    "inbound_deliveries",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts"),
    ref("source_id", "sources"),
    Column("received_at", Moment, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("request", JsonText, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("answer_sealed", Text),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", Moment),
    CheckConstraint("status IN ('accepted', 'processed', 'ignored', 'rejected')", name="status"),
    Index("ix_inbound_deliveries_account_id_id_received_at", "account_id", "id", "received_at"),
    Index("ix_inbound_deliveries_account_id_status_id", "account_id", "status", "id"),
    Index("ix_inbound_deliveries_source_id_id", "source_id", "id"),
    Index("ix_inbound_deliveries_received_at", "received_at", sqlite_where=SAID, postgresql_where=SAID),
    Index("ix_inbound_deliveries_due_at", "due_at", sqlite_where=DUE, postgresql_where=DUE),
)

# Kept for ever: a captured request stays valid for ever at senders that sign no time.
delivery_keys = Table(
    "delivery_keys",
    metadata,
    Column("source_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key_hash", LargeBinary, primary_key=True),
    Column("delivery", Text, nullable=False),
    Column("taken_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts"),
    ref("source_id", "sources", nullable=True),
    ref("delivery_id", "inbound_deliveries", nullable=True),
    ref("contact_id", "contacts", nullable=True),
    Column("type", Text, nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("envelope", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_events_account_id_id_created_at", "account_id", "id", "created_at"),
    Index("ix_events_account_id_created_at_id", "account_id", "created_at", "id"),
    Index("ix_events_account_id_type_id", "account_id", "type", "id"),
    Index("ix_events_source_id_id", "source_id", "id"),
    Index("ix_events_delivery_id", "delivery_id"),
    Index("ix_events_contact_id_id", "contact_id", "id"),
)

# Bookings that are completed when their time is over, where their platform never says so itself.
awaited_completions = Table(
    "awaited_completions",
    metadata,
    Column("source_id", BigInteger, ForeignKey("sources.id"), primary_key=True, autoincrement=False),
    Column("booking", Text, primary_key=True),
    ref("account_id", "accounts"),
    ref("event_id", "events"),
    Column("due_at", Moment, nullable=False),
    Index("ix_awaited_completions_account_id_due_at", "account_id", "due_at"),
    sqlite_with_rowid=False,
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("request_hash", Text, nullable=False),
    Column("asked_by", Text, nullable=False),  # the access key that is shown the secrets of its answer
    Column("status", Integer),
    Column("answer_sealed", Text),
    Column("etag", Text),
    Column("created_at", Moment, nullable=False),
    Index("ix_idempotency_keys_created_at", "created_at"),
    sqlite_with_rowid=False,
)

endpoints = Table(
    "endpoints",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts"),
    Column("url", Text, nullable=False),
    Column("event_types", JsonText, nullable=False),
    Column("description", Text),
    Column("metadata", JsonText, nullable=False),
    Column("secrets_sealed", Text, nullable=False),
    Column("headers_sealed", Text),
    Column("filter", JsonText),
    Column("rate_limit", Integer),
    Column("concurrency", Integer, nullable=False),
    Column("ordering", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("disabled_reason", Text),
    Column("disabled_at", Moment),
    Column("health", JsonText, nullable=False),
    Column("held_until", Moment),
    Column("failing_since", Moment),
    Column("warned_at", Moment),
    Column("last_success_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("deleted_at", Moment),
    Column("closing", Text),  # why its deliveries up to the row `closing_to` are being ended
    Column("closing_to", BigInteger),
    Column("unsubscribe_at", Moment),  # when a REST Hook's tool is told (again) that we switched it off
    Column("unsubscribe_tries", Integer),
    CheckConstraint("status IN ('enabled', 'paused', 'disabled')", name="status"),
    Index("ix_endpoints_account_id_id", "account_id", "id"),
    Index(
        "ix_endpoints_closing_to",
        "closing_to",
        sqlite_where=text("closing_to IS NOT NULL"),
        postgresql_where=text("closing_to IS NOT NULL"),
    ),
    Index(
        "ix_endpoints_unsubscribe_at",
        "unsubscribe_at",
        sqlite_where=text("unsubscribe_at IS NOT NULL"),
        postgresql_where=text("unsubscribe_at IS NOT NULL"),
    ),
)
