"""Recipes × event: decide, perform, trace; a savepoint each, so that one failure undoes only itself."""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ..domain import ids
from ..domain.accounts import Account, Actor
from ..domain.card_numbers import mask
from ..domain.errors import ConnectorError, DailyCapReached, Unavailable
from ..domain.events import rfc3339
from ..domain.money import Money
from ..logs import log
from ..operations.kit import Desk
from ..recipes import decide
from ..recipes.journal import Journal, unbegun
from ..recipes.recipe import Recipe
from ..store import cards, facts, runs, standing
from ..store.contacts import Contact
from ..store.standing import Standing
from ..store.writer import DatabaseFault, Writing
from . import goals, personal
from .bounds import LimitReached
from .parts import Parts
from .performing import Happening, RunHooks, outputs_of, without_codes
from .undoing import called_off, note_undoable, undo

HELD_FOR: Final = timedelta(days=14)
"""So long a person may decide; then the run lapses."""

_STOPPED: Final = {"failed": "recipe.failed", "held": "recipe.held"}
PURSE: Final = frozenset({"balance", "next_expiry_at"})
COSTLY: Final = PURSE | {"last_redeemed_at"}
"""Names below `contact.` that a recipe's text must hold for their query to be made."""


class TooSlow(Exception):
    """Running took longer than the sender will wait; a worker does it without hurry."""


