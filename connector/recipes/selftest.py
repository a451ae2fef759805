"""A recipe's own tests: run through the same code as an event, with nothing behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from ..domain.errors import ConnectorError
from ..domain.events import rfc3339
from .decide import Decision, Facts, Failed, run_actions
from .names import Scene
from .recipe import Action, Case, Choose, Expected, Recipe, Step
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


def _result(recipe: Recipe, case: Case) -> Result:
    done: list[tuple[str, dict[str, Any]]] = []

    def perform(action: Action, fields: dict[str, Any]) -> Mapping[str, Any]:
        done.append((action.spec.name, fields))
        result: Mapping[str, Any] = case.steps.get(action.key, {})
        return result

    facts = facts_of(recipe, case)
    try:
        decision = run_actions(recipe, facts, perform, lambda _: True)
    except Failed as fault:
        return Result(case, f"the run failed: {fault.reason} ({fault.place})", fault.trace)
    except ConnectorError as fault:
        return Result(case, f"the run failed: {fault.detail}", [])
    looks = {step.spec.name for step in _actions(recipe.steps) if not step.spec.changes}
    wanted = {each.step for each in case.expected}
    counted = [each for each in done if each[0] not in looks or each[0] in wanted]
    return Result(case, _difference(recipe, case, decision, counted), decision.trace)


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
    return Facts({**envelope, **case.event}, case.contact, case.now, case.timezone, case.currency)


def _actions(steps: tuple[Step, ...]) -> list[Action]:
    found: list[Action] = []
    for step in steps:
        if isinstance(step, Action):
            found.append(step)
        elif isinstance(step, Choose):
            for branch in step.branches:
                found.extend(_actions(branch.steps))
    return found


def _difference(
    recipe: Recipe, case: Case, decision: Decision, done: list[tuple[str, dict[str, Any]]]
) -> str | None:
    names = [name for name, _ in done]
    wanted = [each.step for each in case.expected]
    if names != wanted:
        reason = f" ({decision.reason})" if decision.reason else ""
        return f"expected {_named(wanted)}, but {_named(names)} was done{reason}"
    scene = _scene(recipe, case)
    for expected, (name, fields) in zip(case.expected, done, strict=True):
        wrong = _differs(expected, name, fields, scene)
        if wrong is not None:
            return wrong
    if case.because is not None:
        stopping = [line["text"] for line in decision.trace if line.get("verdict") is False]
        if case.because not in stopping[:1]:
            found = quoted(stopping[0]) if stopping else "no condition"
            return f"expected {quoted(case.because)} to stop it, but {found} did"
    return None


def _differs(expected: Expected, name: str, fields: Mapping[str, Any], scene: Scene) -> str | None:
    for field in expected.fields:
        try:
            wanted = field.fill(scene)
        except ConnectorError as fault:
            return f"`{name}`: the expected `{field.name}` cannot be worked out: {fault.detail}"
        if field.name not in fields:
            return f"`{name}`: `{field.name}` was expected, but the step has none"
        if fields[field.name] != wanted:
            return (
                f"`{name}`: `{field.name}` is {for_trace(fields[field.name])}, expected {for_trace(wanted)}"
            )
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
    )


def _named(names: list[str]) -> str:
    return listed(names) or "nothing"
