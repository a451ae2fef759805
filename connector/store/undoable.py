"""Runs that an event can take back, by what their recipe's `same` gave; and events that took something back.

The one rule: of what `same` gave a digest is kept, never the words.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, or_, select, true, update

from ..domain.keys_kept import kept
from .prepared import Prepared
from .tables import cards, contacts, early_undos, gifts, standing_runs, undoable_runs
from .writer import Writing

_u = undoable_runs.c
_early = early_undos.c
_REMEMBER = Prepared(insert(early_undos))


@dataclass(frozen=True, slots=True)
class About:
    """What tells one run or event from another: what `same` gave, who told it, whom it concerns.

    `source` None: a message or schedule of our own. `contact_id`: a row's number; None: nobody is known.
    """

    key: str
    source: str | None
    contact_id: int | None


@dataclass(frozen=True, slots=True)
class By:
    """By which revision's clause runs are taken back: by this one, or (None) by today's, all `but` these."""

    recipe: str
    revision: str | None = None
    but: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Undoable:
    """A run that can be taken back, and whose it is."""

    id: int
    run: str
    contact_id: int | None


def add(
    tx: Writing, account_id: int, *, recipe: str, revision: str, about: About, run: str, until: datetime
) -> None:
    """An event about the same takes the run back, until then; told again as the run goes on, until later."""
    values = {
        "account_id": account_id,
        "recipe": recipe,
        "revision": revision,
        "key": kept(about.key),
        "source": about.source,
        "contact_id": about.contact_id,
        "run": run,
        "until": until,
        "undone_at": None,
    }
    if tx.insert_new(undoable_runs, values, ("run",)) is None:
        is_longer = _u.run == run, _u.until < until
        tx.execute(update(undoable_runs).where(*is_longer).values(until=until))


def find(tx: Writing, account_id: int, by: By, about: About) -> list[Undoable]:
    """The runs that such an event can take back now, oldest first.

    Of another source or another person the same key means something else. What is not known of
    either, the event or the run, parts none. A run that still stands can be taken back however long it does.
    """
    whose = _u.revision.not_in(by.but) if by.revision is None else _u.revision == by.revision
    stands = exists().where(standing_runs.c.run == _u.run)
    wanted = select(_u.id, _u.run, _u.contact_id).where(
        *_is_about(_u, account_id, by.recipe, about),
        whose,
        _u.undone_at.is_(None),
        or_(_u.until >= tx.now, stands),
    )
    return [Undoable(row.id, str(row.run), row.contact_id) for row in tx.execute(wanted.order_by(_u.id))]


def take(tx: Writing, found: Undoable) -> bool:
    """Mark it as taken back; False where somebody has."""
    is_open = _u.id == found.id, _u.undone_at.is_(None)
    return tx.execute(update(undoable_runs).where(*is_open).values(undone_at=tx.now)).rowcount == 1


def give_up(tx: Writing, run: str) -> None:
    """Mark the run as taken back before it gave anything."""
    tx.execute(update(undoable_runs).where(_u.run == run).values(undone_at=tx.now))


def first_undone(tx: Writing, runs: Sequence[str]) -> str | None:
    """The first of these runs that was taken back, or None."""
    wanted = select(_u.run).where(_u.run.in_(runs), _u.undone_at.is_not(None)).order_by(_u.id).limit(1)
    return tx.execute(wanted).scalar() if runs else None


def hold(tx: Writing, people: Sequence[int]) -> None:
    """Hold these contacts until the commit, in the order of their rows, as whoever merges them does."""
    if people and not tx.is_alone:
        wanted = select(contacts.c.id).where(contacts.c.id.in_(people)).order_by(contacts.c.id)
        tx.execute(wanted.with_for_update())


def remember(
    tx: Writing, account_id: int, *, recipe: str, about: About, event: str, at: datetime, until: datetime
) -> None:
    """An undo came: runs of events about the same that happened by `at` are called off, late or again."""
    values = {
        "account_id": account_id,
        "recipe": recipe,
        "key": kept(about.key),
        "source": about.source,
        "contact_id": about.contact_id,
        "event": event,
        "at": at,
        "told_at": tx.now,
        "until": until,
    }
    tx.do(_REMEMBER, values)


def called_off(
    tx: Writing,
    account_id: int,
    recipe: str,
    about: About,
    *,
    event: str,
    at: datetime | None,
    told_since: datetime | None,
) -> str | None:
    """What called off what such a run of `event` is of, if it did.

    `at`: when the event happened; None: nobody says. `told_since`: what was told before does not count.
    """
    bounds = [*_is_about(_early, account_id, recipe, about), _early.until >= tx.now, _early.event != event]
    if at is not None:
        bounds.append(_early.at >= at)
    if told_since is not None:
        bounds.append(_early.told_at >= told_since)
    return tx.execute(select(_early.event).where(*bounds).order_by(_early.id).limit(1)).scalar()


def has_over(connection: Connection, before: datetime) -> bool:
    """Whether there is an undo that can call nothing off any more."""
    return connection.execute(select(_early.id).where(_early.until < before).limit(1)).first() is not None


def forget_over(tx: Writing, before: datetime, limit: int) -> int:
    """Forget undos that can call nothing off any more; how many."""
    over = select(_early.id).where(_early.until < before).order_by(_early.until).limit(limit)
    return int(tx.execute(delete(early_undos).where(_early.id.in_(over))).rowcount)


def _is_about(of: Any, account_id: int, recipe: str, about: About) -> Sequence[Any]:
    source = true() if about.source is None else or_(of.source.is_(None), of.source == about.source)
    whose = about.contact_id
    contact = true() if whose is None else or_(of.contact_id.is_(None), of.contact_id == whose)
    return of.account_id == account_id, of.recipe == recipe, of.key == kept(about.key), source, contact


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
