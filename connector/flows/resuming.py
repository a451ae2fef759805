"""Runs that stood still go on: a wait that is over, a person's word, or nobody's within 14 days.

Each is taken off its place and goes on in one transaction: once, whoever looks, and
after a restart as before it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.errors import ConnectorError, NotFound, RunNotHeld
from ..domain.events import rfc3339
from ..logs import log
from ..operations.kit import Desk
from ..recipes import journal
from ..recipes.recipe import Recipe
from ..store import accounts, cards, contacts, events, revisions, runs, standing
from ..store.contacts import Contact
from ..store.events import Kept as Event
from ..store.standing import Standing
from ..store.writer import Writing
from . import schedule_runs
from .parts import Parts
from .payloads import forget_codes
from .performing import again, outputs_of
from .run import COSTLY, Ended, Run, snapshot, tell_of, walk

AT_ONCE: Final = 200
RESTING: Final = ("paused", "draft")
TRY_AGAIN: Final = timedelta(minutes=1)  # doubled with every try, up to the longest
LONGEST: Final = timedelta(hours=6)  # within a working day of whatever was mended


def run_due(parts: Parts, only: Account | None = None) -> int:
    """Let every run go on whose moment has come, of all accounts or of one; how many did.

    A paused recipe's wait until it acts again. One that fails holds up no other: it is tried again
    later, and later each time.
    """
    resting = [one.name for one in parts.library.current.recipes if one.status in RESTING]
    with parts.engines.reading() as connection:
        account_id = None if only is None else only.id
        found = standing.due(connection, parts.clock.now(), AT_ONCE, account_id, resting)
    return sum(_guarded(parts, run, account) for run, account in found)


def _guarded(parts: Parts, run: str, account_id: int) -> bool:
    try:
        return parts.writer.run(lambda tx: _due(parts, tx, run, account_id))
    except ConnectorError as error:
        log.error("run_left", run=run, error=error.code)
    except Exception as fault:  # noqa: BLE001 - a poisonous run must not stop the others
        log.error("run_left", run=run, error=type(fault).__name__)
    parts.writer.run(lambda tx: _postpone(tx, run, account_id))
    return False


def _postpone(tx: Writing, run: str, account_id: int) -> None:
    tx.at_account(accounts.by_id(tx, account_id).clock_offset)
    put_off = standing.postpone(tx, run, lambda tries: min(TRY_AGAIN * 2 ** min(tries, 20), LONGEST))
    if put_off is not None:
        tries, due_at = put_off
        tx.after_commit(partial(log.warning, "run_postponed", run=run, tries=tries, until=rfc3339(due_at)))


def _due(parts: Parts, tx: Writing, run: str, account_id: int) -> bool:
    account = accounts.by_id(tx, account_id)
    desk = parts.desk(tx, account, Actor("recipe"))
    kept, contact = _held_run(tx, account_id, run)
    found = standing.take(tx, parts.ring, run, due_by=tx.now)
    if found is None:  # somebody else went on with it, perhaps to its next wait
        return False
    if found.kind == "wait":
        _go_on(parts, desk, kept, contact, found)
    else:
        _end(tx, kept, "skipped", "lapsed: nobody decided in time")
    return True


def approve(
    parts: Parts, tx: Writing, account: Account, actor: Actor, run: str, note: str | None = None
) -> dict[str, Any]:
    """Let a held run go on, past the limit that it came to; NotFound, RunNotHeld. What became of it."""
    desk = parts.desk(tx, account, Actor("recipe"))
    kept, contact, found = _asked(parts, tx, account, run)
    _note(parts, tx, account, actor, "approve_run", kept, note)
    return _go_on(parts, desk, kept, contact, found)


def refuse(
    parts: Parts, tx: Writing, account: Account, actor: Actor, run: str, note: str | None = None
) -> dict[str, Any]:
    """End a held run; what it was held before giving is not given. NotFound, RunNotHeld."""
    parts.desk(tx, account, actor)
    kept, _, _ = _asked(parts, tx, account, run)
    _note(parts, tx, account, actor, "refuse_run", kept, note)
    return _answer(kept, _end(tx, kept, "skipped", f"refused{f': {note}' if note else ''}"))


def _held_run(tx: Writing, account_id: int, run: str) -> tuple[runs.Kept, Contact | None]:
    """The run and its contact as they are now, held in the order that flows/undoing.py names."""
    contact = _contact(tx, _require(runs.find(tx, account_id, run), run))
    return _require(runs.lock(tx, account_id, run), run), contact


def _asked(
    parts: Parts, tx: Writing, account: Account, run: str
) -> tuple[runs.Kept, Contact | None, Standing]:
    kept, contact = _held_run(tx, account.id, run)
    found = standing.take(tx, parts.ring, run) if kept.outcome == "held" else None
    if found is None or found.kind == "wait":
        raise RunNotHeld(f"Run {kept.public_id} is {kept.outcome}: there is nothing to decide.")
    return kept, contact, found


def _require(found: runs.Kept | None, run: str) -> runs.Kept:
    if found is None:
        raise NotFound(f"There is no run {run[:80]} in this account.")
    return found


def _note(
    parts: Parts, tx: Writing, account: Account, actor: Actor, act: str, kept: runs.Kept, note: str | None
) -> None:
    """Who decided, in the audit trail."""
    parts.desk(tx, account, actor).note(act, None, subject=kept.public_id, note=note)


def _go_on(
    parts: Parts, desk: Desk, kept: runs.Kept, contact: Contact | None, found: Standing
) -> dict[str, Any]:
    """Walk on with the facts of now; what the run came to, as a delivery's answer shows it."""
    tx = desk.tx
    recipe = recipe_at(parts, tx, kept.recipe, kept.revision)
    if kept.contact_id is not None and contact is None:
        return _answer(kept, _end(tx, kept, "skipped", "the person was erased"))
    event = events.by_id(tx, kept.event_id or 0)
    if recipe is None:
        return _answer(kept, _lost(desk, kept, event))
    happening = again(event, contact, parts.guesses, card_of(desk, event.envelope))
    is_limit = found.kind == "limit"
    run = Run(kept.public_id, recipe, happening, journal.from_json(found.journal), is_limit, is_limit)
    asked = frozenset(name for name in COSTLY if name in recipe.text)
    ended = walk(parts, desk, run, snapshot(tx, desk.account, contact, desk.now, asked))
    forget_codes(tx, parts.ring, event, happening.codes)
    outputs = outputs_of(ended.steps, with_codes=False)
    steps = {**kept.outputs.get("steps", {}), **outputs["steps"]}
    card = outputs["card"] or kept.outputs.get("card")
    values = {
        "outcome": ended.outcome,
        "reason": ended.reason,
        "place": ended.place,
        "trace": [*kept.trace, *ended.trace],
        "outputs": {"card": card, "steps": steps},
    }
    runs.go_on(tx, kept, values)
    return _answer(kept, ended)


