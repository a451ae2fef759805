"""Recipe × event × contact: what to do, why, or why not. Pure but for the hooks handed in.

A run that cannot go on raises Failed, so that its caller undoes what it did;
whatever is not ours (a database's error, a bug) passes through untouched.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..domain.events import rfc3339
from .clauses import Goal
from .decision import OUTCOMES as OUTCOMES
from .decision import Decision as Decision
from .decision import Facts as Facts
from .decision import Failed as Failed
from .decision import Hooks as Hooks
from .decision import Pause as Pause
from .expressions import Expression
from .journal import BEGAN, BadJournal, Journal, Tape, unbegun
from .names import UNKNOWN, Scene
from .operators import as_time
from .recipe import Action, Recipe
from .tracing import Trace
from .values import EvaluationFailed, as_text
from .walk import Ended, Passed, Paused, Walk

MAX_KEY: Final = 1_000
"""Bytes of what a thing is known by: ids are far shorter, and an index takes no much longer one."""


def run(recipe: Recipe, facts: Facts, hooks: Hooks, *, is_brief: bool = False) -> Decision:
    """Decide, and perform the steps, up to the first wait or hold. Raises Failed.

    `is_brief`: nobody will read the trace.

    A recipe whose status is `shadow` performs only steps that look; it claims and
    enrolls nothing, and passes waits and holds.
    """
    return _walked(recipe, facts, unbegun(recipe), hooks, is_brief=is_brief)


def resume(
    recipe: Recipe,
    facts: Facts,
    journal: Journal,
    hooks: Hooks,
    *,
    approved: bool = False,
    is_brief: bool = False,
) -> Decision:
    """Go on where `journal` ends, with the facts of now. Raises Failed, also where the journal does not fit.

    `approved`: a person let it go on, so the conditions asked at that place are not asked
    again. For a run that was undone because a limit was reached: with the journal that it
    went on from, or `unbegun`; `same_as`, `once_per` and the goal, undone as well, are asked.
    """
    return _walked(recipe, facts, journal, hooks, approved=approved, is_brief=is_brief)


def run_through(recipe: Recipe, facts: Facts, hooks: Hooks, passed: Passed) -> Decision:
    """As `run`, but waits and holds are passed at once, the time moved on; `passed` is told of each."""
    return _walked(recipe, facts, unbegun(recipe), hooks, passed)


@dataclass(frozen=True, slots=True)
class Before:
    """What was done before a trial, which claims nothing: whether another run has the value of `once_per`,
    and the id of the event that told the same, or None.
    """

    is_taken: Callable[[str], bool]
    told_by: Callable[[str, datetime], str | None]


def trial(
    recipe: Recipe,
    facts: Facts,
    results: Mapping[str, Mapping[str, Any]],
    look: Callable[[Action, dict[str, Any]], Mapping[str, Any]] | None = None,
    before: Before | None = None,
) -> Decision:
    """What the recipe would do, whatever its status, as a shadow run tells it; changes nothing.

    A step that looks gives what `results` say for its id or name, else what `look` finds.
    `before`: what knows whether `once_per` is taken, and whether another event told the same.
    """
    shadow, hooks = replace(recipe, status="shadow"), _Looking(results, look, before)
    return _walked(shadow, facts, unbegun(shadow), hooks, asks=True)


@dataclass(frozen=True, slots=True)
class _Looking:
    """Hooks of a trial. A shadow run asks for steps that look, and for nothing else."""

    results: Mapping[str, Mapping[str, Any]]
    look: Callable[[Action, dict[str, Any]], Mapping[str, Any]] | None
    before: Before | None

    def perform(self, action: Action, fields: dict[str, Any]) -> Any:
        if action.key in self.results:
            return self.results[action.key]
        return UNKNOWN if self.look is None else self.look(action, fields)

    def take_once(self, value: str) -> bool:
        return self.before is None or not self.before.is_taken(value)

    def enroll(self, _goal: Goal) -> bool:
        return True

    def seen_before(self, subject: str, at: datetime) -> str | None:
        return None if self.before is None else self.before.told_by(subject, at)


def stopped_by(recipe: Recipe, facts: Facts) -> Expression | None:
    """The condition by which `run` would come to `not_matched`, without a trace; None: ask `run`.

    For whoever decides on hundreds of thousands of events, of which few match.
    """
    scene = _scene(recipe, facts, {})
    for condition in recipe.conditions:
        try:
            if not condition.holds(scene):
                return condition
        except EvaluationFailed:  # another one may decide
            continue
    return None


def holding(recipe: Recipe, facts: Facts) -> list[dict[str, Any]] | None:
    """The trace of the conditions where all of them hold; None: one does not, or errs: ask `run`."""
    trace = Trace()
    try:
        stopping = trace.stopping(recipe.conditions, _scene(recipe, facts, {}))
    except EvaluationFailed:
        return None
    return None if stopping is not None else trace.lines


def text_of(recipe: Recipe, facts: Facts, expression: Expression) -> str:
    """What an expression beside the steps gives on an event, as text. Raises Failed."""
    try:
        return _text_of(expression, _scene(recipe, facts, {}))
    except EvaluationFailed as fault:
        raise Failed(fault.detail, fault.place, []) from fault


def _walked(
    recipe: Recipe,
    facts: Facts,
    journal: Journal,
    hooks: Hooks,
    passed: Passed | None = None,
    *,
    approved: bool = False,
    asks: bool = False,
    is_brief: bool = False,
) -> Decision:
    """`asks`: a shadow run, too, asks what was done before."""
    trace = Trace(codes=set(journal.codes), is_brief=is_brief)
    is_shadow = recipe.status == "shadow"
    if is_shadow and passed is None:
        passed = _unheard
    try:
        tape = Tape.of(journal, recipe)
        scene = _scene(recipe, facts, journal.memo)
        walk = Walk(scene, trace, hooks, tape, is_shadow, passed, approved)
        decision = _began(recipe, walk, asks or not is_shadow) or _stepped(recipe, walk)
        if not tape.is_at_end:
            raise BadJournal("what was kept of this run is longer than its recipe, so it cannot go on")
    except (EvaluationFailed, BadJournal) as fault:
        raise Failed(fault.detail, fault.place, trace.lines) from fault
    return decision


def _unheard(_: Pause) -> None:
    """A shadow run's waits and holds stand in its trace, and nobody is told."""


