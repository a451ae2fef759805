"""Who is watched for a recipe's goal, and what came of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select

from .prepared import Prepared
from .tables import gifts, goal_hits, goal_members
from .writer import Writing

_ADD: Final = Prepared(insert(goal_members))


def enroll(
    tx: Writing,
    account_id: int,
    contact_id: int,
    *,
    recipe: str,
    revision: str,
    run: str,
    is_control: bool,
    until: datetime,
) -> None:
    """Watch the contact until then; in the control group not anew while one watch lasts."""
    member = goal_members.c
    if is_control:
        watched = select(member.id).where(
            member.contact_id == contact_id, member.recipe == recipe, member.is_control, member.until > tx.now
        )
        if tx.execute(watched.limit(1)).first() is not None:
            return
    tx.do(
        _ADD,
        {
            "account_id": account_id,
            "contact_id": contact_id,
            "recipe": recipe,
            "revision": revision,
            "run": run,
            "is_control": is_control,
            "since": tx.now,
            "until": until,
        },
    )


def watched(tx: Writing, contact_id: int) -> Sequence[tuple[int, str, str]]:
    """Number, recipe and revision of each watch of the contact that lasts still."""
    wanted = select(goal_members.c.id, goal_members.c.recipe, goal_members.c.revision).where(
        goal_members.c.contact_id == contact_id,
        goal_members.c.until > tx.now,
        goal_members.c.since <= tx.now,
    )
    found = tx.execute(wanted.order_by(goal_members.c.id))
    return [(int(row.id), str(row.recipe), str(row.revision)) for row in found]


def settle(tx: Writing, contact_id: int) -> None:
    """After a merge: who got something is in no control group, and is counted once in the one there is."""
    own = select(goal_members.c.id, goal_members.c.recipe, goal_members.c.is_control)
    rows = tx.execute(own.where(goal_members.c.contact_id == contact_id).order_by(goal_members.c.id)).all()
    counted = {row.recipe for row in rows if not row.is_control}
    gone = []
    for row in rows:
        if row.is_control and row.recipe in counted:
            gone.append(row.id)
        counted.add(row.recipe)
    if gone:
        tx.execute(delete(goal_hits).where(goal_hits.c.member_id.in_(gone)))
        tx.execute(delete(goal_members).where(goal_members.c.id.in_(gone)))


def hit(tx: Writing, member: int, name: str, event: str) -> None:
    """The first event for this name counts."""
    values = {"member_id": member, "name": name, "event": event, "at": tx.now}
    tx.insert_new(goal_hits, values, ("member_id", "name"))


def totals(
    connection: Connection, account_id: int, since: datetime | None, until: datetime | None
) -> list[dict[str, Any]]:
    """By recipe, group and name: `recipe`, `is_control`, `name` (None: all who are watched), `count`.

    People are counted, each once, however often a recipe was about to give them something: of those
    who were watched from `since` on, what came of it, up to `until`.
    """
    member = goal_members.c
    bounds = [member.account_id == account_id]
    if since is not None:
        bounds.append(member.since >= since)
    if until is not None:
        bounds.append(member.since < until)
    people = func.count(member.contact_id.distinct())
    whole = (
        select(member.recipe, member.is_control, people.label("count"))
        .where(*bounds)
        .group_by(member.recipe, member.is_control)
    )
    hits = (
        select(member.recipe, member.is_control, goal_hits.c.name, people.label("count"))
        .join(goal_hits, goal_hits.c.member_id == member.id)
        .where(*bounds, *([] if until is None else [goal_hits.c.at < until]))
        .group_by(member.recipe, member.is_control, goal_hits.c.name)
    )
    rows = [{**row, "name": None} for row in connection.execute(whole).mappings()]
    rows += [dict(row) for row in connection.execute(hits).mappings()]
    return sorted(rows, key=lambda row: (row["recipe"], row["is_control"], row["name"] or ""))


def costs(
    connection: Connection, account_id: int, since: datetime | None, until: datetime
) -> dict[str, dict[str, int]]:
    """By recipe and currency: what the runs gave that began the watch, in minor units."""
    member = goal_members.c
    wanted = (
        select(member.recipe, gifts.c.currency, func.sum(gifts.c.amount).label("amount"))
        .join(gifts, gifts.c.run == member.run)
        .where(member.account_id == account_id, member.since < until, gifts.c.given_at < until)
        .group_by(member.recipe, gifts.c.currency)
        .order_by(member.recipe, gifts.c.currency)
    )
    if since is not None:
        wanted = wanted.where(member.since >= since)
    found: dict[str, dict[str, int]] = {}
    for row in connection.execute(wanted):
        found.setdefault(row.recipe, {})[row.currency] = int(row.amount)
    return found
