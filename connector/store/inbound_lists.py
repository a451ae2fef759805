"""Lists of inbound deliveries, newest first; bodies stay sealed, and where they are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, exists, select

from .columns import is_name
from .narrowing import FEW, narrowed
from .tables import events, inbound_deliveries, runs, sources
from .writer import Writing


@dataclass(frozen=True, slots=True)
class Listed:
    """An inbound delivery without what it said. `due_at`: when a worker runs it, None: not any more."""

    id: int
    public_id: str
    source: str
    adapter: str
    received_at: datetime
    status: str
    reason: str | None
    tries: int
    due_at: datetime | None


_LISTED: Final = select(
    *(
        inbound_deliveries.c[name]
        for name in ("id", "public_id", "received_at", "status", "reason", "tries", "due_at")
    ),
    sources.c.slug.label("source"),
    sources.c.adapter,
).join(sources, sources.c.id == inbound_deliveries.c.source_id)


def find(connection: Connection | Writing, account_id: int, public_id: str) -> Listed | None:
    """The account's inbound delivery with this id, or None."""
    if not is_name(public_id):
        return None
    at = inbound_deliveries.c.account_id == account_id, inbound_deliveries.c.public_id == public_id
    row = connection.execute(_LISTED.where(*at)).mappings().first()
    return None if row is None else _listed(row)


def page(
    connection: Connection,
    account_id: int,
    filters: Mapping[str, Any],
    *,
    before: int | None,
    limit: int,
    few: int = FEW,
) -> list[Listed]:
    """At most `limit` deliveries, newest first, behind the row number `before`.

    `filters`: status; source (a row's number); type and contact (a row's number), which one of its
    events has; recipe and outcome, which one run of these has; since, until (when it came).
    """
    found = narrowed(connection, _candidates(account_id, filters), few)
    if found is not None and not found:
        return []
    delivery = inbound_deliveries.c
    wanted = _LISTED.where(delivery.account_id == account_id)
    if found is not None:
        wanted = wanted.where(delivery.id.in_(found))
    if "status" in filters:
        wanted = wanted.where(delivery.status == filters["status"])
    if "source" in filters:
        wanted = wanted.where(delivery.source_id == filters["source"])
    of_event = {"type": events.c.type, "contact": events.c.contact_id}
    had = [column == filters[name] for name, column in of_event.items() if name in filters]
    of_run = [runs.c[name] == filters[name] for name in ("recipe", "outcome") if name in filters]
    if of_run:
        had.append(exists().where(runs.c.event_id == events.c.id, *of_run))
    if had:
        wanted = wanted.where(exists().where(events.c.delivery_id == delivery.id, *had))
    if "since" in filters:
        wanted = wanted.where(delivery.received_at >= filters["since"])
    if "until" in filters:
        wanted = wanted.where(delivery.received_at < filters["until"])
    if before is not None:
        wanted = wanted.where(delivery.id < before)
    rows = connection.execute(wanted.order_by(delivery.id.desc()).limit(limit)).mappings()
    return [_listed(row) for row in rows]


def _candidates(account_id: int, filters: Mapping[str, Any]) -> Iterator[Select[Any]]:
    """By each filter the deliveries that it lets through, by its own index."""
    delivery = inbound_deliveries.c
    if "status" in filters:
        yield select(delivery.id).where(
            delivery.account_id == account_id, delivery.status == filters["status"]
        )
    if "source" in filters:
        yield select(delivery.id).where(delivery.source_id == filters["source"])
    by_event = select(events.c.delivery_id).where(events.c.delivery_id.is_not(None))
    if "type" in filters:
        yield by_event.where(events.c.account_id == account_id, events.c.type == filters["type"])
    if "contact" in filters:
        yield by_event.where(events.c.contact_id == filters["contact"])
    for name in ("recipe", "outcome"):
        if name in filters:
            of_run = runs.c.account_id == account_id, runs.c[name] == filters[name]
            yield by_event.join(runs, runs.c.event_id == events.c.id).where(*of_run)


def _listed(row: RowMapping) -> Listed:
    return Listed(**{name: row[name] for name in Listed.__slots__})
