"""Recipe revisions by SHA-256, and which one is in force: a bad file keeps its last good one."""

from datetime import datetime

from sqlalchemy import Connection, select, union

from .tables import goal_members, recipe_states, revisions, runs, standing_runs, undoable_runs
from .writer import Writing


def keep(tx: Writing, *, recipe: str, sha256: str, text: str) -> None:
    """Keep a revision; a known one is left as it is."""
    values = {"sha256": sha256, "recipe": recipe, "text": text, "created_at": tx.wall}
    tx.insert_new(revisions, values, ("sha256",))


def put_in_force(tx: Writing, *, recipe: str, sha256: str, status: str) -> None:
    """Note which revision of a recipe is in force, and its status; since when, where that is another."""
    if not note_in_force(tx, recipe=recipe, sha256=sha256, status=status):
        changed = {"revision": sha256, "status": status, "updated_at": tx.wall}
        other = (recipe_states.c.revision != sha256) | (recipe_states.c.status != status)
        tx.execute(recipe_states.update().where(recipe_states.c.recipe == recipe, other).values(changed))


def note_in_force(tx: Writing, *, recipe: str, sha256: str, status: str) -> bool:
    """As above for a recipe that is not known yet; False, and nothing written, for one that is."""
    values = {"recipe": recipe, "revision": sha256, "status": status, "updated_at": tx.wall}
    return tx.insert_new(recipe_states, values, ("recipe",)) is not None


def text_of(connection: Connection | Writing, sha256: str) -> str | None:
    """A revision's text, or None."""
    wanted = select(revisions.c.text).where(revisions.c.sha256 == sha256)
    return connection.execute(wanted).scalar()


def in_force(connection: Connection) -> dict[str, tuple[str, str]]:
    """The revision and status of each recipe that the node which looked last put in force, by recipe."""
    found = connection.execute(
        select(recipe_states.c.recipe, recipe_states.c.revision, recipe_states.c.status)
    )
    return {row.recipe: (row.revision, row.status) for row in found}


def still_wanted(tx: Writing) -> dict[str, str]:
    """The text of each recipe whose runs stand, can be taken back or are watched for a goal: its last one.

    By the wall: an account's own clock is never behind it.
    """
    states = recipe_states.c
    stands = select(runs.c.recipe).join(standing_runs, standing_runs.c.run == runs.c.public_id)
    undo = select(undoable_runs.c.recipe).where(
        undoable_runs.c.undone_at.is_(None), undoable_runs.c.until >= tx.wall
    )
    goal = select(goal_members.c.recipe).where(goal_members.c.until > tx.wall)
    wanted = (
        select(states.recipe, revisions.c.text)
        .join(revisions, revisions.c.sha256 == states.revision)
        .where(states.recipe.in_(union(stands, undo, goal)))
    )
    return {row.recipe: row.text for row in tx.execute(wanted)}


def open_still(connection: Connection | Writing, now: datetime) -> dict[str, tuple[str, str]]:
    """By revision, in force or not, whose runs stand, can be taken back or are watched: recipe and text."""
    stands = select(runs.c.revision).join(standing_runs, standing_runs.c.run == runs.c.public_id)
    undo = select(undoable_runs.c.revision).where(
        undoable_runs.c.undone_at.is_(None), undoable_runs.c.until >= now
    )
    goal = select(goal_members.c.revision).where(goal_members.c.until > now)
    wanted = select(revisions.c.sha256, revisions.c.recipe, revisions.c.text).where(
        revisions.c.sha256.in_(union(stands, undo, goal))
    )
    found = connection.execute(wanted.order_by(revisions.c.created_at, revisions.c.sha256))
    return {row.sha256: (row.recipe, row.text) for row in found}


def last_good(connection: Connection) -> dict[str, str]:
    """The text of each recipe's revision in force, by recipe."""
    wanted = select(recipe_states.c.recipe, revisions.c.text).join(
        revisions, revisions.c.sha256 == recipe_states.c.revision
    )
    wanted = wanted.where(recipe_states.c.status != "paused")  # a file that is gone brings nothing back
    return {row.recipe: row.text for row in connection.execute(wanted)}
