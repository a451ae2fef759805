"""Tables of orders: which ones an account knows of, and which card each piece of them became."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, Text, UniqueConstraint

from .columns import Moment, id_column, metadata, ref

# An order as its shop named it. `source` is who told of it, '' the REST API; `number` is what clients
# of seed 002 call it by, none where its name holds no number.
orders: Final = Table(
    "orders",
    metadata,
    id_column(),
    ref("account_id", "accounts"),
    Column("source", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("number", BigInteger),
    ref("contact_id", "contacts", nullable=True),
    ref("event_id", "events", nullable=True),  # that told of it, and on which recipes began
    Column("currency", Text, nullable=False),
    Column("total_amount", BigInteger),  # none where it was not told exactly
    Column("refunded_amount", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    CheckConstraint("refunded_amount >= 0", name="refunded"),
    UniqueConstraint("account_id", "source", "name"),
    Index("ix_orders_account_id_number", "account_id", "number"),
    Index("ix_orders_account_id_id", "account_id", "id"),
    Index("ix_orders_contact_id", "contact_id"),
)

# One gift card of an order: a piece of a line, counted from 0. `job_id`: that is to make its card,
# under the code in `code_sealed` where one was predefined; `card_id` once there is one.
order_entries: Final = Table(
    "order_entries",
    metadata,
    id_column(),
    ref("order_id", "orders"),
    Column("line", Text, nullable=False),
    Column("line_number", BigInteger),
    Column("place", BigInteger, nullable=False),
    Column("amount", BigInteger),  # what one piece costs; none where that was not told exactly
    Column("currency", Text, nullable=False),
    Column("code_sealed", Text),
    ref("job_id", "jobs", nullable=True),
    ref("card_id", "cards", nullable=True),
    UniqueConstraint("order_id", "line", "place"),
    UniqueConstraint("card_id"),
)
