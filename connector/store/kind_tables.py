"""When cards of a kind were made: so few rows that a list which skips most cards asks them first.

The one rule: nobody writes here but the database itself, whenever a card is made or changed
(migration 0019), so that no kind of card is ever missing. What was once so stays, in vain at worst.
A row may stand twice where two wrote at once: a unique key would have each wait for the other's commit.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Table, Text

from .columns import metadata

WEEK_US: Final = 7 * 86_400 * 1_000_000


def _number(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


# `made` counts times of four weeks from 1970 on; no program and no recipe are "".
card_kinds: Final = Table(
    "card_kinds",
    metadata,
    _number("account_id"),
    *(Column(name, Text, nullable=False) for name in ("program", "recipe", "source", "currency")),
    _number("made"),
    Index("ix_card_kinds_account_id", "account_id", "program", "recipe", "source", "currency", "made"),
)

# The weeks in which cards end that were made in the week `made`, both counted from 1970 on.
card_ends: Final = Table(
    "card_ends",
    metadata,
    *(_number(name) for name in ("account_id", "made", "ends")),
    Index("ix_card_ends_account_id", "account_id", "made", "ends"),
)
