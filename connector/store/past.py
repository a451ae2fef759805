"""What was, for a backtest: events in the order in which they came, and what a recipe had given. Reads only.

Events are read by type, page behind page: those that nobody asked for are never touched.
Moments are whole microseconds since 1970 here, for there are hundreds of thousands of them.
"""

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, bindparam, func, or_, select, type_coerce

from . import contacts as contact_rows
from .contacts import Contact
from .tables import (
    cards,
    contacts,
    early_undos,
    events,
    facts,
    gifts,
    inbound_deliveries,
    once_taken,
    runs,
    sightings,
    sources,
    transfers,
    undoable_runs,
)

PAGE: Final = 2_000
_PARTS_OF_ALIKE: Final = 6  # points.earned:2026-11-20T14:00:00+00:00:10, as flows/totals.py writes it
TELLS_TAGS: Final = '%"tags":["%'
"""What the text of an envelope holds that tells any tag; more may hold it, in the platform's own words."""

Came = tuple[int, str, int | None, int | None, int, int, str, str]
"""An event: row, type, contact and source (rows), when it occurred and came, its envelope, its public id."""

_CAME: Final = (
    select(
        events.c.id,
        events.c.type,
        events.c.contact_id,
        events.c.source_id,
        type_coerce(events.c.occurred_at, BigInteger),
        type_coerce(events.c.created_at, BigInteger),
        events.c.envelope,
        events.c.public_id,
    )
    .where(events.c.account_id == bindparam("account_id"), events.c.type == bindparam("type"))
    .where(events.c.id > bindparam("behind"), events.c.created_at < bindparam("until"))
    .order_by(events.c.id)
    .limit(PAGE)
)
_TELLING_TAGS: Final = _CAME.where(events.c.envelope.like(TELLS_TAGS))


def types_of(connection: Connection, account_id: int) -> list[str]:
    """Every type of event that the account has."""
    wanted = select(events.c.type).where(events.c.account_id == account_id).distinct()
    return [str(row[0]) for row in connection.execute(wanted)]


def counting_spend(connection: Connection, account_id: int) -> dict[int, bool]:
    """By source: whether what it tells of sales counts (`counts_spend`)."""
    wanted = select(sources.c.id, sources.c.settings).where(sources.c.account_id == account_id)
    return {row.id: bool(row.settings.get("counts_spend", True)) for row in connection.execute(wanted)}


def count(connection: Connection, account_id: int, types: Collection[str]) -> int:
    """How many events of these types there are."""
    wanted = select(func.count()).where(events.c.account_id == account_id, events.c.type.in_(sorted(types)))
    return int(connection.execute(wanted).scalar_one())


def came(
    connection: Connection,
    account_id: int,
    types: Mapping[str, bool],
    until: datetime,
    telling: Mapping[str, Sequence[Came]] | None = None,
) -> Iterator[Came]:
    """The events of these types that came before `until`, in the order in which they were kept.

    False beside a type: only those whose envelope tells tags; `telling` has these where they were
    read before, for to find them each envelope is searched.
    """
    streams: list[Iterable[Came]] = [
        telling.get(one, ())
        if telling is not None and not is_whole
        else _of_type(connection, account_id, one, until, is_whole)
        for one, is_whole in sorted(types.items())
    ]
    return heapq.merge(*streams, key=itemgetter(0))


def _of_type(
    connection: Connection, account_id: int, event_type: str, until: datetime, is_whole: bool
) -> Iterator[Came]:
    behind = 0
    statement = _CAME if is_whole else _TELLING_TAGS
    while True:
        values = {"account_id": account_id, "type": event_type, "behind": behind, "until": until}
        rows: Sequence[Any] = connection.execute(statement, values).all()
        yield from rows
        if len(rows) < PAGE:
            return
        behind = rows[-1][0]


def people(connection: Connection, rows: Collection[int]) -> dict[int, Contact]:
    """The contacts of these rows as they are now; of one that was merged, the one that it went on as."""
    found: dict[int, Contact] = {}
    asked = wanted = set(rows)
    while wanted:
        read = connection.execute(select(contacts).where(contacts.c.id.in_(sorted(wanted))))
        for row in read.mappings().all():
            found[row["id"]] = contact_rows.contact_of(row)
        merged = {one.merged_into for one in found.values() if one.merged_into is not None}
        wanted = {one for one in merged if one is not None and one not in found}
    return {row: found[one.merged_into or row] for row, one in found.items() if row in asked}


def everybody(connection: Connection, account_id: int, *, is_tagged: bool = False) -> Iterator[Contact]:
    """The account's people, neither merged nor erased, in the order in which a schedule goes over them.

    `is_tagged`: only those of whose tags anything was ever said.
    """
    behind = 0
    while True:
        wanted = (
            select(contacts)
            .where(contacts.c.account_id == account_id, contacts.c.id > behind)
            .where(contacts.c.merged_into.is_(None), contacts.c.erased_at.is_(None))
            .order_by(contacts.c.id)
            .limit(PAGE)
        )
        if is_tagged:
            wanted = wanted.where(contacts.c.tags != {})
        rows = connection.execute(wanted).mappings().all()
        yield from map(contact_rows.contact_of, rows)
        if len(rows) < PAGE:
            return
        behind = rows[-1]["id"]


def own_points(connection: Connection, account_id: int) -> list[tuple[int, datetime, int, Mapping[str, Any]]]:
    """Lines of points that came by our own doors: contact, when, how many, who and why. Oldest first."""
    wanted = (
        select(facts.c.contact_id, facts.c.first_at, facts.c.amount, facts.c.detail)
        .join(contacts, contacts.c.id == facts.c.contact_id)
        .where(contacts.c.account_id == account_id, facts.c.kind == "points", facts.c.source_id == 0)
        .order_by(facts.c.first_at, facts.c.id)
    )
    return [
        (row.contact_id, row.first_at, row.amount, row.detail or {}) for row in connection.execute(wanted)
    ]