def _scene(recipe: Recipe, facts: Facts, memo: Mapping[str, Any]) -> Scene:
    try:
        zone = ZoneInfo(facts.timezone)
    except (ValueError, OSError, LookupError) as fault:
        raise EvaluationFailed(f"{facts.timezone!r} is not a time zone") from fault
    return Scene(
        event=facts.event,
        contact=facts.contact,
        now=facts.now,
        zone=zone,
        currency=facts.currency,
        vars=recipe.vars,
        lets=recipe.lets,
        memo=dict(memo),
        card=facts.card,
    )


def _began(recipe: Recipe, walk: Walk, asks: bool) -> Decision | None:
    """What is asked before the first step: conditions, `same_as`, `once_per`, the control group. None: go on.

    An event told twice claims nothing, so `same_as` comes before `once_per`; why
    the control group comes last, see Hooks.enroll.
    """
    entry = walk.tape.take(BEGAN)
    if entry is not None:
        walk.tape.require_kind(entry, BEGAN)
        return None
    trace = walk.trace
    if walk.approved:
        line = recipe.conditions[0].line if recipe.conditions else 1
        trace.lines.append({"line": line, "text": "approved: the conditions are not asked again"})
    else:
        stopped = trace.stopping(recipe.conditions, walk.scene)
        if stopped is not None:
            reason = f"`{stopped.text}` does not hold"
            return Decision("not_matched", reason, stopped.spot.place(), trace.lines)
    claimed = None
    told = _told_before(recipe, walk, asks)
    if told is not None:
        return told
    if recipe.once_per is not None:
        claimed = _claimed(recipe.once_per, walk, asks)
        if claimed is None:
            reason = "`once_per`: done before for this value"
            return Decision("already_done", reason, recipe.once_per.spot.place(), trace.lines)
    if recipe.goal is not None and not walk.is_shadow and not walk.hooks.enroll(recipe.goal):
        return Decision("skipped", "control group", None, trace.lines)
    walk.tape.write(BEGAN, BEGAN, claimed)
    return None


