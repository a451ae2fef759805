"""A run again, by the recipe as it was or as it is today; an event again, by every recipe that wants it.

The one rule: nothing is given twice for one event. Where a run of the recipe has done
something for the event that stands, only the recipe's own `once_per` lets it go again;
where one still stands, nothing does. Limits hold as at any time.
"""

from typing import Any, Final

from ..domain import ids
from ..domain.accounts import Account, Actor
from ..domain.errors import NotFound, NotReplayable
from ..operations.kit import Desk
from ..recipes.recipe import Recipe
from ..store import contacts, events, revisions, runs, undoable
from ..store.contacts import Contact
from ..store.writer import Writing
from . import run_json
from .own_messages import MAX_DEPTH
from .parts import Parts
from .payloads import forget_codes
from .perform import Answered, Idempotency, once
from .performing import Happening, again
from .resuming import card_of
from .run import COSTLY, Ended, Run, row_of, run_one, snapshot
from .schedule_runs import SOURCE

WITH: Final = ("same", "today")
"""With which recipe: that of the run's own revision, or today's."""

_STANDING: Final = ("waiting", "held")


def replay_run(
    parts: Parts, account: Account, actor: Actor, run: str, which: str, key: Idempotency | None = None
) -> Answered:
    """The run again, on its event and the contact as it is now: the new run. NotFound, NotReplayable."""

    def deed(tx: Writing) -> Answered:
        kept = run_json.require(tx, account.id, run)
        if kept.event is None:
            raise NotReplayable(f"Run {kept.public_id} is of no event.")
        event, contact = _locked(tx, account, kept.event)
        recipe = _as_it_was(parts, tx, kept) if which == "same" else _todays(parts, account, kept, event)
        desk = parts.desk(tx, account, Actor("recipe"))
        _require_watched(parts, recipe)
        if event.type not in recipe.on and not _is_due(recipe, event):
            raise NotReplayable(f"{recipe.name} does not begin on {event.type}.")
        obstacle = _obstacle(parts, tx, event, recipe)
        if obstacle is not None:
            raise NotReplayable(obstacle)
        happening = again(event, contact, parts.guesses, card_of(desk, event.envelope))
        made = _run_again(parts, desk, happening, recipe, kept.public_id)
        forget_codes(tx, parts.ring, event, happening.codes)
        new = run_json.one(parts, tx, account.id, made)
        if new["outcome"] == "already_done" and _acted(tx, event, recipe):
            raise NotReplayable(f"Run {kept.public_id} cannot go again: {new['reason']}.")
        _note(parts, tx, account, actor, "replay_run", kept.public_id, {"with": which, "run": made})
        return Answered(200, new)

    return once(parts, account, deed, key)


def replay_event(
    parts: Parts, account: Account, actor: Actor, event: str, key: Idempotency | None = None
) -> Answered:
    """The event again for every recipe that wants it today: `event_id` and the new `runs`. NotFound.

    What would be twice is a run that is `already_done`, and says why.
    """

    def deed(tx: Writing) -> Answered:
        found, contact = _locked(tx, account, event)
        happening = again(found, contact, parts.guesses)
        wanting = parts.library.current.for_event(
            found.type, account.slug, happening.source, happening.adapter
        )
        made = []
        for recipe in wanting:
            desk = parts.desk(tx, account, Actor("recipe"))
            earlier = runs.of_event(tx, found.id, recipe.name)
            first = earlier[0].public_id if earlier else None
            obstacle = _obstacle(parts, tx, found, recipe)
            if obstacle is None:
                made.append(_run_again(parts, desk, happening, recipe, first))
            else:
                made.append(_passed_over(desk, happening, recipe, first, obstacle))
        forget_codes(tx, parts.ring, found, happening.codes)
        _note(parts, tx, account, actor, "replay_event", found.public_id, {"runs": made})
        kept = [run_json.require(tx, account.id, one) for one in made]
        return Answered(200, {"event_id": found.public_id, "runs": run_json.shown(parts, tx, kept)})

    return once(parts, account, deed, key)


def _locked(tx: Writing, account: Account, event: str) -> tuple[events.Kept, Contact | None]:
    """The event and whom it concerns, both held: of two who replay it, the second sees what the first did."""
    found = events.find(tx, account.id, event)
    if found is None:
        raise NotFound(f"There is no event {event[:80]} in this account.")
    contact = None
    if found.contact is not None:
        whose = contacts.find(tx, account.id, found.contact)
        contact = None if whose is None else contacts.lock(tx, whose)
    found = events.lock(tx, found)
    is_gone = found.contact is not None and (contact is None or contact.erased_at is not None)
    if is_gone or found.envelope.get("erased"):
        raise NotReplayable(f"Event {found.public_id} is of somebody who was erased.")
    return found, contact


def _as_it_was(parts: Parts, tx: Writing, run: runs.Kept) -> Recipe:
    text = revisions.text_of(tx, run.revision)
    found = None if text is None else parts.library.as_it_was(run.recipe, text)
    if found is None:
        raise NotReplayable(f"Revision {run.revision[:12]} of {run.recipe} cannot be read any more.")
    return found


