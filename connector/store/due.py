"""What time has brought: cards and holds whose moment has come, each by its own account's clock.

A sandbox may have moved its clock, so every account is asked by its own now: one
probe of a partial index each. What is found may be another node's by the time that
it is done: whoever does it looks again under the card's lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Connection, TextClause, bindparam, select, text

from .columns import Moment
from .tables import cards
from .writer import Writing

_NOW: Final = ":now + accounts.clock_offset_us"
# CROSS JOIN, which SQLite takes as an order: accounts first, then each one's part of the index.
_OF_CARDS: Final = "SELECT cards.id, cards.account_id, cards.public_id FROM accounts CROSS JOIN cards"
_LIVE: Final = "cards.account_id = accounts.id AND cards.expired_at IS NULL AND cards.removed_at IS NULL"


@dataclass(frozen=True, slots=True)
class Due:
    """One card that something is to be done with; `id` is its row's number."""

    id: int
    account_id: int
    card: str


def _asks(sql: str) -> TextClause:
    return text(f"{sql} AND (:every OR accounts.id = :account) LIMIT :limit").bindparams(
        bindparam("now", type_=Moment),
        bindparam("limit"),
        bindparam("every", type_=Boolean),
        bindparam("account", type_=BigInteger),
    )


_EXPIRED: Final = _asks(f"{_OF_CARDS} WHERE {_LIVE} AND cards.expires_at <= {_NOW}")
_EXPIRING: Final = _asks(
    f"{_OF_CARDS} WHERE {_LIVE} AND cards.expiry_told_at IS NULL AND cards.disabled_at IS NULL"
    f" AND cards.expires_at > {_NOW} AND cards.expires_at <= {_NOW} + :ahead_us"
)
_DELIVERABLE: Final = _asks(
    f"{_OF_CARDS} WHERE {_LIVE} AND cards.deliver_at IS NOT NULL AND cards.delivered_at IS NULL"
    f" AND cards.disabled_at IS NULL AND cards.delivery <> 'none' AND cards.deliver_at <= {_NOW}"
)
_LAPSED: Final = _asks(
    f"""
    SELECT DISTINCT cards.id, cards.account_id, cards.public_id
    FROM accounts CROSS JOIN holds JOIN cards ON cards.id = holds.card_id
    WHERE holds.account_id = accounts.id AND holds.state = 'open' AND holds.expires_at <= {_NOW}
    """  # noqa: S608 - all of it is ours
)


def expired(connection: Connection, now: datetime, limit: int, account_id: int | None = None) -> list[Due]:
    """Cards whose life is over and whose expiry has not been done."""
    return _found(connection, _EXPIRED, now=now, limit=limit, account_id=account_id)


def expiring(
    connection: Connection, now: datetime, ahead: timedelta, limit: int, account_id: int | None = None
) -> list[Due]:
    """Cards that expire within `ahead`, of which it is not settled yet whether people are told."""
    ahead_us = ahead // timedelta(microseconds=1)
    return _found(connection, _EXPIRING, now=now, ahead_us=ahead_us, limit=limit, account_id=account_id)


def deliverable(
    connection: Connection, now: datetime, limit: int, account_id: int | None = None
) -> list[Due]:
    """Cards that were to be sent later, which is now."""
    return _found(connection, _DELIVERABLE, now=now, limit=limit, account_id=account_id)


def lapsed(connection: Connection, now: datetime, limit: int, account_id: int | None = None) -> list[Due]:
    """Cards with open holds whose time is over."""
    return _found(connection, _LAPSED, now=now, limit=limit, account_id=account_id)


def claim(tx: Writing, wanted: Sequence[Due]) -> list[Due]:
    """Those that nobody else works on at the moment, locked until the commit."""
    if tx.is_alone:
        return list(wanted)
    rows = select(cards.c.id).where(cards.c.id.in_([one.id for one in wanted])).order_by(cards.c.id)
    free = {row.id for row in tx.execute(rows.with_for_update(skip_locked=True))}
    return [one for one in wanted if one.id in free]


def _found(connection: Connection, asked: TextClause, account_id: int | None, **values: Any) -> list[Due]:
    whose = {"every": account_id is None, "account": account_id or 0}
    return [Due(*row) for row in connection.execute(asked, {**values, **whose})]
