"""A recipe's own tests: run through the same code as an event, with nothing behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..domain.errors import ConnectorError
from ..domain.events import rfc3339
from .clauses import Goal
from .decide import Decision, Facts, Failed, Pause, run_through
from .names import Scene
from .recipe import Action, Case, Expected, Recipe
from .values import for_trace
from .wording import listed, quoted


@dataclass(frozen=True, slots=True)
class Result:
    """One test's end. `message` says what differed, None where it passed."""

    case: Case
    message: str | None
    trace: list[dict[str, Any]]

    @property
    def passed(self) -> bool:
        return self.message is None


def run_tests(recipe: Recipe) -> tuple[Result, ...]:
    """Every test of the recipe, in order. A shadow or paused recipe is tested as if it were live."""
    live = replace(recipe, status="live")
    return tuple(_result(live, case) for case in recipe.cases)


def lacks(recipe: Recipe) -> str | None:
    """What a live recipe's tests lack: one that expects a step, and one that expects nothing."""
    kinds = {bool(case.expected) for case in recipe.cases}
    missing = [name for kind, name in ((True, "a step"), (False, "nothing")) if kind not in kinds]
    return f"no test expects {' and none expects '.join(missing)}" if missing else None


@dataclass(frozen=True, slots=True)
class _Done:
    """A deed, wait or hold of a test's run; `now` is when, as its waits moved it on."""

    step: str
    fields: Mapping[str, Any]
    now: datetime
    is_deed: bool


@dataclass(slots=True)
class _Nothing:
    """Hooks with nothing behind them: they note what is asked for, and answer as the test gives."""

    case: Case
    now: datetime
    done: list[_Done] = field(default_factory=list)

    def perform(self, action: Action, fields: dict[str, Any]) -> Mapping[str, Any]:
        self.done.append(_Done(action.spec.name, fields, self.now, action.spec.changes))
        result: Mapping[str, Any] = self.case.steps.get(action.key, {})
        return result

    def take_once(self, _value: str) -> bool:
        return True

    def enroll(self, _goal: Goal) -> bool:
        return True

    def seen_before(self, _subject: str, _at: datetime) -> str | None:
        return None

    def passed(self, pause: Pause) -> None:
        told = {"duration": pause.duration, "until": pause.until, "why": pause.why}
        fields = {name: value for name, value in told.items() if value is not None}
        self.done.append(_Done(pause.step, fields, self.now, is_deed=False))
        self.now = max(self.now, pause.until or self.now)


def _result(recipe: Recipe, case: Case) -> Result:
    """Waits and holds are passed at once: afterwards the contact is the same, and the time moved on."""
    hooks = _Nothing(case, case.now)
    try:
        decision = run_through(recipe, facts_of(recipe, case), hooks, hooks.passed)
    except Failed as fault:
        return Result(case, f"the run failed: {fault.reason} ({fault.place})", fault.trace)
    except ConnectorError as fault:
        return Result(case, f"the run failed: {fault.detail}", [])
    return Result(case, _difference(recipe, case, decision, _counted(case, hooks.done)), decision.trace)


def _counted(case: Case, done: list[_Done]) -> list[_Done]:
    """Every deed, and where the test names them, steps that look, waits and holds.

    A test that expects nothing names none, and means no wait or hold either.
    """
    wanted = {each.step for each in case.expected}
    pauses = ("wait", "hold") if not case.expected else ()
    return [each for each in done if each.is_deed or each.step in wanted or each.step in pauses]


def facts_of(recipe: Recipe, case: Case) -> Facts:
    """The test's event and contact: nothing but what it gives."""
    source = recipe.sources[0] if recipe.sources else "test"
    envelope: dict[str, Any] = {
        "id": "evt_test",
        "type": case.event_type,
        "occurred_at": rfc3339(case.now),
        "source": source,
        "adapter": source,
        "account": recipe.account or "test",
        "contact": None,
        "data": {},
    }
    event = {**envelope, **case.event}
    return Facts(event, case.contact, case.now, case.timezone, case.currency, case.card)


def _difference(recipe: Recipe, case: Case, decision: Decision, done: list[_Done]) -> str | None:
    names = [each.step for each in done]
    wanted = [each.step for each in case.expected]
    if names != wanted:
        reason = f" ({decision.reason})" if decision.reason else ""
        return f"expected {_named(wanted)}, but {_named(names)} was done{reason}"
    scene = _scene(recipe, case)
    for expected, each in zip(case.expected, done, strict=True):
        scene.now = each.now
        wrong = _differs(expected, each.step, each.fields, scene)
        if wrong is not None:
            return wrong
    if case.because is not None:
        stopping = [line["text"] for line in decision.trace if line.get("verdict") is False]
        if case.because not in stopping[:1]:
            found = quoted(stopping[0]) if stopping else "no condition"
            return f"expected {quoted(case.because)} to stop it, but {found} did"
    return None


def _differs(expected: Expected, name: str, fields: Mapping[str, Any], scene: Scene) -> str | None:
    for one in expected.fields:
        try:
            wanted = one.fill(scene)
        except ConnectorError as fault:
            return f"`{name}`: the expected `{one.name}` cannot be worked out: {fault.detail}"
        if one.name not in fields:
            return f"`{name}`: `{one.name}` was expected, but the step has none"
        if fields[one.name] != wanted:
            return f"`{name}`: `{one.name}` is {for_trace(fields[one.name])}, expected {for_trace(wanted)}"
    return None


def _scene(recipe: Recipe, case: Case) -> Scene:
    facts = facts_of(recipe, case)
    return Scene(
        event=facts.event,
        contact=facts.contact,
        now=facts.now,
        zone=ZoneInfo(facts.timezone),
        currency=facts.currency,
        vars=recipe.vars,
        lets=recipe.lets,
        card=facts.card,
    )


def _named(names: list[str]) -> str:
    return listed(names) or "nothing"
