"""Runs that an event can take back, by what their recipe's `same` gave."""

from datetime import datetime

from sqlalchemy import func, select, update

from .tables import cards, gifts, undoable_runs
from .writer import Writing


def add(tx: Writing, account_id: int, *, recipe: str, key: str, run: str, until: datetime) -> None:
    """An event with this key takes the run back, until then."""
    values = {"account_id": account_id, "recipe": recipe, "key": key, "run": run, "until": until}
    tx.insert_new(undoable_runs, {**values, "undone_at": None}, ("run",))


def take(tx: Writing, account_id: int, recipe: str, key: str) -> list[str]:
    """The runs with this key that can be taken back now, oldest first; each is given once."""
    wanted = select(undoable_runs.c.id, undoable_runs.c.run).where(
        undoable_runs.c.account_id == account_id,
        undoable_runs.c.recipe == recipe,
        undoable_runs.c.key == key,
        undoable_runs.c.undone_at.is_(None),
        undoable_runs.c.until >= tx.now,
    )
    wanted = wanted.order_by(undoable_runs.c.id)
    found = tx.execute(wanted if tx.is_alone else wanted.with_for_update()).all()
    for row in found:
        tx.execute(update(undoable_runs).where(undoable_runs.c.id == row.id).values(undone_at=tx.now))
    return [str(row.run) for row in found]


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