def unkeyed_points(connection: Connection, account_id: int) -> Counter[tuple[int, int, str]]:
    """How many awards without a key there are of one contact, source, moment and number.

    Their envelopes do not say what tells them apart, so a backtest counts as many of them as there are.
    """
    wanted = (
        select(facts.c.contact_id, facts.c.source_id, facts.c.subject)
        .join(contacts, contacts.c.id == facts.c.contact_id)
        .where(contacts.c.account_id == account_id, facts.c.kind == "points")
        .where(facts.c.subject.like("points.earned:%"))
    )
    return Counter(
        (row.contact_id, row.source_id, ":".join(row.subject.split(":")[:_PARTS_OF_ALIKE]))
        for row in connection.execute(wanted)
    )


def gifts_before(
    connection: Connection, account_id: int, recipe: str, until: datetime
) -> list[tuple[int | None, int, str, datetime]]:
    """What the recipe had given by then: contact, minor units, currency, when. Oldest first."""
    wanted = (
        select(gifts.c.contact_id, gifts.c.amount, gifts.c.currency, gifts.c.given_at)
        .where(gifts.c.account_id == account_id, gifts.c.recipe == recipe, gifts.c.given_at < until)
        .order_by(gifts.c.given_at, gifts.c.id)
    )
    return [(row.contact_id, row.amount, row.currency, row.given_at) for row in connection.execute(wanted)]


def taken_before(connection: Connection, account_id: int, recipe: str, until: datetime) -> set[str]:
    """The `once_per` values that the recipe had taken by then."""
    taken = once_taken.c
    wanted = select(taken.value).where(taken.account_id == account_id, taken.recipe == recipe)
    return {str(row.value) for row in connection.execute(wanted.where(taken.taken_at < until))}


def sighted_before(
    connection: Connection, account_id: int, recipe: str, until: datetime
) -> list[tuple[int, str, datetime, str, str]]:
    """What events had told of by then, for `same_as`: contact, subject, when, source, event."""
    at = sightings.c
    wanted = (
        select(at.contact_id, at.subject, at.at, at.source, at.event)
        .join(events, events.c.public_id == at.event)
        .where(at.account_id == account_id, at.recipe == recipe, events.c.created_at < until)
        .order_by(at.id)
    )
    found = connection.execute(wanted)
    return [(row.contact_id, row.subject, row.at, row.source, row.event) for row in found]


def undoable_before(
    connection: Connection, account_id: int, recipe: str, since: datetime
) -> list[tuple[str, datetime, str | None, int | None]]:
    """The recipe's runs of before that an event could still take back: key, until when, source, contact."""
    at = undoable_runs.c
    wanted = (
        select(at.key, at.until, at.source, at.contact_id)
        .join(runs, runs.c.public_id == at.run)
        .where(at.account_id == account_id, at.recipe == recipe, runs.c.created_at < since)
        .where(at.until >= since, or_(at.undone_at.is_(None), at.undone_at >= since))
        .order_by(at.id)
    )
    return [(row.key, row.until, row.source, row.contact_id) for row in connection.execute(wanted)]


def undos_before(
    connection: Connection, account_id: int, recipe: str, since: datetime
) -> list[tuple[str, tuple[str, datetime, datetime, datetime, str | None, int | None]]]:
    """Undos of before: key; and event, when it happened, when it came, until when, source and contact."""
    at = early_undos.c
    wanted = (
        select(at.key, at.event, at.at, at.told_at, at.until, at.source, at.contact_id)
        .where(at.account_id == account_id, at.recipe == recipe, at.told_at < since, at.until >= since)
        .order_by(at.id)
    )
    rows = connection.execute(wanted)
    return [
        (row.key, (row.event, row.at, row.told_at, row.until, row.source, row.contact_id)) for row in rows
    ]


def is_timed(connection: Connection, event: str, clock_offset: timedelta) -> bool:
    """Whether the event says itself when it happened; else it did as its delivery came in."""
    wanted = (
        select(events.c.occurred_at, inbound_deliveries.c.received_at)
        .join(inbound_deliveries, inbound_deliveries.c.id == events.c.delivery_id)
        .where(events.c.public_id == event)
    )
    row = connection.execute(wanted).first()
    return row is None or row.occurred_at != row.received_at + clock_offset


def moments_of_runs(
    connection: Connection, account_id: int, recipe: str, since: datetime
) -> set[tuple[int, datetime]]:
    """Contact and moment of each of the recipe's runs from then on: what they did is done anew."""
    wanted = select(runs.c.contact_id, runs.c.created_at).where(
        runs.c.account_id == account_id,
        runs.c.recipe == recipe,
        runs.c.created_at >= since,
        runs.c.contact_id.is_not(None),
    )
    return {(row.contact_id, row.created_at) for row in connection.execute(wanted)}


def last_redeemed_at(
    connection: Connection, account_id: int, contact_id: int, at: datetime
) -> datetime | None:
    """When one of the contact's cards was last spent from, up to then."""
    wanted = (
        select(func.max(transfers.c.created_at))
        .join(cards, cards.c.id == transfers.c.card_id)
        .where(
            cards.c.account_id == account_id,
            cards.c.contact_id == contact_id,
            transfers.c.type.in_(("redeem", "capture")),
            transfers.c.created_at <= at,
        )
    )
    found: datetime | None = connection.execute(wanted).scalar()
    return found


def not_given_by(recipe: str, since: datetime) -> Any:
    """Of cards: all but those that the recipe made from then on."""
    return or_(cards.c.recipe.is_(None), cards.c.recipe != recipe, cards.c.created_at < since)
