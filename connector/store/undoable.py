"""Runs that an event can take back, by what their recipe's `same` gave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, true, update

from .tables import cards, contacts, gifts, undoable_runs
from .writer import Writing

_u = undoable_runs.c


@dataclass(frozen=True, slots=True)
class About:
    """What tells one run or event from another: what `same` gave, who told it, whom it concerns.

    `source` None: a message or schedule of our own. `contact_id`: a row's number; None: nobody is known.
    """

    key: str
    source: str | None
    contact_id: int | None


@dataclass(frozen=True, slots=True)
class Undoable:
    """A run that can be taken back, and whose it is."""

    id: int
    run: str
    contact_id: int | None


def add(tx: Writing, account_id: int, *, recipe: str, about: About, run: str, until: datetime) -> None:
    """An event about the same takes the run back, until then."""
    values = {
        "account_id": account_id,
        "recipe": recipe,
        "key": about.key,
        "source": about.source,
        "contact_id": about.contact_id,
        "run": run,
        "until": until,
        "undone_at": None,
    }
    tx.insert_new(undoable_runs, values, ("run",))


def find(tx: Writing, account_id: int, recipe: str, about: About) -> list[Undoable]:
    """The runs that such an event can take back now, oldest first.

    Of another source or another person the same key means something else. What is not known of
    either, the event or the run, parts none.
    """
    wanted = select(_u.id, _u.run, _u.contact_id).where(
        *_is_about(account_id, recipe, about), _u.undone_at.is_(None), _u.until >= tx.now
    )
    return [Undoable(row.id, str(row.run), row.contact_id) for row in tx.execute(wanted.order_by(_u.id))]


def take(tx: Writing, found: Undoable) -> bool:
    """Mark it as taken back; False where somebody has."""
    is_open = _u.id == found.id, _u.undone_at.is_(None)
    return tx.execute(update(undoable_runs).where(*is_open).values(undone_at=tx.now)).rowcount == 1


def first_undone(tx: Writing, runs: Sequence[str]) -> str | None:
    """The first of these runs that was taken back, or None."""
    wanted = select(_u.run).where(_u.run.in_(runs), _u.undone_at.is_not(None)).order_by(_u.id).limit(1)
    return tx.execute(wanted).scalar() if runs else None


def hold(tx: Writing, people: Sequence[int]) -> None:
    """Hold these contacts until the commit, in the order of their rows, as whoever merges them does."""
    if people and not tx.is_alone:
        wanted = select(contacts.c.id).where(contacts.c.id.in_(people)).order_by(contacts.c.id)
        tx.execute(wanted.with_for_update())


def _is_about(account_id: int, recipe: str, about: About) -> Sequence[Any]:
    source = true() if about.source is None else or_(_u.source.is_(None), _u.source == about.source)
    whose = (
        true()
        if about.contact_id is None
        else or_(_u.contact_id.is_(None), _u.contact_id == about.contact_id)
    )
    return _u.account_id == account_id, _u.recipe == recipe, _u.key == about.key, source, whose


def given_by(tx: Writing, run: str) -> list[tuple[str, int]]:
    """Card (its public id) and minor units of what the run gave, in the order of the cards' rows."""
    given = func.sum(gifts.c.amount).label("amount")
    wanted = (
        select(cards.c.public_id, given)
        .join(cards, cards.c.id == gifts.c.card_id)
        .where(gifts.c.run == run)
        .group_by(cards.c.id, cards.c.public_id)
        .order_by(cards.c.id)
    )
    return [(str(row.public_id), int(row.amount)) for row in tx.execute(wanted)]
