"""Recipe × event × contact: what to do, why, or why not. Pure but for the callables handed in.

A run that cannot go on raises Failed, so that its caller undoes what it did;
whatever is not ours (a database's error, a bug) passes through untouched.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..domain.errors import ConnectorError, RunFailed, Unavailable
from .expressions import Expression
from .names import UNKNOWN, Scene, UnknownYet
from .recipe import Action, Choose, Recipe, Step, Stop
from .tracing import Trace
from .values import EvaluationFailed, as_text

OUTCOMES: Final = ("done", "not_matched", "already_done", "failed", "shadow")

Perform = Callable[[str, dict[str, Any]], Mapping[str, Any]]
PerformAction = Callable[[Action, dict[str, Any]], Mapping[str, Any]]
TakeOnce = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run decides on: the event's envelope, the contact as it is now, the account's time."""

    event: Mapping[str, Any]
    contact: Mapping[str, Any] | None
    now: datetime
    timezone: str
    currency: str


@dataclass(frozen=True, slots=True)
class Decision:
    """`outcome` is one of OUTCOMES; `place` is `file:line:column` of the line that decided, where one did.

    `steps`: id (or the step's name) → result of what was performed, codes included: never store it as it
    is. `trace` is JSON-ready, and without codes.
    """

    outcome: str
    reason: str | None = None
    place: str | None = None
    trace: list[dict[str, Any]] = field(default_factory=list)
    steps: dict[str, Mapping[str, Any]] = field(default_factory=dict)


class Failed(RunFailed):
    """The run cannot go on. `reason`, `place` and `trace` say where and why; undo its work."""

    def __init__(self, reason: str, place: str | None, trace: list[dict[str, Any]]) -> None:
        super().__init__(reason, place=place)
        self.reason = reason
        self.trace = trace


class _Ended(Exception):  # a step's way out of nested branches; never leaves this module
    def __init__(self, reason: str | None, place: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place


def run(recipe: Recipe, facts: Facts, perform: Perform, take_once: TakeOnce) -> Decision:
    """Decide, and perform the steps through `perform`. Raises Failed.

    A recipe whose status is `shadow` performs only steps that look, and claims
    no `once_per`: neither `perform` of a changing step nor `take_once` is called.
    """
    return run_actions(recipe, facts, lambda action, fields: perform(action.spec.name, fields), take_once)


def run_actions(recipe: Recipe, facts: Facts, perform: PerformAction, take_once: TakeOnce) -> Decision:
    """As `run`, for callers that want to know which of the recipe's steps is meant."""
    trace = Trace()
    try:
        return _run(recipe, facts, perform, take_once, trace)
    except EvaluationFailed as fault:
        raise Failed(fault.detail, fault.place, trace.lines) from fault


def _run(recipe: Recipe, facts: Facts, perform: PerformAction, take_once: TakeOnce, trace: Trace) -> Decision:
    scene = _scene(recipe, facts)
    stopped = _stopping(recipe.conditions, scene, trace)
    if stopped is not None:
        return Decision("not_matched", f"`{stopped.text}` does not hold", stopped.spot.place(), trace.lines)
    is_shadow = recipe.status == "shadow"
    if recipe.once_per is not None and not _claimed(
        recipe.once_per, scene, trace, take_once, is_shadow=is_shadow
    ):
        reason = "`once_per`: done before for this value"
        return Decision("already_done", reason, recipe.once_per.spot.place(), trace.lines)
    work = _Work(scene, trace, perform, is_shadow)
    outcome = "shadow" if is_shadow else "done"
    try:
        work.steps(recipe.steps)
    except _Ended as ended:
        return Decision(outcome, ended.reason, ended.place, trace.lines, work.results)
    return Decision(outcome, None, None, trace.lines, work.results)


def _scene(recipe: Recipe, facts: Facts) -> Scene:
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
    )


