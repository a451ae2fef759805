"""Recipes that are due by themselves: each tick once, for everybody it goes over, whichever node comes first.

The one rule: what a batch did commits with the place behind which to go on, under the
lock of the schedule's row.
"""

import dataclasses
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from ..domain.accounts import Account, Actor
from ..domain.errors import ConnectorError
from ..logs import log
from ..operations.kit import Desk
from ..recipes.recipe import Recipe
from ..recipes.ticks import following, latest
from ..store import accounts, revisions, ticks
from ..store.ticks import Place, Tick
from ..store.writer import Writing
from .parts import Parts
from .schedule_runs import BATCH, SOURCE, Counts, Going, go_over, newest_of, turns_of

BATCHES_AT_ONCE: Final = 10  # of one schedule in one turn; then the other kinds of work have theirs
AHEAD: Final = timedelta(days=1)
"""What was planned so far ahead, a wrong clock planned: it must not silence a schedule for years."""

LEFT: Final = timedelta(minutes=10)
"""So long past its moment nobody has begun a tick that is planned by another file than this node's."""

_STOPPED: Final = ("draft", "paused")


def run_due(parts: Parts, only: Account | None = None) -> int:
    """Run what is due, of all accounts or of one; for how many. One schedule that fails holds up no other."""
    return sum(_guarded(parts, account, recipe) for account, recipe in _due(parts, only))


def next_at(parts: Parts, account: Account) -> datetime | None:
    """When the account's next schedule is due."""
    acting = {recipe.name for recipe in _acting(parts, account)}
    with parts.engines.reading() as connection:
        known = ticks.every(connection, account.id)
    moments = [tick.next_at for tick in known if tick.recipe in acting and tick.next_at is not None]
    return min(moments, default=None)


def note_all(parts: Parts, account: Account) -> None:
    """Note every schedule of the account, so that each has a next moment from now on."""
    for recipe in _acting(parts, account):
        parts.writer.run(partial(_claimed, parts, account.id, recipe))


def drafts_due(parts: Parts, account: Account, after: datetime, until: datetime) -> list[str]:
    """The drafts whose schedule would have come in this time, were they live: they are only checked."""
    there = (
        one for one in parts.library.current.recipes if one.status == "draft" and one.schedule is not None
    )
    moments = (
        (recipe.name, _following(account, recipe, after))
        for recipe in there
        if recipe.account in (None, account.slug)
    )
    return [name for name, at in moments if at is not None and at <= until]


def _acting(parts: Parts, account: Account) -> Iterator[Recipe]:
    """The recipes with a schedule that act in this account."""
    scheduled = parts.library.current.scheduled
    return (recipe for recipe in scheduled if recipe.wants(account.slug, SOURCE, SOURCE))


def _due(parts: Parts, only: Account | None) -> list[tuple[Account, Recipe]]:
    """What is new, changed, at its moment, or begun and not at its end; by recipe."""
    with parts.engines.reading() as connection:
        known = {(tick.account_id, tick.recipe): tick for tick in ticks.every(connection)}
        current = parts.library.current
        found = accounts.every(connection) if current.scheduled else []
        in_force = revisions.in_force(connection) if known or found else {}
    stopped = {entry.recipe for entry in current.entries if entry.status in _STOPPED}
    held = {recipe for _, recipe in known} & stopped
    gone = sorted(name for name in held if name not in in_force or in_force[name][1] in _STOPPED)
    if gone and only is None:
        parts.writer.run(lambda tx: ticks.forget(tx, gone))
    everybody = [account for account in found if only is None or account.id == only.id]
    wall = parts.clock.now()
    return [
        (account, recipe)
        for account in everybody
        for recipe in _acting(parts, account)
        if _is_due(known.get((account.id, recipe.name)), account, recipe, wall + account.clock_offset)
        and (
            in_force.get(recipe.name) in (None, (recipe.revision, recipe.status))
            or _is_planned(known.get((account.id, recipe.name)), account, recipe, wall + account.clock_offset)
        )
    ]


def _is_planned(tick: Tick | None, account: Account, recipe: Recipe, now: datetime) -> bool:
    """Whether a node whose file is another than what is in force may take part: else the two would
    plan against each other for ever. Where nobody came for long, those with the other file are gone.
    """
    if tick is None:
        return False
    return tick.plan == _plan(account, recipe) or (tick.next_at is not None and tick.next_at + LEFT <= now)


