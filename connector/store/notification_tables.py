"""What people are written, from the deed that asked for it to its end; tokens that are still to be sent."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, Text, text

from .columns import JsonText, Moment, id_column, metadata, public_column, ref

OPEN: Final = "state IN ('pending', 'sending', 'retrying')"
ADDRESSED: Final = text("to_sealed IS NOT NULL AND ended_at IS NOT NULL")
"""What retention empties when its time is over."""

notifications = Table(
    "notifications",
    metadata,
    id_column(),
    public_column(),
    ref("account_id", "accounts"),
    ref("card_id", "cards", nullable=True),
    ref("contact_id", "contacts", nullable=True),
    Column("run", Text),  # whose step asked for it
    Column("chain", JsonText, nullable=False),  # the recipes by whose runs it came about, the last one last
    Column("template", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("to_sealed", Text),  # address and name; none once the person was erased
    Column("written_sealed", Text),  # what was sent; none before, and where nothing was
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text),  # the far server's words
    Column("reference", Text),  # the far server's name for it
    Column("tries", Integer, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("fence", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    CheckConstraint("via IN ('email', 'sms')", name="via"),
    CheckConstraint(
        "state IN ('pending', 'sending', 'retrying', 'sent', 'failed', 'cancelled', 'simulated')",
        name="state",
    ),
    Index("ix_notifications_account_id_id", "account_id", "id"),
    Index("ix_notifications_card_id", "card_id"),
    Index("ix_notifications_contact_id", "contact_id"),
    Index("ix_notifications_ended_at", "ended_at", sqlite_where=ADDRESSED, postgresql_where=ADDRESSED),
    Index(
        "ix_notifications_via_due_at",
        "via",
        "due_at",
        sqlite_where=text(OPEN),
        postgresql_where=text(OPEN),
    ),
)

# Somebody asked that the token of the account with this address be sent there: a row whoever it was,
# so that the answer takes as long for a stranger; a worker looks whose address it is.
token_requests = Table(
    "token_requests",
    metadata,
    id_column(),
    Column("address_sealed", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)
