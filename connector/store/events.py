"""Events as they were kept: their envelopes, without card codes. One, or a list of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, exists, select

from ..domain.jsontext import read_own
from .columns import is_name
from .narrowing import FEW, is_between, narrowed, newest_first
from .steering import shielded
from .tables import contacts, events, inbound_deliveries, runs
from .writer import Writing


@dataclass(frozen=True, slots=True)
class Kept:
    """One event; `envelope` is what recipes see as `event`.

    `contact_id` is a row's number; `contact` and `delivery` are public ids.
    """

    id: int
    public_id: str
    account_id: int
    type: str
    contact_id: int | None
    occurred_at: datetime
    created_at: datetime
    envelope: Mapping[str, Any]
    contact: str | None = None
    delivery: str | None = None


_JOINED: Final = (
    select(events, contacts.c.public_id.label("contact"), inbound_deliveries.c.public_id.label("delivery"))
    .outerjoin(contacts, contacts.c.id == events.c.contact_id)
    .outerjoin(inbound_deliveries, inbound_deliveries.c.id == events.c.delivery_id)
)


def by_id(connection: Connection | Writing, row: int) -> Kept:
    """The event with this row number."""
    return _kept(connection.execute(_JOINED.where(events.c.id == row)).mappings().one())


def find(connection: Connection | Writing, account_id: int | None, public_id: str) -> Kept | None:
    """The account's event with this id, or None; any account's where `account_id` is None."""
    if not is_name(public_id):
        return None
    wanted = _JOINED.where(events.c.public_id == public_id)
    if account_id is not None:
        wanted = wanted.where(events.c.account_id == account_id)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else _kept(row)


def lock(tx: Writing, event: Kept) -> Kept:
    """The event as it is now, held until the commit: of two who run it again, one is first.

    Lock its contact before: whoever erases or merges a person goes that way.
    """
    if not tx.is_alone:
        tx.execute(select(events.c.id).where(events.c.id == event.id).with_for_update(key_share=True))
    return by_id(tx, event.id)


def add_own(
    tx: Writing,
    *,
    public_id: str,
    account_id: int,
    contact_id: int | None,
    event_type: str,
    occurred_at: datetime,
    envelope: str,
) -> int | None:
    """Keep an event of our own making, which came by no source; None where it was kept before."""
    row = {
        "public_id": public_id,
        "account_id": account_id,
        "source_id": None,
        "delivery_id": None,
        "contact_id": contact_id,
        "type": event_type,
        "occurred_at": occurred_at,
        "envelope": envelope,
        "created_at": tx.wall,
    }
    return tx.insert_new(events, row, ("public_id",))


def page(
    connection: Connection,
    account_id: int,
    filters: Mapping[str, Any],
    *,
    before: int | None,
    limit: int,
    few: int = FEW,
) -> list[Kept]:
    """At most `limit` events, newest first, behind the row number `before`.

    `filters`: type; contact and source (a row's number); recipe and outcome, which one run of
    the event has both; since, until (when it was taken in).
    """
    found = narrowed(connection, _candidates(account_id, filters), few)
    if found is not None and not found:
        return []
    by_moments = connection.dialect.name == "sqlite" and is_between(filters)  # PostgreSQL is steered already
    own = shielded(events) if by_moments else events.c
    columns = {"type": own["type"], "contact": own["contact_id"], "source": own["source_id"]}
    wanted = _JOINED.where(events.c.account_id == account_id)
    wanted = wanted.where(*(column == filters[name] for name, column in columns.items() if name in filters))
    had = [runs.c[name] == filters[name] for name in ("recipe", "outcome") if name in filters]
    if had:
        wanted = wanted.where(exists().where(runs.c.event_id == events.c.id, *had))
    wanted = newest_first(connection, wanted, events, filters, found=found, before=before)
    return [_kept(row) for row in connection.execute(wanted.limit(limit)).mappings()]


def _candidates(account_id: int, filters: Mapping[str, Any]) -> Iterator[Select[Any]]:
    """By each filter the events that it lets through, by its own index."""
    own = select(events.c.id)
    if "type" in filters:
        yield own.where(events.c.account_id == account_id, events.c.type == filters["type"])
    for name in ("contact", "source"):
        if name in filters:
            yield own.where(events.c[f"{name}_id"] == filters[name])
    of_run = select(runs.c.event_id).where(runs.c.account_id == account_id, runs.c.event_id.is_not(None))
    had = [name for name in ("recipe", "outcome") if name in filters]
    for names in {(*had,), *((name,) for name in had)}:
        if names:
            yield of_run.where(*(runs.c[name] == filters[name] for name in names))


def of_delivery(connection: Connection | Writing, delivery_id: int) -> list[Kept]:
    """The events of the inbound delivery with this row number, in their order."""
    wanted = _JOINED.where(events.c.delivery_id == delivery_id).order_by(events.c.id)
    return [_kept(row) for row in connection.execute(wanted).mappings()]


def _kept(row: RowMapping) -> Kept:
    found = {name: row[name] for name in Kept.__slots__}
    return Kept(**{**found, "envelope": read_own(row["envelope"])})
