"""When a recipe last did what it should do now and then, and when its silence was told."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from .tables import recipe_states, runs, silences
from .writer import Writing


def nth_newest(connection: Connection | Writing, account_id: int, recipe: str, count: int) -> datetime | None:
    """When the recipe's `count`-th newest run began that was done; None where there are fewer."""
    wanted = (
        select(runs.c.created_at)
        .where(runs.c.account_id == account_id, runs.c.recipe == recipe, runs.c.outcome == "done")
        .order_by(runs.c.id.desc())
        .offset(count - 1)
        .limit(1)
    )
    return connection.execute(wanted).scalar()


def has_run(connection: Connection, account_id: int, recipe: str) -> bool:
    """Whether anything ever began it there, whatever came of it."""
    wanted = select(runs.c.id).where(runs.c.account_id == account_id, runs.c.recipe == recipe).limit(1)
    return connection.execute(wanted).scalar() is not None


def in_force_since(connection: Connection | Writing, recipe: str) -> datetime | None:
    """Since when its revision is in force."""
    wanted = select(recipe_states.c.updated_at).where(recipe_states.c.recipe == recipe)
    return connection.execute(wanted).scalar()


def last_told(connection: Connection | Writing, account_id: int, recipe: str) -> datetime | None:
    """When the silence was told last."""
    wanted = select(silences.c.told_at).where(
        silences.c.account_id == account_id, silences.c.recipe == recipe
    )
    return connection.execute(wanted).scalar()


def tell(tx: Writing, account_id: int, recipe: str, since: datetime) -> bool:
    """Note that it is told now; False where somebody told it since then."""
    values = {"account_id": account_id, "recipe": recipe, "told_at": tx.now}
    if tx.insert_new(silences, values, ("account_id", "recipe")) is not None:
        return True
    changed = update(silences).where(
        silences.c.account_id == account_id, silences.c.recipe == recipe, silences.c.told_at < since
    )
    return tx.execute(changed.values(told_at=tx.now)).rowcount == 1
