"""The tables of messages and outgoing deliveries; tables.py has the rest.

The one rule: what is open, what is on its way, what is blocked and what is dead each has an index of
its own, so that a million rows of one kind cost the others nothing.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from .columns import JsonText, Moment, id_column, metadata, public_column, ref

OPEN: Final = "state IN ('pending', 'sending', 'retrying')"
UNDONE: Final = "state IN ('blocked', 'pending', 'sending', 'retrying') AND card_id IS NOT NULL"
DEAD: Final = "state = 'dead'"
BLOCKED: Final = "state = 'blocked'"
SENDING: Final = "state = 'sending'"
CANCELLED: Final = "state = 'cancelled'"
FAILED: Final = "outcome <> 'delivered'"  # what succeeds never costs its index anything

_INDEXES: Final = {
    OPEN: "ix_webhook_deliveries_endpoint_id_lane_due_at",
    DEAD: "ix_webhook_deliveries_endpoint_id_dead",
    BLOCKED: "ix_webhook_deliveries_endpoint_id_blocked",
    SENDING: "ix_webhook_deliveries_endpoint_id_sending",
    CANCELLED: "ix_webhook_deliveries_account_id_cancelled",
    FAILED: "ix_webhook_deliveries_account_id_outcome",
}
OF_ENDPOINT: Final = "ix_webhook_deliveries_endpoint_id_id"
OF_ACCOUNT: Final = "ix_webhook_deliveries_account_id_created_at_id"

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts"),
    ref("message_id", "messages"),
    ref("endpoint_id", "endpoints"),
    ref("card_id", "cards", nullable=True),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("outcome", Text),  # of the last attempt
    Column("tries", Integer, nullable=False),  # along the schedule
    Column("by_hand", Integer, nullable=False),  # attempts beside it
    Column("lane", Integer, nullable=False),  # 0: never tried; 1: again, which has a quarter of the slots
    Column("trigger", Text, nullable=False),  # why the next attempt is made
    Column("due_at", Moment, nullable=False),
    Column("planned_at", Moment),  # where an attempt by hand came in between: when it goes on by itself
    Column("lease_until", Moment),
    Column("fence", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    CheckConstraint(
        "state IN ('blocked', 'pending', 'sending', 'retrying', 'delivered', 'dead', 'cancelled')",
        name="state",
    ),
    UniqueConstraint("message_id", "endpoint_id"),
    Index(
        _INDEXES[OPEN],
        "endpoint_id",
        "lane",
        "due_at",
        sqlite_where=text(OPEN),
        postgresql_where=text(OPEN),
    ),
    Index(
        "ix_webhook_deliveries_endpoint_id_card_id_id",
        "endpoint_id",
        "card_id",
        "id",
        sqlite_where=text(UNDONE),
        postgresql_where=text(UNDONE),
    ),
    Index(
        _INDEXES[DEAD],
        "endpoint_id",
        "id",
        sqlite_where=text(DEAD),
        postgresql_where=text(DEAD),
    ),
    Index(
        _INDEXES[BLOCKED],
        "endpoint_id",
        "id",
        sqlite_where=text(BLOCKED),
        postgresql_where=text(BLOCKED),
    ),
    Index(
        _INDEXES[SENDING],
        "endpoint_id",
        "lease_until",
        sqlite_where=text(SENDING),
        postgresql_where=text(SENDING),
    ),
    Index(
        _INDEXES[CANCELLED],
        "account_id",
        "created_at",
        "id",
        sqlite_where=text(CANCELLED),
        postgresql_where=text(CANCELLED),
    ),
    Index(
        _INDEXES[FAILED],
        "account_id",
        "outcome",
        "created_at",
        "id",
        sqlite_where=text(FAILED),
        postgresql_where=text(FAILED),
    ),
    Index(OF_ACCOUNT, "account_id", "created_at", "id"),
    Index(OF_ENDPOINT, "endpoint_id", "id"),
)


def those(which: str, wanted: Select[Any]) -> Select[Any]:
    """Of an endpoint's or account's deliveries those that are `which` (OPEN, …), found by their own index.

    SQLite knows nothing of how few they are, and would walk all that were ever delivered.
    """
    return by_index(wanted.where(text(which)), _INDEXES[which])


def by_index(wanted: Select[Any], name: str) -> Select[Any]:
    """Deliveries by this index, which SQLite might take for one of many."""
    return wanted.with_hint(webhook_deliveries, f"INDEXED BY {name}", "sqlite")


attempts = Table(
    "attempts",
    metadata,
    id_column(),
    public_column(),
    ref("delivery_id", "webhook_deliveries"),
    Column("number", Integer, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("record", JsonText, nullable=False),
    Index("ix_attempts_delivery_id_id", "delivery_id", "id"),
)


KEPT: Final = text("length(body) > 0")
messages = Table(
    "messages",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts"),
    ref("card_id", "cards", nullable=True),
    Column("type", Text, nullable=False),
    Column("sequence", BigInteger),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("erased_at", Moment),
    Column("sent_by", Text),  # the recipe that told it, for filters that are asked later
    UniqueConstraint("card_id", "sequence"),
    Index("ix_messages_account_id_id", "account_id", "id"),
    Index("ix_messages_account_id_type_id", "account_id", "type", "id"),
    Index("ix_messages_created_at", "created_at", sqlite_where=KEPT, postgresql_where=KEPT),
)
