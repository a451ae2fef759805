"""An event takes a run back: what it gave and is still unspent. What was spent stays spent.

The one rule: whoever changes a run that stands holds its contact first, then the run, then what
it stands on: so an undo and a run that goes on take turns, whichever came first.
"""

import dataclasses
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..domain import ids
from ..domain.accounts import Actor
from ..domain.errors import ConnectorError, Unavailable
from ..logs import log
from ..operations.kit import Desk
from ..recipes import decide
from ..recipes.recipe import Recipe
from ..recipes.schema import SCHEDULED
from ..recipes.snapshot import FORMER, OWN
from ..recipes.values import later
from ..store import facts, runs, standing, undoable
from ..store.undoable import About, By, Undoable
from ..store.writer import DatabaseFault
from .parts import Parts
from .performing import Happening
from .taking_back import take_back

LATE_FOR: Final = timedelta(days=3)  # longer than any platform goes on sending what we did not take


def note_undoable(desk: Desk, happening: Happening, recipe: Recipe, run: str, seen: decide.Facts) -> None:
    """Keep by what an event can take this run back; decide.Failed where its own event does not say."""
    if recipe.undo is None:
        return
    what = _about(happening, decide.text_of(recipe, seen, recipe.undo.same))
    until = later(desk.now, recipe.undo.within, ZoneInfo(desk.account.timezone))
    undoable.add(
        desk.tx,
        desk.account.id,
        recipe=recipe.name,
        revision=recipe.revision,
        about=what,
        run=run,
        until=until,
    )


def called_off(
    desk: Desk, happening: Happening, recipe: Recipe, run: str, seen: decide.Facts
) -> tuple[str, list[dict[str, Any]]] | None:
    """Why this run must not begin, and its trace, where its event's undo came first; None: it may.

    Of an event that does not say when it happened, nobody knows whether the undo was before it. What
    happens to one order or booking happens once, so it was not; else only for as long as news is late.
    """
    if recipe.undo is None:
        return None
    trace = decide.holding(recipe, seen)
    if trace is None:
        return None
    try:
        key = decide.text_of(recipe, seen, recipe.undo.same)
    except decide.Failed:  # the run says so itself, once it is to be kept how to take it back
        return None
    what, is_timed = _about(happening, key), happening.is_timed
    told_since = None if is_timed or key in things_of(happening.envelope) else desk.now - LATE_FOR
    at, own_event = _occurred(happening) if is_timed else None, happening.public_id
    came = (
        undoable.called_off(
            desk.tx,
            desk.account.id,
            recipe.name,
            _about(happening, name),
            event=own_event,
            at=at,
            told_since=told_since,
        )
        for name in [key, *_names_since(desk, happening, key)]
    )
    event = next(filter(None, came), None)
    if event is None:
        return None
    line = {"line": recipe.undo.same.line, "text": f"undo: {recipe.undo.same.text}", "verdict": False}
    if recipe.status != "shadow":  # like one that was taken back: it is not replayed either
        own = {"recipe": recipe.name, "revision": recipe.revision, "run": run}
        undoable.add(desk.tx, desk.account.id, about=what, until=desk.now, **own)
        undoable.give_up(desk.tx, run)
    return f"taken back by {event}, which came first", [*trace, {**line, "event": event}]


def undo(
    parts: Parts,
    desk: Desk,
    happening: Happening,
    recipe: Recipe,
    shown: Mapping[str, Any] | None,
    former: Collection[str] = (),
) -> dict[str, Any] | None:
    """Take back the recipe's runs about what this event is about; a run's row, None where there was none.

    Those of the recipe's own revision; where that is in force, all but those of the `former` ones. All
    of it or nothing. A fault is the run's outcome, never the delivery's.
    """
    assert recipe.undo is not None
    account = desk.account
    seen = decide.Facts(about(happening.envelope), shown, desk.now, account.timezone, account.currency)
    run_id = ids.new_id(ids.RUN, desk.tx.wall)
    trace: list[dict[str, Any]] = []
    outcome, reason, place = "done", None, None
    try:
        key = decide.text_of(recipe, seen, recipe.undo.same)
        origin = {"recipe": recipe.name, "run_id": run_id, "event_id": happening.public_id}
        chain = (*happening.chain, recipe.name)  # what it tells begins this recipe as little as a run does
        own = dataclasses.replace(desk, actor=Actor("recipe", origin), chain=chain)
        with desk.tx.savepoint():
            names = [key, *_names_before(desk, happening, key)]
            found = _held(desk, recipe, former, [_about(happening, name) for name in names])
            desk.tx.pause("undoing.found")
            taken = [one.run for one in found if undoable.take(desk.tx, one)]
            trace = [_take_back(parts, own, recipe.undo.same.line, run) for run in taken]
            _remember(desk, happening, recipe, key)
        if not taken:
            return None
        reason = f"taken back: {', '.join(taken)}"
    except decide.Failed as fault:
        outcome, reason, place = "failed", fault.detail, fault.place
    except (DatabaseFault, Unavailable):  # nothing happened: the delivery is tried again
        raise
    except ConnectorError as refused:
        outcome, reason = "failed", refused.detail
    except Exception as fault:  # noqa: BLE001 - a bug of ours fails this run, never the delivery
        log.error("undo_crashed", run=run_id, recipe=recipe.name, error=type(fault).__name__)
        outcome, reason = "failed", f"internal error: {type(fault).__name__}"
    return {
        "public_id": run_id,
        "account_id": account.id,
        "event_id": happening.row_id,
        "contact_id": None if happening.contact is None else happening.contact.id,
        "recipe": recipe.name,
        "revision": recipe.revision,
        "outcome": outcome,
        "reason": reason,
        "place": place,
        "trace": trace,
        "outputs": {"card": None, "steps": {}},
    }


