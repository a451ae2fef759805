"""The table of the keys that have sealed something in this database."""

from typing import Final

from sqlalchemy import Column, Table, Text

from .columns import Moment, metadata

# Names only, as every sealed text has its key's: a key itself is never in a database.
ring_keys: Final = Table(
    "ring_keys",
    metadata,
    Column("name", Text, primary_key=True),
    Column("added_at", Moment, nullable=False),
)