def _told_before(recipe: Recipe, walk: Walk, asks: bool) -> Decision | None:
    """`already_done` where another event told the same."""
    same = recipe.same_as
    if same is None:
        return None
    scene, trace = walk.scene, walk.trace
    scene.saw = {}
    line = trace.note(same.subject.spot, text=f"same_as: {same.subject.text}")
    place = (same.at or same.subject).spot.place()
    try:
        subject = _text_of(same.subject, scene)
        at = scene.event.get("occurred_at") if same.at is None else same.at.evaluate(scene)
        try:
            moment = as_time(at, scene.zone)
        except EvaluationFailed as fault:
            fault.place = place
            raise
    except EvaluationFailed as fault:
        line.update(verdict="error", error=fault.detail, values=trace.safe(scene.saw))
        raise
    first = walk.hooks.seen_before(subject, moment) if asks else None
    line.update(verdict=first is None, values=trace.safe(scene.saw), at=rfc3339(moment))
    if first is None:
        return None
    return Decision(
        "already_done", f"`same_as`: {first} told the same", same.subject.spot.place(), trace.lines
    )


def _claimed(once_per: Expression, walk: Walk, asks: bool) -> str | None:
    """The value that was claimed, or None where it was claimed before."""
    scene, trace = walk.scene, walk.trace
    scene.saw = {}
    text = f"once_per: {once_per.spot.scalar.text if once_per.text != 'contact.id' else 'contact'}"
    line = trace.note(once_per.spot, text=text)
    try:
        key = _text_of(once_per, scene)
    except EvaluationFailed as fault:
        line.update(verdict="error", error=fault.detail, values=trace.safe(scene.saw))
        raise
    is_first = not asks or walk.hooks.take_once(key)
    line.update(verdict=is_first, values=trace.safe(scene.saw))
    return key if is_first else None


def _text_of(expression: Expression, scene: Scene) -> str:
    """What a key is made of; EvaluationFailed, also where it is too long for one."""
    value = expression.evaluate(scene)
    try:
        text = as_text(value)
        if len(text.encode()) > MAX_KEY:
            raise EvaluationFailed(f"is longer than {MAX_KEY} bytes, which is no name of anything")
    except EvaluationFailed as fault:
        fault.place = expression.spot.place()
        raise
    return text


def _stepped(recipe: Recipe, walk: Walk) -> Decision:
    lines, results = walk.trace.lines, walk.results
    outcome = "shadow" if walk.is_shadow else "done"
    try:
        walk.steps(recipe.steps)
    except Ended as ended:
        return Decision(outcome, ended.reason, ended.place, lines, results)
    except Paused as paused:
        pause = paused.pause
        codes = tuple(sorted(walk.trace.codes))
        kept = Journal(recipe.name, recipe.revision, tuple(walk.tape.entries), dict(walk.scene.memo), codes)
        place = pause.spot.place()
        if pause.step == "hold":
            return Decision(
                "held", pause.why or "held for a person to decide", place, lines, results, journal=kept
            )
        assert pause.until is not None  # only a shadow run, which never stands still, may not know it
        reason = f"waiting until {rfc3339(pause.until)}"
        return Decision("waiting", reason, place, lines, results, pause.until, kept)
    return Decision(outcome, None, None, lines, results)
