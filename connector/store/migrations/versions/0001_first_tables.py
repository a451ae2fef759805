"""The first tables: accounts to attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("managed_by", sa.Text(), nullable=False),
        sa.Column("clock_offset_us", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("business_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("managed_by IN ('config', 'api')", name=op.f("ck_accounts_managed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("business_id", name=op.f("uq_accounts_business_id")),
        sa.UniqueConstraint("store_id", name=op.f("uq_accounts_store_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_accounts_public_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_accounts_slug")),
    )
    op.create_table(
        "search_words",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("word", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("kind IN ('card', 'contact')", name=op.f("ck_search_words_kind")),
        sa.PrimaryKeyConstraint("account_id", "word", "kind", "row_id", name=op.f("pk_search_words")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cap_sums",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_cap_sums_amount")),
        sa.PrimaryKeyConstraint("account_id", "subject", "day", "currency", name=op.f("pk_cap_sums")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "delivery_keys",
        sa.Column("source_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "key_hash", name=op.f("pk_delivery_keys")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer_sealed", sa.Text(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_idempotency_keys")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "once_taken",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "recipe", "value", name=op.f("pk_once_taken")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recipe_states",
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("recipe", name=op.f("pk_recipe_states")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "revisions",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_revisions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "seal_heads",
        sa.Column("seal_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seal_id", "chain", name=op.f("pk_seal_heads")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_seal_heads_chain_number", "seal_heads", ["chain", "number"], unique=False)
    op.create_table(
        "seals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("last_transfer", sa.BigInteger(), nullable=False),
        sa.Column("heads", sa.BigInteger(), nullable=False),
        sa.Column("previous_root", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seals")),
        sa.UniqueConstraint("day", name=op.f("uq_seals_day")),
    )
    op.create_table(
        "access_keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=True),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("allow_ips", sa.Text(), server_default="[]", nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_access_keys_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_access_keys_hash")),
        sa.UniqueConstraint("public_id", name=op.f("uq_access_keys_public_id")),
    )
    op.create_index("ix_access_keys_made_by", "access_keys", ["made_by"], unique=False)
    op.create_table(
        "contacts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("tags_at", sa.BigInteger(), nullable=True),
        sa.Column("names_at", sa.BigInteger(), nullable=True),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("referred_by", sa.Text(), nullable=True),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_contacts_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("public_id", name=op.f("uq_contacts_public_id")),
    )
    op.create_index("ix_contacts_account_id_id", "contacts", ["account_id", "id"], unique=False)
    op.create_index(
        "ix_contacts_merged_into",
        "contacts",
        ["merged_into"],
        unique=False,
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index(
        "ix_contacts_account_id_referred_by",
        "contacts",
        ["account_id", "referred_by"],
        unique=False,
        sqlite_where=sa.text("referred_by IS NOT NULL"),
        postgresql_where=sa.text("referred_by IS NOT NULL"),
    )
    op.create_table(
        "endpoints",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("event_types", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("secrets_sealed", sa.Text(), nullable=False),
        sa.Column("headers_sealed", sa.Text(), nullable=True),
        sa.Column("filter", sa.Text(), nullable=True),
        sa.Column("rate_limit", sa.Integer(), nullable=True),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("ordering", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("held_until", sa.BigInteger(), nullable=True),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("status IN ('enabled', 'paused', 'disabled')", name=op.f("ck_endpoints_status")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_endpoints_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoints")),
        sa.UniqueConstraint("public_id", name=op.f("uq_endpoints_public_id")),
    )
    op.create_index("ix_endpoints_account_id_id", "endpoints", ["account_id", "id"], unique=False)
    op.create_table(
        "funds",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=True),
        sa.Column("transfer_count", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_funds_never_overdrawn")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_funds_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funds")),
        sa.UniqueConstraint(
            "account_id", "program", "currency", name=op.f("uq_funds_account_id_program_currency")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_funds_public_id")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("skipped", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'cancelled')", name=op.f("ck_jobs_state")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_jobs_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("account_id", "kind", "digest", name=op.f("uq_jobs_account_id_kind_digest")),
        sa.UniqueConstraint("public_id", name=op.f("uq_jobs_public_id")),
    )
    op.create_index("ix_jobs_account_id_id", "jobs", ["account_id", "id"], unique=False)
    op.create_index(
        "ix_jobs_state_id",
        "jobs",
        ["state", "id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "programs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('promotional', 'paid')", name=op.f("ck_programs_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_programs_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programs")),
        sa.UniqueConstraint("account_id", "slug", name=op.f("uq_programs_account_id_slug")),
        sa.UniqueConstraint("public_id", name=op.f("uq_programs_public_id")),
    )
    op.create_table(
        "sources",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("secrets_sealed", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("managed_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sources_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("account_id", "slug", name=op.f("uq_sources_account_id_slug")),
    )
    op.create_table(
        "cards",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("code_sealed", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("initial_amount", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("program", sa.Text(), nullable=True),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("usable_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("disabled_finally", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("expiry_told_at", sa.BigInteger(), nullable=True),
        sa.Column("expired_at", sa.BigInteger(), nullable=True),
        sa.Column("delivery", sa.Text(), server_default="none", nullable=False),
        sa.Column("deliver_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("transfer_count", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.Text(), nullable=False),
        sa.Column("message_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("delivery IN ('none', 'email', 'sms')", name=op.f("ck_cards_delivery")),
        sa.CheckConstraint("kind IN ('promotional', 'paid')", name=op.f("ck_cards_kind")),
        sa.CheckConstraint("held >= 0 AND balance >= held", name=op.f("ck_cards_never_overspent")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_cards_account_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_cards_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cards")),
        sa.UniqueConstraint("account_id", "code_hash", name=op.f("uq_cards_account_id_code_hash")),
        sa.UniqueConstraint("public_id", name=op.f("uq_cards_public_id")),
    )
    op.create_index(
        "ix_cards_account_id_contact_id_id", "cards", ["account_id", "contact_id", "id"], unique=False
    )
    op.create_index(
        "ix_cards_account_id_created_at_id", "cards", ["account_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_cards_account_id_updated_at_id", "cards", ["account_id", "updated_at", "id"], unique=False
    )
    op.create_index("ix_cards_account_id_balance_id", "cards", ["account_id", "balance", "id"], unique=False)
    op.create_index(
        "ix_cards_account_id_initial_amount_id", "cards", ["account_id", "initial_amount", "id"], unique=False
    )
    op.create_index(
        "ix_cards_account_id_expires_at_id", "cards", ["account_id", "expires_at", "id"], unique=False
    )
    op.create_index("ix_cards_account_id_last4", "cards", ["account_id", "last4"], unique=False)
    op.create_index(
        "ix_cards_account_id_currency_created_at_id",
        "cards",
        ["account_id", "currency", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_cards_account_id_source_created_at_id",
        "cards",
        ["account_id", "source", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_cards_account_id_program_created_at_id",
        "cards",
        ["account_id", "program", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text("program IS NOT NULL"),
        postgresql_where=sa.text("program IS NOT NULL"),
    )
    op.create_index(
        "ix_cards_account_id_recipe_created_at_id",
        "cards",
        ["account_id", "recipe", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text("recipe IS NOT NULL"),
        postgresql_where=sa.text("recipe IS NOT NULL"),
    )
    op.create_index(
        "ix_cards_account_id_created_at_id_expired",
        "cards",
        ["account_id", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text("expired_at IS NOT NULL"),
        postgresql_where=sa.text("expired_at IS NOT NULL"),
    )
    op.create_index(
        "ix_cards_account_id_usable_at",
        "cards",
        ["account_id", "usable_at"],
        unique=False,
        sqlite_where=sa.text("usable_at IS NOT NULL"),
        postgresql_where=sa.text("usable_at IS NOT NULL"),
    )
    op.create_index(
        "ix_cards_account_id_disabled_at",
        "cards",
        ["account_id", "disabled_at"],
        unique=False,
        sqlite_where=sa.text("disabled_at IS NOT NULL"),
        postgresql_where=sa.text("disabled_at IS NOT NULL"),
    )
    op.create_index(
        "ix_cards_account_id_removed_at",
        "cards",
        ["account_id", "removed_at"],
        unique=False,
        sqlite_where=sa.text("removed_at IS NOT NULL"),
        postgresql_where=sa.text("removed_at IS NOT NULL"),
    )
    op.create_index(
        "ix_cards_account_id_expired_at_expires_at",
        "cards",
        ["account_id", "expired_at", "expires_at"],
        unique=False,
        sqlite_where=sa.text("expired_at IS NULL AND removed_at IS NULL"),
        postgresql_where=sa.text("expired_at IS NULL AND removed_at IS NULL"),
    )
    op.create_index(
        "ix_cards_account_id_expires_at_untold",
        "cards",
        ["account_id", "expired_at", "expiry_told_at", "expires_at"],
        unique=False,
        sqlite_where=sa.text("expiry_told_at IS NULL AND expired_at IS NULL AND removed_at IS NULL"),
        postgresql_where=sa.text("expiry_told_at IS NULL AND expired_at IS NULL AND removed_at IS NULL"),
    )
    op.create_index(
        "ix_cards_account_id_deliver_at",
        "cards",
        ["account_id", "deliver_at"],
        unique=False,
        sqlite_where=sa.text("deliver_at IS NOT NULL AND delivered_at IS NULL"),
        postgresql_where=sa.text("deliver_at IS NOT NULL AND delivered_at IS NULL"),
    )
    op.create_table(
        "contact_tags",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_contact_tags_contact_id")),
        sa.PrimaryKeyConstraint("account_id", "tag", "contact_id", name=op.f("pk_contact_tags")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "facts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("part_of", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('booking', 'sale', 'refund', 'points')", name=op.f("ck_facts_kind")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_facts_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facts")),
        sa.UniqueConstraint(
            "contact_id",
            "source_id",
            "kind",
            "subject",
            name=op.f("uq_facts_contact_id_source_id_kind_subject"),
        ),
    )
    op.create_table(
        "identities",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('external_id', 'email', 'phone')", name=op.f("ck_identities_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_identities_account_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_identities_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint(
            "account_id",
            "kind",
            "namespace",
            "value",
            name=op.f("uq_identities_account_id_kind_namespace_value"),
        ),
    )
    op.create_index("ix_identities_contact_id", "identities", ["contact_id"], unique=False)
    op.create_table(
        "inbound_deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("answer_sealed", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "status IN ('accepted', 'processed', 'ignored', 'rejected')",
            name=op.f("ck_inbound_deliveries_status"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_inbound_deliveries_account_id")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_inbound_deliveries_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_deliveries")),
        sa.UniqueConstraint("public_id", name=op.f("uq_inbound_deliveries_public_id")),
    )
    deliveries = "inbound_deliveries"
    op.create_index(
        f"ix_{deliveries}_account_id_id_received_at", deliveries, ["account_id", "id", "received_at"]
    )
    op.create_index(f"ix_{deliveries}_account_id_status_id", deliveries, ["account_id", "status", "id"])
    op.create_index(
        "ix_inbound_deliveries_due_at",
        "inbound_deliveries",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_inbound_deliveries_source_id_id", "inbound_deliveries", ["source_id", "id"], unique=False
    )
    op.create_table(
        "imported_rows",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("met", sa.BigInteger(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "digest", "job_id", name=op.f("pk_imported_rows")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_lines",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("input_sealed", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer_sealed", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'done', 'failed')", name=op.f("ck_job_lines_state")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_lines_job_id")),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_job_lines")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("card_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("transfer", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_audit_account_id")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_audit_card_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_account_id_created_at_id", "audit", ["account_id", "created_at", "id"])
    is_no_card = sa.text("card_id IS NULL")
    op.create_index(
        "ix_audit_account_id_subject_id",
        "audit",
        ["account_id", "subject", "id"],
        sqlite_where=is_no_card,
        postgresql_where=is_no_card,
    )
    op.create_index("ix_audit_card_id_id", "audit", ["card_id", "id"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_events_account_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_events_contact_id")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["inbound_deliveries.id"], name=op.f("fk_events_delivery_id")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_events_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("public_id", name=op.f("uq_events_public_id")),
    )
    op.create_index("ix_events_account_id_id_created_at", "events", ["account_id", "id", "created_at"])
    op.create_index("ix_events_source_id_id", "events", ["source_id", "id"])
    op.create_index("ix_events_account_id_type_id", "events", ["account_id", "type", "id"], unique=False)
    op.create_index("ix_events_contact_id_id", "events", ["contact_id", "id"], unique=False)
    op.create_index("ix_events_delivery_id", "events", ["delivery_id"], unique=False)
    op.create_table(
        "holds",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("captured", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("transfer", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'captured', 'released', 'lapsed')", name=op.f("ck_holds_state")
        ),
        sa.CheckConstraint(
            "amount > 0 AND captured >= 0 AND captured <= amount", name=op.f("ck_holds_amount")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_holds_account_id")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_holds_card_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
        sa.UniqueConstraint("public_id", name=op.f("uq_holds_public_id")),
    )
    op.create_index("ix_holds_card_id_id", "holds", ["card_id", "id"], unique=False)
    op.create_index(
        "ix_holds_account_id_expires_at",
        "holds",
        ["account_id", "expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_messages_account_id")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_messages_card_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("card_id", "sequence", name=op.f("uq_messages_card_id_sequence")),
        sa.UniqueConstraint("public_id", name=op.f("uq_messages_public_id")),
    )
    op.create_index("ix_messages_account_id_id", "messages", ["account_id", "id"], unique=False)
    op.create_index(
        "ix_messages_created_at",
        "messages",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("length(body) > 0"),
        postgresql_where=sa.text("length(body) > 0"),
    )
    op.create_table(
        "transfers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=True),
        sa.Column("fund_id", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("debit", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("balance_after", sa.BigInteger(), nullable=True),
        sa.Column("related", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("rate", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("amount > 0 OR amount = 0 AND type = 'issue'", name=op.f("ck_transfers_amount")),
        sa.CheckConstraint("card_id IS NULL OR fund_id IS NULL", name=op.f("ck_transfers_one_chain")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_transfers_sides")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_transfers_account_id")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_transfers_card_id")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_transfers_fund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.UniqueConstraint("card_id", "number", name=op.f("uq_transfers_card_id_number")),
        sa.UniqueConstraint("fund_id", "number", name=op.f("uq_transfers_fund_id_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_transfers_public_id")),
    )
    op.create_index(
        "ix_transfers_account_id_created_at_id", "transfers", ["account_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_transfers_account_id_type_created_at_id",
        "transfers",
        ["account_id", "type", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_transfers_account_id_reference",
        "transfers",
        ["account_id", "reference"],
        unique=False,
        sqlite_where=sa.text("reference IS NOT NULL"),
        postgresql_where=sa.text("reference IS NOT NULL"),
    )
    op.create_index(
        "ix_transfers_account_id_reason_created_at_id",
        "transfers",
        ["account_id", "reason", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text("reason IS NOT NULL"),
        postgresql_where=sa.text("reason IS NOT NULL"),
    )
    op.create_index(
        "ix_transfers_account_id_cardless",
        "transfers",
        ["account_id", "currency"],
        unique=False,
        sqlite_where=sa.text("card_id IS NULL"),
        postgresql_where=sa.text("card_id IS NULL"),
    )
    op.create_index(
        "ix_transfers_related",
        "transfers",
        ["related"],
        unique=False,
        sqlite_where=sa.text("related IS NOT NULL"),
        postgresql_where=sa.text("related IS NOT NULL"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("outputs", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("replays", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('done', 'not_matched', 'already_done', 'held', 'skipped', 'waiting', 'failed', "
            "'shadow')",
            name=op.f("ck_runs_outcome"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_runs_account_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_runs_contact_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_runs_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("public_id", name=op.f("uq_runs_public_id")),
    )
    op.create_index("ix_runs_account_id_id_created_at", "runs", ["account_id", "id", "created_at"])
    op.create_index("ix_runs_account_id_outcome_id", "runs", ["account_id", "outcome", "id"])
    op.create_index("ix_runs_contact_id_id", "runs", ["contact_id", "id"])
    is_replay = sa.text("replays IS NOT NULL")
    op.create_index(
        "ix_runs_replays", "runs", ["replays"], sqlite_where=is_replay, postgresql_where=is_replay
    )
    op.create_index("ix_runs_account_id_recipe_id", "runs", ["account_id", "recipe", "id"], unique=False)
    op.create_index("ix_runs_event_id", "runs", ["event_id"], unique=False)
    op.create_table(
        "gifts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("card_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_gifts_amount")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_gifts_account_id")),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_gifts_card_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_gifts_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gifts")),
    )
    op.create_index(
        "ix_gifts_account_id_recipe_given_at", "gifts", ["account_id", "recipe", "given_at"], unique=False
    )
    op.create_index(
        "ix_gifts_contact_id_recipe_given_at", "gifts", ["contact_id", "recipe", "given_at"], unique=False
    )
    op.create_index("ix_gifts_run", "gifts", ["run"], unique=False)
    op.create_table(
        "recipe_locks",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "recipe", name=op.f("pk_recipe_locks")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "standing_runs",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("journal_sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('wait', 'hold', 'limit')", name=op.f("ck_standing_runs_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_standing_runs_account_id")),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_standing_runs")),
    )
    op.create_index(
        "ix_standing_runs_account_id_due_at", "standing_runs", ["account_id", "due_at"], unique=False
    )
    op.create_table(
        "undoable_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_undoable_runs_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_undoable_runs")),
        sa.UniqueConstraint("run", name=op.f("uq_undoable_runs_run")),
    )
    op.create_index(
        "ix_undoable_runs_account_id_recipe_key",
        "undoable_runs",
        ["account_id", "recipe", "key"],
        unique=False,
    )
    op.create_table(
        "goal_members",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("is_control", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_goal_members_account_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_goal_members_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goal_members")),
    )
    op.create_index("ix_goal_members_contact_id_until", "goal_members", ["contact_id", "until"], unique=False)
    op.create_index(
        "ix_goal_members_account_id_recipe_since",
        "goal_members",
        ["account_id", "recipe", "since"],
        unique=False,
    )
    op.create_table(
        "goal_hits",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["goal_members.id"], name=op.f("fk_goal_hits_member_id")),
        sa.PrimaryKeyConstraint("member_id", "name", name=op.f("pk_goal_hits")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sightings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sightings_account_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_sightings_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sightings")),
    )
    op.create_index(
        "ix_sightings_contact_id_recipe_subject_at",
        "sightings",
        ["contact_id", "recipe", "subject", "at"],
        unique=False,
    )
    op.create_table(
        "silences",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "recipe", name=op.f("pk_silences")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "schedule_ticks",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("tick_at", sa.BigInteger(), nullable=True),
        sa.Column("cursor_at", sa.BigInteger(), nullable=True),
        sa.Column("cursor_id", sa.BigInteger(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_schedule_ticks_account_id")),
        sa.PrimaryKeyConstraint("account_id", "recipe", name=op.f("pk_schedule_ticks")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "message_starts",
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_message_starts_account_id")),
        sa.PrimaryKeyConstraint("message", name=op.f("pk_message_starts")),
    )
    op.create_index("ix_message_starts_due_at", "message_starts", ["due_at"], unique=False)