def run_event(
    parts: Parts,
    tx: Writing,
    account: Account,
    happening: Happening,
    deadline: float | None,
    but: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Run every recipe that listens, `but` these; what each came to, as the delivery's answer shows it.

    A run's failure is its outcome. A failure of the database leaves as it is.
    """
    current = parts.library.current
    listening = current.for_event(happening.type, account.slug, happening.source, happening.adapter)
    listening = tuple(recipe for recipe in listening if recipe.name not in but)
    undoing = [one for one in current.undoing.get(happening.type, ()) if one.account in (None, account.slug)]
    if not (listening or undoing or happening.type in current.goals):
        return []
    desk = parts.desk(tx, account, Actor("recipe"))
    goals.note(desk, current, happening.type, happening.public_id, happening.contact)
    looked_at = [*listening, *undoing]
    asked = frozenset(name for name in COSTLY if any(name in recipe.text for recipe in looked_at))
    shown = snapshot(tx, account, happening.contact, desk.now, asked) if looked_at else None
    rows, answers = [], []
    for recipe in undoing:
        undone = undo(parts, desk, happening, recipe, shown, current.former_of(recipe.name))
        if undone is not None:
            if parts.mask_personal:
                about = personal.known(happening.envelope, shown, None)
                undone = {**undone, "reason": personal.without(undone["reason"], about)}
            rows.append(undone)
            answers.append(_told(undone, {}))
            _tell_undo(desk, happening, recipe, undone)
    for recipe in listening:
        if deadline is not None and parts.clock.monotonic() > deadline:
            raise TooSlow
        row, answer = run_one(parts, desk, happening, recipe, shown)
        rows.append(row)
        answers.append(answer)
    runs.add_all(tx, rows)
    return answers


def snapshot(
    tx: Writing, account: Account, contact: Contact | None, now: datetime, asked: frozenset[str]
) -> dict[str, Any] | None:
    """The contact as recipes see it, with this event counted; None where there is none.

    What costs a query of its own is worked out only where it is `asked` for.
    """
    if contact is None:
        return None
    totals = facts.totals(tx, contact.id)
    purse = cards.purse(tx, account.id, contact.id, now) if asked & PURSE else cards.Purse({})
    redeemed = "last_redeemed_at" in asked
    return {
        "id": contact.public_id,
        "external_id": contact.external_id,
        "email": contact.email,
        "phone": contact.phone,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "tags": contact.tags,
        "attributes": dict(contact.attributes),
        "referred_by": contact.referred_by,
        "first_seen_at": contact.first_seen_at,
        "visits": totals.visits,
        "last_visit_at": totals.last_visit_at,
        "last_booking_at": totals.last_booking_at,
        "spent": Money.total(totals.spent_in(account.currency), account.currency),
        "points": totals.points,
        "no_shows": totals.no_shows,
        "balance": Money.total(purse.balances.get(account.currency, 0), account.currency),
        "next_expiry_at": purse.next_expiry_at,
        "last_redeemed_at": cards.last_redeemed_at(tx, account.id, contact.id) if redeemed else None,
    }


Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """What one walk of a run came to, ready to be kept: masked, without codes but for `steps`.

    `standing`: how it stands still, where it does.
    """

    outcome: str
    reason: str | None
    place: str | None
    trace: list[Any]
    steps: Mapping[str, Any]
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one revision; `is_waived`: a person approved, so the recipe's limits do not hold it."""

    id: str
    recipe: Recipe
    happening: Happening
    journal: Journal | None = None
    is_approved: bool = False
    is_waived: bool = False


def run_one(
    parts: Parts,
    desk: Desk,
    happening: Happening,
    recipe: Recipe,
    shown: Mapping[str, Any] | None,
    replays: str | None = None,
) -> tuple[Row, dict[str, Any]]:
    """One recipe: its row, and what the answer says of it. `replays`: the run that it is again."""
    tx = desk.tx
    run = Run(ids.new_id(ids.RUN, tx.wall), recipe, happening)
    ended = walk(parts, desk, run, shown)
    kept = {**row_of(desk.account, run, ended), "replays": replays}
    return kept, _told(kept, ended.steps)


def _told(row: Row, steps: Mapping[str, Any]) -> dict[str, Any]:
    """A run as the delivery's answer shows it."""
    answer: dict[str, Any] = {"id": row["public_id"], "recipe": row["recipe"], "outcome": row["outcome"]}
    if row["reason"]:
        answer["reason"] = row["reason"]
    return {**answer, "outputs": outputs_of(steps, with_codes=True)}


def row_of(account: Account, run: Run, ended: Ended) -> Row:
    """A run as it is kept."""
    happening, recipe = run.happening, run.recipe
    return {
        "public_id": run.id,
        "account_id": account.id,
        "event_id": happening.row_id,
        "contact_id": None if happening.contact is None else happening.contact.id,
        "recipe": recipe.name,
        "revision": recipe.revision,
        "outcome": ended.outcome,
        "reason": ended.reason,
        "place": ended.place,
        "trace": ended.trace,
        "outputs": outputs_of(ended.steps, with_codes=False),
    }


def walk(parts: Parts, desk: Desk, run: Run, shown: Mapping[str, Any] | None) -> Ended:
    """Let a run go from where it is to its end, or to where it stands still; what it stands on is kept.

    What it did is undone where it fails or comes to a limit, back to where this walk began.
    """
    tx, account, recipe = desk.tx, desk.account, run.recipe
    origin = {"recipe": recipe.name, "run_id": run.id, "event_id": run.happening.public_id}
    caps = dataclasses.replace(desk.caps, per_recipe=0) if run.is_waived else desk.caps
    happening = run.happening
    chain = (*happening.chain, recipe.name)
    own = dataclasses.replace(desk, actor=Actor("recipe", origin), caps=caps, chain=chain)
    zone, currency = account.timezone, account.currency
    seen = decide.Facts(happening.envelope, shown, desk.now, zone, currency, happening.card)
    codes: set[str] = set() if run.journal is None else set(run.journal.codes)
    hooks = RunHooks(own, run.happening, codes, recipe, run.id, run.is_waived)
    try:
        with tx.savepoint():
            decision = _decided(own, run, seen, hooks)
            if decision.outcome in ("done", "waiting", "held"):
                note_undoable(own, happening, recipe, run.id, seen)
            ended = _standing(tx, run, decision)
    except decide.Failed as failed:
        ended = _stopped(tx, run, failed)
        if ended.outcome == "held":
            ended = _undoable_while_held(own, run, seen, ended)
    except (DatabaseFault, Unavailable, TooSlow):  # nothing happened: the delivery is tried again
        raise
    except Exception as fault:  # noqa: BLE001 - a bug of ours fails this run, never the delivery
        log.error("run_crashed", run=run.id, recipe=recipe.name, error=type(fault).__name__)
        ended = Ended("failed", f"internal error: {type(fault).__name__}", None, [], {})
    ended = dataclasses.replace(
        ended,
        reason=mask(without_codes(ended.reason, codes)),
        trace=mask(without_codes(ended.trace, codes)),
    )
    if parts.mask_personal:
        ended = _masked(ended, run.happening, shown)
    if ended.standing is not None:
        standing.add(tx, parts.ring, dataclasses.replace(ended.standing, account_id=account.id))
    if ended.outcome in _STOPPED:
        _tell_stopped(own, run, _STOPPED[ended.outcome], ended)
    tx.after_commit(partial(log.info, "run", run=run.id, recipe=recipe.name, outcome=ended.outcome))
    return ended


def _undoable_while_held(desk: Desk, run: Run, seen: decide.Facts, ended: Ended) -> Ended:
    """What is taken back meanwhile must not be approved any more; what nobody could take back fails."""
    try:
        note_undoable(desk, run.happening, run.recipe, run.id, seen)
    except decide.Failed as fault:
        return Ended("failed", fault.detail, fault.place, ended.trace, {})
    return ended


def _decided(desk: Desk, run: Run, seen: decide.Facts, hooks: RunHooks) -> decide.Decision:
    recipe = run.recipe
    if run.journal is not None:
        return decide.resume(recipe, seen, run.journal, hooks, approved=run.is_approved)
    late = called_off(desk, run.happening, recipe, run.id, seen)
    if late is None:
        return decide.run(recipe, seen, hooks)
    assert recipe.undo is not None
    return decide.Decision("skipped", late[0], recipe.undo.same.spot.place(), late[1])


def _masked(ended: Ended, happening: Happening, shown: Mapping[str, Any] | None) -> Ended:
    hidden = personal.known(happening.envelope, shown, happening.card, ended.trace)
    return dataclasses.replace(
        ended,
        reason=personal.without(ended.reason, hidden),
        trace=personal.in_trace(ended.trace, hidden),
        steps=personal.without(ended.steps, hidden),
    )


def _standing(tx: Writing, run: Run, decision: decide.Decision) -> Ended:
    """The decision, with what is needed to go on where it stands still."""
    found = None
    if decision.journal is not None:
        waits = decision.until is not None
        due_at = decision.until if decision.until is not None else tx.now + HELD_FOR
        found = Standing(run.id, 0, "wait" if waits else "hold", due_at, decision.journal.as_json())
    return Ended(
        decision.outcome, decision.reason, decision.place, decision.trace, dict(decision.steps), found
    )


def _stopped(tx: Writing, run: Run, failed: decide.Failed) -> Ended:
    """Failed, or at a limit: held for a person, who lets it go on from where this walk began; or skipped."""
    cause = failed.__cause__
    at_limit = isinstance(cause, LimitReached | DailyCapReached)
    place = (isinstance(cause, LimitReached) and cause.place) or failed.place
    outcome = "failed" if not at_limit else "held"
    if isinstance(cause, LimitReached) and run.recipe.limits is not None:
        outcome = "skipped" if run.recipe.limits.when_reached == "skip" else "held"
    found = None
    if outcome == "held":
        journal = run.journal or unbegun(run.recipe)
        found = Standing(run.id, 0, "limit", tx.now + HELD_FOR, journal.as_json())
    return Ended(outcome, failed.detail, place, failed.trace, {}, found)


def _tell_undo(desk: Desk, happening: Happening, recipe: Recipe, undone: Row) -> None:
    """An undo that failed took nothing back: somebody must know."""
    if undone["outcome"] == "failed":
        run = Run(undone["public_id"], recipe, happening)
        origin = {"recipe": recipe.name, "run_id": run.id, "event_id": happening.public_id}
        chain = (*happening.chain, recipe.name)
        own = dataclasses.replace(desk, actor=Actor("recipe", origin), chain=chain)
        _tell_stopped(own, run, "recipe.failed", Ended("failed", undone["reason"], undone["place"], [], {}))


def _tell_stopped(desk: Desk, run: Run, message_type: str, ended: Ended) -> None:
    told = {
        "id": run.id,
        "recipe": run.recipe.name,
        "revision": run.recipe.revision,
        "reason": ended.reason,
        "place": ended.place,
        "event": {"id": run.happening.public_id, "type": run.happening.type},
    }
    if ended.standing is not None:
        told["lapses_at"] = rfc3339(ended.standing.due_at)
    tell_of(desk, message_type, told)


def tell_of(desk: Desk, message_type: str, told: Mapping[str, Any]) -> None:
    """A message about a run."""
    try:
        with desk.tx.savepoint():
            desk.tell(message_type, None, {"run": told})
    except ConnectorError as error:  # a reason too long for a message must not fail the delivery
        log.error("message_refused", run=told["id"], error=error.code)