def _stopping(conditions: Sequence[Expression], scene: Scene, trace: Trace) -> Expression | None:
    """The first condition that does not hold. All are asked, so that the trace shows each.

    As with `and`: one that is false decides, whatever became of the others;
    where none is, the first error is the run's.
    """
    stopping: Expression | None = None
    error: EvaluationFailed | None = None
    for condition in conditions:
        verdict = trace.condition(condition, scene)
        if isinstance(verdict, EvaluationFailed):
            error = error or verdict
        elif not verdict:
            stopping = stopping or condition
    if stopping is None and error is not None:
        raise error
    return stopping


def _claimed(
    once_per: Expression, scene: Scene, trace: Trace, take_once: TakeOnce, *, is_shadow: bool
) -> bool:
    scene.saw = {}
    text = f"once_per: {once_per.spot.scalar.text if once_per.text != 'contact.id' else 'contact'}"
    entry = trace.note(once_per.spot, text=text)
    try:
        value = once_per.evaluate(scene)
        try:
            key = as_text(value)
        except EvaluationFailed as fault:
            fault.place = once_per.spot.place()
            raise
    except EvaluationFailed as fault:
        entry.update(verdict="error", error=fault.detail, values=trace.safe(scene.saw))
        raise
    is_first = is_shadow or take_once(key)
    entry.update(verdict=is_first, values=trace.safe(scene.saw))
    return is_first


@dataclass(slots=True)
class _Work:
    """The steps of one run."""

    scene: Scene
    trace: Trace
    perform: PerformAction
    is_shadow: bool
    results: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def steps(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if not self.holds(step.conditions):
                continue
            if isinstance(step, Action):
                self.action(step)
            elif isinstance(step, Choose):
                self.choose(step)
            elif isinstance(step, Stop):
                self.stop(step)
            else:
                raise Failed("this step cannot be done yet", step.spot.place(), self.trace.lines)

    def holds(self, conditions: Sequence[Expression]) -> bool:
        """Whether a step is taken; a shadow run takes what only a live one could know."""
        try:
            return _stopping(conditions, self.scene, self.trace) is None
        except UnknownYet:
            if self.is_shadow:
                return True
            raise

    def choose(self, step: Choose) -> None:
        for branch in step.branches:
            if self.holds(branch.conditions):
                self.steps(branch.steps)
                return

    def stop(self, step: Stop) -> None:
        why = None if step.why is None else step.why.render_text(self.scene)
        self.trace.note(step.spot, step="stop", why=self.trace.safe(why))
        raise _Ended(f"stopped: {why}" if why else "stopped", step.spot.place())

    def action(self, step: Action) -> None:
        entry = self.trace.note(step.spot, step=step.spec.name, id=step.id)
        self.scene.saw = {}
        fields = self.fields(step, entry)
        if self.is_shadow and step.spec.changes:
            entry["would"] = True
            self.keep(step, UNKNOWN)
            return
        try:
            result = self.perform(step, fields)
        except Unavailable:  # nothing happened: the whole delivery is tried again
            raise
        except ConnectorError as fault:
            entry["error"] = fault.detail
            raise Failed(fault.detail, step.spot.place(), self.trace.lines) from fault
        self.trace.learn(result)
        entry["result"] = self.trace.safe(result)
        self.results[_free(step.key, self.results)] = result
        self.keep(step, result)

    def fields(self, step: Action, entry: dict[str, Any]) -> dict[str, Any]:
        """The fields as the deed takes them, noted in the trace."""
        fields: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        try:
            for each in step.fields:
                try:
                    fields[each.name] = each.fill(self.scene)
                except UnknownYet:
                    if not self.is_shadow or not step.spec.changes:
                        raise
                    unknown[each.name] = each.source
        except EvaluationFailed as fault:
            fault.place = fault.place or step.spot.place()
            entry["error"] = fault.detail
            raise
        finally:
            self.trace.learn(fields)
            entry["fields"] = self.trace.safe({**fields, **unknown})
        return fields

    def keep(self, step: Action, result: Any) -> None:
        self.scene.previous = result
        if step.id is not None:
            self.scene.steps[step.id] = result


def _free(key: str, taken: Mapping[str, Any]) -> str:
    """The key, or `issue_card_2` for the second step of a name that has no id."""
    number = sum(name == key or name.startswith(f"{key}_") for name in taken)
    return key if key not in taken else f"{key}_{number + 1}"
