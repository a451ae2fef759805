"""How endpoints are, read and written under their rows' locks: by whoever claims, and by whoever records.

The one rule: both hold the row, so that caps and breakers are right with any number of workers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, bindparam, select, update

from ..domain.endpoint_health import Condition, Health, health_json
from .columns import JsonText, Moment
from .endpoints import condition_of
from .prepared import Prepared
from .tables import endpoints
from .writer import Writing

GONE: Final = "gone"
DELETED: Final = "endpoint_deleted"
DROPPED: Final = "backlog_dropped"

_e: Final = endpoints.c
_WANTED: Final = select(
    *(_e.public_id, _e.account_id, _e.url, _e.kind, _e.status, _e.concurrency, _e.rate_limit, _e.ordering),
    *(_e.health, _e.held_until, _e.failing_since, _e.last_success_at),
    *(_e.disabled_reason, _e.deleted_at, _e.closing, _e.closing_to),
).where(_e.id == bindparam("endpoint", type_=BigInteger))
_ALONE: Final = Prepared(_WANTED)
_WAITING: Final = Prepared(_WANTED.with_for_update(key_share=True))
_PASSING: Final = Prepared(_WANTED.with_for_update(key_share=True, skip_locked=True))
_WRITE: Final = Prepared(
    update(endpoints)
    .where(_e.id == bindparam("endpoint", type_=BigInteger))
    .values(
        health=bindparam("new_health", type_=JsonText),
        held_until=bindparam("new_held", type_=Moment),
        failing_since=bindparam("new_failing", type_=Moment),
        last_success_at=bindparam("new_success", type_=Moment),
    )
)
_HELD: Final = Prepared(
    update(endpoints)
    .where(_e.id == bindparam("endpoint", type_=BigInteger))
    .values(health=bindparam("new_health", type_=JsonText))
)


@dataclass(frozen=True, slots=True)
class Held:
    """An endpoint whose row is ours until the commit."""

    id: int
    public_id: str
    account_id: int
    url: str
    kind: str
    status: str
    concurrency: int
    rate_limit: int | None
    ordering: str
    condition: Condition
    disabled_reason: str | None
    deleted_at: datetime | None
    closing: str | None
    closing_to: int | None

    @property
    def is_gone(self) -> bool:
        """Whether nothing is sent there any more: 410, for good."""
        return self.status == "disabled" and self.disabled_reason == GONE

    def takes(self, now: datetime) -> bool:
        """Whether anything may be sent there now."""
        until = self.condition.held_until
        is_switched_on = self.status == "enabled" and self.deleted_at is None and self.closing_to is None
        return is_switched_on and (until is None or until <= now)

    def ending(self, delivery_id: int) -> tuple[str, str] | None:
        """State and reason by which a delivery ends that cannot go on here; None: it goes on."""
        if self.deleted_at is not None:
            return "cancelled", DELETED
        if self.is_gone:
            return "dead", GONE
        if self.closing is None or self.closing_to is None or delivery_id > self.closing_to:
            return None
        return "dead" if self.closing == GONE else "cancelled", self.closing


_SAME: Final = tuple(name for name in Held.__slots__ if name not in ("id", "condition"))


def hold(tx: Writing, endpoint_id: int, *, or_pass: bool = False) -> Held | None:
    """The endpoint, its row held until the commit; `or_pass`: None where somebody else holds it."""
    return _held(endpoint_id, tx.fetch(_holding(tx, or_pass), {"endpoint": endpoint_id}))


def hold_each(tx: Writing, endpoint_ids: Sequence[int]) -> list[Held | None]:
    """As `hold`, of many; None in the place of each that somebody else holds."""
    asked = [{"endpoint": one} for one in endpoint_ids]
    found = tx.fetch_each(_holding(tx, or_pass=True), asked)
    return [_held(one, rows) for one, rows in zip(endpoint_ids, found, strict=True)]


def _holding(tx: Writing, or_pass: bool) -> Prepared:
    return _ALONE if tx.is_alone else _PASSING if or_pass else _WAITING


def _held(endpoint_id: int, rows: Sequence[dict[str, Any]]) -> Held | None:
    for row in rows:
        same = {name: row[name] for name in _SAME}
        return Held(id=endpoint_id, condition=condition_of(row), **same)
    return None


def write(tx: Writing, endpoint_id: int, condition: Condition) -> None:
    """Keep what an attempt made of a held endpoint."""
    values: dict[str, Any] = {
        "endpoint": endpoint_id,
        "new_health": health_json(condition.health),
        "new_held": condition.held_until,
        "new_failing": condition.failing_since,
        "new_success": condition.last_success_at,
    }
    tx.do(_WRITE, values)


def failing(connection: Connection, before: datetime) -> list[tuple[int, datetime, datetime | None]]:
    """Endpoints that have only failed since then or longer: number, since when, when somebody was warned."""
    wanted = select(_e.id, _e.failing_since, _e.warned_at).where(
        _e.failing_since <= before, _e.status == "enabled", _e.deleted_at.is_(None)
    )
    return [(row.id, row.failing_since, row.warned_at) for row in connection.execute(wanted)]


def warn(tx: Writing, endpoint_id: int, seen: datetime | None, at: datetime) -> bool:
    """Note that somebody is warned; False where another has done it since it was `seen`."""
    is_same = _e.warned_at.is_(None) if seen is None else _e.warned_at == seen
    here = update(endpoints).where(_e.id == endpoint_id, is_same)
    return tx.execute(here.values(warned_at=at)).rowcount == 1


def spend(tx: Writing, endpoint_id: int, health: Health) -> None:
    """Keep what is left of a held endpoint's allowance."""
    tx.do(_HELD, {"endpoint": endpoint_id, "new_health": health_json(health)})


def disable(tx: Writing, endpoint_id: int, reason: str, at: datetime) -> None:
    """Send nothing more to it, by our own decision."""
    tx.execute(
        update(endpoints)
        .where(_e.id == endpoint_id)
        .values(status="disabled", disabled_reason=reason, disabled_at=at, updated_at=at)
    )


def owe_unsubscribe(tx: Writing, endpoint_id: int, at: datetime | None, tries: int) -> None:
    """The tool behind a REST Hook is to be told then that it is switched off; None: it knows, or gave up."""
    values = {"unsubscribe_at": at, "unsubscribe_tries": tries}
    tx.execute(update(endpoints).where(_e.id == endpoint_id).values(values))


def unsubscribes_due(connection: Connection, now: datetime, limit: int) -> list[int]:
    """Endpoints, by their rows, whose tool is to be told now, oldest first."""
    wanted = select(_e.id).where(_e.unsubscribe_at.is_not(None), _e.unsubscribe_at <= now)
    return list(connection.execute(wanted.order_by(_e.unsubscribe_at, _e.id).limit(limit)).scalars())


def delete(tx: Writing, endpoint_id: int, at: datetime) -> None:
    """Delete a held endpoint for people; the rows that name it stay."""
    tx.execute(update(endpoints).where(_e.id == endpoint_id).values(deleted_at=at))