def _is_due(tick: Tick | None, account: Account, recipe: Recipe, now: datetime) -> bool:
    if tick is None or tick.plan != _plan(account, recipe) or tick.place is not None:
        return True
    return (tick.next_at is not None and tick.next_at <= now) or _is_ahead(tick, now)


def _is_ahead(tick: Tick, now: datetime) -> bool:
    return tick.planned_at > now + AHEAD


def _guarded(parts: Parts, account: Account, recipe: Recipe) -> int:
    done = 0
    try:
        for _ in range(BATCHES_AT_ONCE):
            count = parts.writer.run(partial(_batch, parts, account.id, recipe))
            done += count
            if not count:
                break
    except ConnectorError as error:
        log.error("schedule_left", recipe=recipe.name, account=account.slug, error=error.code)
    except Exception as fault:  # noqa: BLE001 - one schedule must not stop the others
        log.error("schedule_left", recipe=recipe.name, account=account.slug, error=type(fault).__name__)
    return done


def _claimed(parts: Parts, account_id: int, recipe: Recipe, tx: Writing) -> tuple[Desk, Tick] | None:
    """The schedule, held and planned; None where another node is at it, or it was only now noted."""
    account = accounts.by_id(tx, account_id)
    desk = parts.desk(tx, account, Actor("recipe"))
    plan, now = _plan(account, recipe), desk.now
    tick = ticks.claim(tx, account_id, recipe.name)
    if tick is None:
        # Seen for the first time: the past is not made up for.
        ticks.note(tx, Tick(account_id, recipe.name, plan, now, _following(account, recipe, now)))
        return None
    if _is_ahead(tick, now):
        tick = Tick(account_id, recipe.name, plan, now, _following(account, recipe, now))
        ticks.write(tx, tick)
    elif tick.plan != plan:
        since = now if tick.tick_at is None else max(now, tick.tick_at)
        tick = dataclasses.replace(
            tick, plan=plan, planned_at=now, next_at=_following(account, recipe, since)
        )
        ticks.write(tx, tick)
    return desk, tick


def _batch(parts: Parts, account_id: int, recipe: Recipe, tx: Writing) -> int:
    """The next of those whom a tick goes over, in one transaction; how many. A tick begins at its moment."""
    claimed = _claimed(parts, account_id, recipe, tx)
    if claimed is None:
        return 0
    desk, tick = claimed
    if tick.place is None:
        if tick.next_at is None or tick.next_at > desk.now:
            return 0
        tick = _begun(desk, recipe, tick)
    assert tick.tick_at is not None and tick.place is not None
    counts = Counts.of(tick.counts)
    going = Going(parts, desk, recipe, tick.tick_at, counts)
    turns = turns_of(going, tick.place, tick.upto_id)
    go_over(going, turns)
    is_over = len(turns) < BATCH
    place = None if is_over else turns[-1].place
    ended_at = desk.now if is_over else None
    ticks.write(tx, dataclasses.replace(tick, place=place, counts=counts.as_json(), ended_at=ended_at))
    if is_over:
        told = {"recipe": recipe.name, "account": desk.account.slug, "seen": counts.seen}
        tx.after_commit(partial(log.info, "schedule", **told))
    return max(len(turns), 1)


def _begun(desk: Desk, recipe: Recipe, tick: Tick) -> Tick:
    """The latest of the moments that have come: of several that were missed, it stands for all."""
    assert recipe.schedule is not None
    at = latest(recipe.schedule.cron, ZoneInfo(desk.account.timezone), desk.now)
    return dataclasses.replace(
        tick,
        planned_at=desk.now,
        tick_at=at or tick.next_at,
        next_at=_following(desk.account, recipe, desk.now),
        place=Place(),
        upto_id=newest_of(desk.tx, recipe),
        counts={},
        ended_at=None,
    )


def _plan(account: Account, recipe: Recipe) -> str:
    assert recipe.schedule is not None
    return f"{recipe.schedule.cron} {account.timezone}"


def _following(account: Account, recipe: Recipe, after: datetime) -> datetime | None:
    assert recipe.schedule is not None
    return following(recipe.schedule.cron, ZoneInfo(account.timezone), after)
