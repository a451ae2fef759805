"""A recipe's goal: who is watched, who is in the control group and gets nothing, what came of it."""

import hashlib
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from ..operations.kit import Desk
from ..recipes.clauses import Goal
from ..recipes.recipe import Recipe
from ..recipes.snapshot import Snapshot
from ..recipes.values import later
from ..store import goals
from ..store.contacts import Contact

PARTS: Final = 10_000


def enroll(desk: Desk, recipe: Recipe, run: str, goal: Goal, contact: Contact | None) -> bool:
    """Watch the contact; False where it is in the control group. Nobody to watch: True."""
    if contact is None:
        return True
    is_control = in_control(recipe.name, contact.public_id, goal.control)
    until = later(desk.now, goal.within, ZoneInfo(desk.account.timezone))
    goals.enroll(
        desk.tx,
        desk.account.id,
        contact.id,
        recipe=recipe.name,
        revision=recipe.revision,
        run=run,
        is_control=is_control,
        until=until,
    )
    return not is_control


def in_control(recipe: str, contact: str, share: Decimal) -> bool:
    """Drawn by recipe and contact: the same each time, on every node, and another for another recipe."""
    drawn = int.from_bytes(hashlib.sha256(f"{recipe} {contact}".encode()).digest()[:8], "big")
    return drawn % PARTS < share * PARTS


def note(desk: Desk, snapshot: Snapshot, event_type: str, event: str, contact: Contact | None) -> None:
    """An event of the contact may be what a goal waits for: that of the revision by which each was begun."""
    names = snapshot.goals.get(event_type)
    if not names or contact is None:
        return
    for member, recipe, revision in goals.watched(desk.tx, contact.id):
        by = revision if revision in snapshot.former_of(recipe) else ""
        for name in names.get((recipe, by), ()):
            goals.hit(desk.tx, member, name, event)