def card_of(desk: Desk, envelope: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The card that a schedule over cards was at, as it is now."""
    if envelope["source"] != schedule_runs.SOURCE or "gift_card" not in envelope["data"]:
        return None
    card = cards.find(desk.tx, desk.account.id, envelope["data"]["gift_card"]["id"])
    return None if card is None else schedule_runs.card_seen(desk, card)


def recipe_at(parts: Parts, tx: Writing, recipe: str, revision: str) -> Recipe | None:
    """What a run of this revision does when it goes on; None: nobody can read that any more."""
    text = revisions.text_of(tx, revision)
    return None if text is None else parts.library.at_revision(recipe, revision, text)


def _contact(tx: Writing, kept: runs.Kept) -> Contact | None:
    """The run's contact, locked: two runs for one contact never overlap. None where it is gone."""
    if kept.contact is None:
        return None
    found = contacts.find(tx, kept.account_id, kept.contact)
    held = None if found is None else contacts.lock(tx, found)
    return None if held is None or held.erased_at is not None else held


def _lost(desk: Desk, kept: runs.Kept, event: Event) -> Ended:
    """Nobody knows any more what it was to do: what it gave stands, and somebody must know."""
    ended = _end(desk.tx, kept, "failed", "its revision cannot be read any more")
    origin = {"recipe": kept.recipe, "run_id": kept.public_id, "event_id": event.public_id}
    chain = (*event.envelope.get("caused_by", {}).get("recipes", ()), kept.recipe)
    told = {
        "id": kept.public_id,
        "recipe": kept.recipe,
        "revision": kept.revision,
        "reason": ended.reason,
        "place": None,
        "event": {"id": event.public_id, "type": event.type},
    }
    tell_of(replace(desk, actor=Actor("recipe", origin), chain=chain), "recipe.failed", told)
    desk.tx.after_commit(partial(log.error, "run_lost", run=kept.public_id, recipe=kept.recipe))
    return ended


def _end(tx: Writing, kept: runs.Kept, outcome: str, reason: str) -> Ended:
    runs.go_on(tx, kept, {"outcome": outcome, "reason": reason, "place": None})
    return Ended(outcome, reason, None, [], {})


def _answer(kept: runs.Kept, ended: Ended) -> dict[str, Any]:
    told: Mapping[str, Any] = outputs_of(ended.steps, with_codes=False)
    answer = {"id": kept.public_id, "recipe": kept.recipe, "outcome": ended.outcome}
    return {**answer, **({"reason": ended.reason} if ended.reason else {}), "outputs": told}
