"""Where each schedule is: its next moment, the tick that is being gone over, and behind whom to go on.

Whoever holds a row's lock runs its tick; all that a batch did and the cursor behind it commit together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, literal, select, tuple_, update

from . import contacts as contact_rows
from .columns import Moment
from .contacts import Contact
from .tables import cards, contacts, schedule_ticks
from .writer import Writing


@dataclass(frozen=True, slots=True)
class Place:
    """Behind whom to go on: a row's number, for cards with when it was made. The first is behind nobody."""

    id: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """One recipe's schedule in one account.

    `planned_at`: when `next_at` (None: never again) was worked out, by `plan`. `tick_at`: the
    last tick, None before the first; it is being gone over where there is a `place`. `upto_id`: the
    newest row when it began; what is made later, by its own runs too, has its turn at the next tick.
    `counts`: what came of it so far.
    """

    account_id: int
    recipe: str
    plan: str
    planned_at: datetime
    next_at: datetime | None
    tick_at: datetime | None = None
    place: Place | None = None
    upto_id: int = 0
    counts: Mapping[str, Any] = field(default_factory=dict)
    ended_at: datetime | None = None


def every(connection: Connection, account_id: int | None = None) -> list[Tick]:
    """All rows, or those of one account; by recipe."""
    wanted = select(schedule_ticks).order_by(schedule_ticks.c.recipe, schedule_ticks.c.account_id)
    if account_id is not None:
        wanted = wanted.where(schedule_ticks.c.account_id == account_id)
    return [_tick(row) for row in connection.execute(wanted).mappings()]


def note(tx: Writing, tick: Tick) -> None:
    """Note a schedule that is seen for the first time; one that is known stays as it is."""
    row = {"account_id": tick.account_id, "recipe": tick.recipe, **_values(tick)}
    tx.insert_new(schedule_ticks, row, ("account_id", "recipe"))


def claim(tx: Writing, account_id: int, recipe: str) -> Tick | None:
    """The row, held until the commit; None where there is none, or another node is at it."""
    wanted = select(schedule_ticks).where(*_at(account_id, recipe))
    held = wanted if tx.is_alone else wanted.with_for_update(skip_locked=True)
    row = tx.execute(held).mappings().first()
    return None if row is None else _tick(row)


def write(tx: Writing, tick: Tick) -> None:
    """Write a row that was claimed."""
    tx.execute(update(schedule_ticks).where(*_at(tick.account_id, tick.recipe)).values(**_values(tick)))


def forget(tx: Writing, recipes: Sequence[str]) -> None:
    """Recipes that somebody stopped: where they act again, they are seen for the first time."""
    tx.execute(delete(schedule_ticks).where(schedule_ticks.c.recipe.in_(recipes)))


def newest_contact(tx: Writing) -> int:
    """The number of the newest row of all accounts; 0 where there is none."""
    return int(tx.execute(select(func.max(contacts.c.id))).scalar() or 0)


def newest_card(tx: Writing) -> int:
    """As `newest_contact`."""
    return int(tx.execute(select(func.max(cards.c.id))).scalar() or 0)


def contacts_behind(tx: Writing, account_id: int, place: Place, upto_id: int, limit: int) -> list[Contact]:
    """The next people of an account: neither merged nor erased, and none newer than `upto_id`."""
    wanted = (
        select(contacts)
        .where(contacts.c.account_id == account_id, contacts.c.id > place.id, contacts.c.id <= upto_id)
        .where(contacts.c.merged_into.is_(None), contacts.c.erased_at.is_(None))
        .order_by(contacts.c.id)
        .limit(limit)
    )
    return [contact_rows.contact_of(row) for row in tx.execute(wanted).mappings()]


def cards_behind(
    tx: Writing, account_id: int, place: Place, upto_id: int, limit: int
) -> list[tuple[str, Place]]:
    """The next cards of an account that are not removed, by when they were made: id, and their place.

    None is newer than the row `upto_id`. A moment would not do for that: what a tick
    makes in its first transaction has the moment of its beginning.
    """
    wanted = (
        select(cards.c.public_id, cards.c.id, cards.c.created_at)
        .where(cards.c.account_id == account_id, cards.c.removed_at.is_(None), cards.c.id <= upto_id)
        .order_by(cards.c.created_at, cards.c.id)
        .limit(limit)
    )
    if place.at is not None:
        wanted = wanted.where(
            tuple_(cards.c.created_at, cards.c.id) > tuple_(literal(place.at, Moment), literal(place.id))
        )
    return [(row.public_id, Place(row.id, row.created_at)) for row in tx.execute(wanted)]


def _at(account_id: int, recipe: str) -> tuple[Any, ...]:
    return (schedule_ticks.c.account_id == account_id, schedule_ticks.c.recipe == recipe)


def _values(tick: Tick) -> dict[str, Any]:
    return {
        "plan": tick.plan,
        "planned_at": tick.planned_at,
        "next_at": tick.next_at,
        "tick_at": tick.tick_at,
        "cursor_at": None if tick.place is None else tick.place.at,
        "cursor_id": None if tick.place is None else tick.place.id,
        "upto_id": tick.upto_id,
        "counts": dict(tick.counts),
        "ended_at": tick.ended_at,
    }


def _tick(row: RowMapping) -> Tick:
    place = None if row["cursor_id"] is None else Place(row["cursor_id"], row["cursor_at"])
    return Tick(
        row["account_id"],
        row["recipe"],
        row["plan"],
        row["planned_at"],
        row["next_at"],
        row["tick_at"],
        place,
        row["upto_id"],
        row["counts"],
        row["ended_at"],
    )
