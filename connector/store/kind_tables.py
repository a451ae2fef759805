"""When cards of a kind were made: so few rows that a list which skips most cards asks them first.

The one rule: nobody writes here but the database itself, whenever a card is made or changed
(migration 0019), so that no kind of card is ever missing. What was once so stays, in vain at worst.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Table, Text

from .columns import metadata

WEEK_US: Final = 7 * 86_400 * 1_000_000


def _number(name: str) -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


# `made` counts times of four weeks from 1970 on; no program and no recipe are "".
card_kinds: Final = Table(
    "card_kinds",
    metadata,
    _number("account_id"),
    *(Column(name, Text, primary_key=True) for name in ("program", "recipe", "source", "currency")),
    _number("made"),
    sqlite_with_rowid=False,
)

# The weeks in which cards end that were made in the week `made`, both counted from 1970 on.
card_ends: Final = Table(
    "card_ends",
    metadata,
    *(_number(name) for name in ("account_id", "made", "ends")),
    sqlite_with_rowid=False,
)