def _require_watched(parts: Parts, recipe: Recipe) -> None:
    """What it gives can be taken back, and counts for its goal: by its own clauses, on every node.

    Those of revisions that are in force, or had runs to the last; of one that is long gone only where
    the recipe of today says the same.
    """
    current = parts.library.current
    known = (*current.recipes, *current.former)
    if recipe.status == "shadow" or any(one.revision == recipe.revision for one in known):
        return
    today = next((one for one in current.recipes if one.name == recipe.name), None)
    clauses = (("undo", _undo_of), ("goal", _goal_of))
    gone = [name for name, read in clauses if read(recipe) not in (None, today and read(today))]
    if gone:
        raise NotReplayable(
            f"Revision {recipe.revision[:12]} of {recipe.name} is long out of force, and nothing looks for "
            f"its `{'` and `'.join(gone)}` any more: run it again with today's recipe."
        )


def _undo_of(recipe: Recipe) -> object:
    """What tells one `undo` from another; constants may be others in each revision."""
    undo = recipe.undo
    if undo is None:
        return None
    return undo.on, undo.same.text, undo.within, recipe.revision if "vars" in undo.same.text else ""


def _goal_of(recipe: Recipe) -> object:
    goal = recipe.goal
    return None if goal is None else (dict(goal.names), goal.within)


def _todays(parts: Parts, account: Account, run: runs.Kept, event: events.Kept) -> Recipe:
    told = event.envelope
    current = parts.library.current
    wanting = current.for_event(event.type, account.slug, told["source"], told["adapter"])
    wanting += tuple(
        one for one in current.scheduled if _is_due(one, event) and one.account in (None, account.slug)
    )
    found = next((one for one in wanting if one.name == run.recipe), None)
    if found is None:
        raise NotReplayable(f"Today no live or shadow recipe {run.recipe} wants {event.type} of this source.")
    return found


def _is_due(recipe: Recipe, event: events.Kept) -> bool:
    """Whether the event is one that a schedule made, and the recipe has one."""
    return recipe.schedule is not None and event.envelope["source"] == SOURCE


def _obstacle(parts: Parts, tx: Writing, event: events.Kept, recipe: Recipe) -> str | None:
    """Why this recipe may not run on this event again; None: it may."""
    if recipe.status == "shadow":  # changes nothing, so nothing can be twice
        return None
    chain = event.envelope.get("caused_by", {}).get("recipes", ())
    if recipe.name in chain or len(chain) >= MAX_DEPTH:
        return f"Event {event.public_id} came about by {' → '.join(chain)}: no circle is gone on with."
    earlier = runs.of_event(tx, event.id, recipe.name)
    stands = next((one for one in earlier if one.outcome in _STANDING), None)
    if stands is not None:
        return f"Run {stands.public_id} is {stands.outcome}: it is not over yet."
    acted = _acted(tx, event, recipe)
    if acted is not None and recipe.once_per is None:
        return (
            f"Run {acted.public_id} has done it for this event, and no once_per would keep it from doubling."
        )
    undone = undoable.first_undone(tx, [one.public_id for one in earlier])
    if undone is not None:  # also one that had given nothing yet: what is called off is not begun anew
        return f"Run {undone} was taken back: what it was for is called off."
    if acted is None or recipe.once_per is None:
        return None
    if acted.revision == recipe.revision:
        return None
    text = revisions.text_of(tx, acted.revision)
    before = None if text is None else parts.library.as_it_was(recipe.name, text)
    if before is None or before.once_per is None or before.once_per.text != recipe.once_per.text:
        return f"Run {acted.public_id} has done it for this event, under another once_per than this."
    return None


def _acted(tx: Writing, event: events.Kept, recipe: Recipe) -> runs.Kept | None:
    """The newest run of the recipe on the event that is done, or did something before it failed."""
    for one in runs.of_event(tx, event.id, recipe.name):
        has_given = one.outcome != "shadow" and bool(one.outputs.get("steps"))
        if one.outcome == "done" or has_given:
            return one
    return None


def _run_again(parts: Parts, desk: Desk, happening: Happening, recipe: Recipe, replays: str | None) -> str:
    asked = frozenset(name for name in COSTLY if name in recipe.text)
    seen = snapshot(desk.tx, desk.account, happening.contact, desk.now, asked)
    row, answer = run_one(parts, desk, happening, recipe, seen, replays)
    runs.add_all(desk.tx, [row])
    return str(answer["id"])


def _passed_over(desk: Desk, happening: Happening, recipe: Recipe, replays: str | None, why: str) -> str:
    run = Run(ids.new_id(ids.RUN, desk.tx.wall), recipe, happening)
    row = row_of(desk.account, run, Ended("already_done", why, None, [], {}))
    runs.add_all(desk.tx, [{**row, "replays": replays}])
    return run.id


def _note(
    parts: Parts, tx: Writing, account: Account, actor: Actor, act: str, what: str, details: dict[str, Any]
) -> None:
    parts.desk(tx, account, actor).note(act, None, subject=what, details=details)