def about(envelope: Mapping[str, Any]) -> Mapping[str, Any]:
    """A refund speaks of what was paid by its id alone: it stands where the first event had it."""
    what = {"order.refunded": "order", "payment.refunded": "payment"}.get(envelope["type"])
    of = (envelope.get("refund") or {}).get("of")
    return {**envelope, what: {"id": of}} if what is not None and of is not None else envelope


def _remember(desk: Desk, happening: Happening, recipe: Recipe, key: str) -> None:
    """What is about the same may be late, or told again: platforms keep no order."""
    assert recipe.undo is not None
    if recipe.status in ("draft", FORMER):  # nothing of it ever begins
        return
    until = later(desk.now, recipe.undo.within, ZoneInfo(desk.account.timezone))
    undoable.remember(
        desk.tx,
        desk.account.id,
        recipe=recipe.name,
        about=_about(happening, key),
        event=happening.public_id,
        at=min(_occurred(happening), desk.now),  # a clock that is wrong would call off what comes after
        until=until,
    )


def _occurred(happening: Happening) -> datetime:
    return datetime.fromisoformat(happening.envelope["occurred_at"])


def _about(happening: Happening, key: str) -> About:
    """Ids of our own mean the same whoever tells them; those of a tool are its own."""
    is_ours = happening.source == OWN or happening.type == SCHEDULED
    contact = happening.contact
    return About(key, None if is_ours else happening.source, None if contact is None else contact.id)


def things_of(envelope: Mapping[str, Any]) -> set[str]:
    """The ids of what the event tells of, to which it happens once."""
    found = (envelope.get(name) or {} for name in ("booking", "invoice", "payment", "order", "deal"))
    return {str(one["id"]) for one in found if one.get("id")}


def _names_since(desk: Desk, happening: Happening, key: str) -> list[str]:
    """What the booking is called that stands for this one now, the last one last."""
    names, found = _new_names(desk, happening), [key]
    while found[-1] in names and names[found[-1]] not in found:
        found.append(names[found[-1]])
    return found[1:]


def _names_before(desk: Desk, happening: Happening, key: str) -> list[str]:
    """What those were called that it stands for: Calendly and Cal.com give a moved booking a new id."""
    names, found = _new_names(desk, happening), [key]
    for name in found:
        found += [old for old, new in names.items() if new == name and old not in found]
    return found[1:]


def _new_names(desk: Desk, happening: Happening) -> dict[str, str]:
    who = happening.contact
    if who is None or not happening.envelope.get("booking"):
        return {}
    return facts.new_names(desk.tx, desk.account.id, who.id, happening.source)


def _held(desk: Desk, recipe: Recipe, former: Collection[str], whats: list[About]) -> list[Undoable]:
    """The runs that the event takes back, their contacts held: the event's own is already.

    decide.Failed where it names nobody and they are of several people: it may be about one of them.
    """
    assert recipe.undo is not None
    what = whats[0]  # the others are of the same contact, and of none where nobody is known
    held = {what.contact_id}
    by = By(recipe.name, recipe.revision if recipe.status == FORMER else None, former)
    while True:  # a contact that we waited for may have been merged into another meanwhile
        found = [one for about in whats for one in undoable.find(desk.tx, desk.account.id, by, about)]
        people = {one.contact_id for one in found if one.contact_id is not None}
        if what.contact_id is None and len(people) > 1:
            why = f"the event names nobody, and runs of {len(people)} people are about `{what.key[:80]}`"
            raise decide.Failed(why, recipe.undo.same.spot.place(), [])
        if people <= held:
            return found
        undoable.hold(desk.tx, sorted(people - held, key=int))
        held |= people


def _take_back(parts: Parts, desk: Desk, line: int, run: str) -> dict[str, Any]:
    """A line of the trace: what was taken back, and what was spent; a run that still waited ends besides."""
    kept = runs.lock(desk.tx, desk.account.id, run)
    if kept is not None and standing.take(desk.tx, parts.ring, run) is not None:
        event = desk.actor.origin["event_id"]
        runs.go_on(desk.tx, kept, {"outcome": "skipped", "reason": f"taken back by {event}", "place": None})
    return {"line": line, "text": f"undo of {run}", **take_back(desk, run)}
