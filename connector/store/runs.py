"""Runs with their traces, and what `once_per` has taken."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, insert, select, update

from ..domain.keys_kept import kept
from .columns import is_name
from .narrowing import FEW, is_between, narrowed, newest_first
from .prepared import Prepared
from .steering import shielded
from .tables import contacts, events, once_taken, runs
from .writer import Writing

_ADD: Final = Prepared(insert(runs))


def add_all(tx: Writing, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the runs of one event: also those that did nothing, with the line that stopped them."""
    tx.do_all(_ADD, [{"replays": None, **row, "created_at": tx.now} for row in rows])


def take_once(tx: Writing, account_id: int, recipe: str, value: str, run: str) -> bool:
    """Claim `once_per` for life; False where another run has it. Of the value a digest is kept."""
    values = {
        "account_id": account_id,
        "recipe": recipe,
        "value": kept(value),
        "run": run,
        "taken_at": tx.now,
    }
    return tx.insert_new(once_taken, values, ("account_id", "recipe", "value")) is not None


def who_took(connection: Connection | Writing, account_id: int, recipe: str, value: str) -> str | None:
    """The run that has this value of `once_per`, or None."""
    wanted = select(once_taken.c.run).where(
        once_taken.c.account_id == account_id,
        once_taken.c.recipe == recipe,
        once_taken.c.value == kept(value),
    )
    return connection.execute(wanted).scalar()


@dataclass(frozen=True, slots=True)
class Kept:
    """A run as it was kept; `contact_id` is a row's number, `contact` and `event` public ids."""

    id: int
    public_id: str
    account_id: int
    event_id: int | None
    event: str | None
    contact_id: int | None
    contact: str | None
    recipe: str
    revision: str
    outcome: str
    reason: str | None
    place: str | None
    trace: list[Any]
    outputs: Mapping[str, Any]
    created_at: datetime
    replays: str | None = None


_JOINED: Final = (
    select(runs, events.c.public_id.label("event"), contacts.c.public_id.label("contact"))
    .outerjoin(events, events.c.id == runs.c.event_id)
    .outerjoin(contacts, contacts.c.id == runs.c.contact_id)
)


def find(connection: Connection | Writing, account_id: int, public_id: str) -> Kept | None:
    """The account's run with this id, or None."""
    if not is_name(public_id):
        return None
    wanted = _JOINED.where(runs.c.account_id == account_id, runs.c.public_id == public_id)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else _kept(row)


def lock(tx: Writing, account_id: int, public_id: str) -> Kept | None:
    """The account's run as it is now, held until the commit: nobody else goes on with it or ends it."""
    if is_name(public_id) and not tx.is_alone:
        wanted = select(runs.c.id).where(runs.c.account_id == account_id, runs.c.public_id == public_id)
        tx.execute(wanted.with_for_update())
    return find(tx, account_id, public_id)


def page(
    connection: Connection,
    account_id: int,
    filters: Mapping[str, Any],
    *,
    before: int | None,
    limit: int,
    few: int = FEW,
) -> list[Kept]:
    """At most `limit` runs, newest first, behind the row number `before`.

    `filters`: recipe, outcome, replays; contact and source (a row's number); event (its public id),
    type (the event's); since, until.
    """
    found = narrowed(connection, _candidates(account_id, filters), few)
    if found is not None and not found:
        return []
    # A walk over runs, newest first, must not become one over events, nor one by moments one by
    # another filter; PostgreSQL is steered already.
    is_sqlite = connection.dialect.name == "sqlite"
    of_event = shielded(events) if is_sqlite else events.c
    own = shielded(runs) if is_sqlite and is_between(filters) else runs.c
    columns = {
        "recipe": own["recipe"],
        "outcome": own["outcome"],
        "replays": own["replays"],
        "contact": own["contact_id"],
        "event": of_event["public_id"],
        "source": of_event["source_id"],
        "type": of_event["type"],
    }
    wanted = _JOINED.where(runs.c.account_id == account_id)
    wanted = wanted.where(*(column == filters[name] for name, column in columns.items() if name in filters))
    wanted = newest_first(connection, wanted, runs, filters, found=found, before=before)
    return [_kept(row) for row in connection.execute(wanted.limit(limit)).mappings()]


def _candidates(account_id: int, filters: Mapping[str, Any]) -> Iterator[Select[Any]]:
    """By each filter the runs that it lets through, by its own index."""
    own = select(runs.c.id)
    for name in ("recipe", "outcome"):
        if name in filters:
            yield own.where(runs.c.account_id == account_id, runs.c[name] == filters[name])
    if "replays" in filters:
        yield own.where(runs.c.replays == filters["replays"])
    if "contact" in filters:
        yield own.where(runs.c.contact_id == filters["contact"])
    by_event = own.join(events, events.c.id == runs.c.event_id)
    if "event" in filters:
        yield by_event.where(events.c.public_id == filters["event"])
    if "source" in filters:
        yield by_event.where(events.c.source_id == filters["source"])
    if "type" in filters:
        yield by_event.where(events.c.account_id == account_id, events.c.type == filters["type"])


def of_event(connection: Connection | Writing, event_id: int, recipe: str | None = None) -> list[Kept]:
    """The runs of the event with this row number, newest first; of one recipe, or of all."""
    wanted = _JOINED.where(runs.c.event_id == event_id)
    if recipe is not None:
        wanted = wanted.where(runs.c.recipe == recipe)
    return [_kept(row) for row in connection.execute(wanted.order_by(runs.c.id.desc())).mappings()]


def of_delivery(connection: Connection | Writing, delivery_id: int) -> list[Kept]:
    """The runs of all events of the inbound delivery with this row number, newest first."""
    wanted = _JOINED.where(events.c.delivery_id == delivery_id).order_by(runs.c.id.desc())
    return [_kept(row) for row in connection.execute(wanted).mappings()]


def go_on(tx: Writing, run: Kept, values: Mapping[str, Any]) -> None:
    """Write what became of a run that stood still."""
    tx.execute(update(runs).where(runs.c.id == run.id).values(**values))


def _kept(row: RowMapping) -> Kept:
    return Kept(**{name: row[name] for name in Kept.__slots__})
