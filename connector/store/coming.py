"""The next moment at which time has something to do in one account. Only a clock that is moved asks."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select

from .tables import awaited_completions, cards, holds, standing_runs

_LIVE: Final = (cards.c.expired_at.is_(None), cards.c.removed_at.is_(None))


def next_moment(connection: Connection, account_id: int, now: datetime, ahead: timedelta) -> datetime | None:
    """The earliest after `now`: of waits, holds and bookings the end; of cards expiry, notice, sending.

    People are told of an expiry `ahead` of it. None where nothing is to come.
    """
    told_at = connection.execute(
        _first(cards.c.expires_at, cards.c.account_id, account_id, now + ahead, *_TOLD)
    )
    told = told_at.scalar_one()
    moments = [None if told is None else told - ahead]
    moments += [
        connection.execute(_first(moment, account, account_id, now, *where)).scalar_one()
        for moment, account, *where in _COMING
    ]
    return min((moment for moment in moments if moment is not None), default=None)


_TOLD: Final = (*_LIVE, cards.c.expiry_told_at.is_(None), cards.c.disabled_at.is_(None))
_COMING: Final[tuple[tuple[Any, ...], ...]] = (
    (standing_runs.c.due_at, standing_runs.c.account_id),
    (awaited_completions.c.due_at, awaited_completions.c.account_id),
    (holds.c.expires_at, holds.c.account_id, holds.c.state == "open"),
    (cards.c.expires_at, cards.c.account_id, *_LIVE),
    (
        cards.c.deliver_at,
        cards.c.account_id,
        *_LIVE,
        cards.c.delivered_at.is_(None),
        cards.c.disabled_at.is_(None),
        cards.c.delivery != "none",
    ),
)


def _first(moment: Any, account: Any, account_id: int, now: datetime, *where: Any) -> Select[Any]:
    return select(func.min(moment)).where(account == account_id, moment > now, *where)
