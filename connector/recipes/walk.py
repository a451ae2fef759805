"""The steps of one run, walked in order: recorded ones are taken from the tape, the others really done.

A step is noted on the tape once it is decided, so that walking the same recipe along
the same tape comes to the same place, with nothing performed and nothing asked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..domain.errors import ConnectorError, Unavailable
from ..domain.events import rfc3339
from .decision import Failed, Hooks, Pause
from .expressions import Expression
from .journal import BRANCH, DID, HOLD, ITEMS, LEFT_OUT, WAIT, BadJournal, Entry, Tape
from .names import UNKNOWN, Scene, UnknownYet
from .recipe import Action, Choose, ForEach, Hold, Step, Stop, Wait
from .tracing import Trace
from .values import EvaluationFailed, from_outside, later, named

MAX_ITEMS: Final = 1_000  # of one `for_each`: more is a job for an import, not for one transaction

Passed = Callable[[Pause], None]


class Ended(Exception):
    """A run's way out of nested steps: it is over, well."""

    def __init__(self, reason: str | None, place: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place


class Paused(Exception):
    """A run's way out of nested steps: it stands still."""

    def __init__(self, pause: Pause) -> None:
        super().__init__(pause.step)
        self.pause = pause


@dataclass(slots=True)
class Walk:
    """The steps of one run.

    `passed` is told of each wait and hold, and the run goes on at once; None: it stands
    still there. `approved`: what is asked where the tape ends counts as answered.
    """

    scene: Scene
    trace: Trace
    hooks: Hooks
    tape: Tape
    is_shadow: bool
    passed: Passed | None
    approved: bool
    results: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    round: str = ""
    count: int = 0  # of results kept

    def steps(self, steps: Sequence[Step], within: str = "") -> None:
        """Each in its order; raises Ended, Paused, Failed, or EvaluationFailed."""
        for number, step in enumerate(steps, start=1):
            at = f"{within}{number}"
            entry = self.tape.take(at)
            if entry is not None and entry.kind == LEFT_OUT:
                continue
            if entry is None and not self.holds(step.conditions):
                self.tape.write(LEFT_OUT, at)
                continue
            self.step(step, at, entry)

    def step(self, step: Step, at: str, entry: Entry | None) -> None:
        if isinstance(step, Action):
            self.action(step, at, entry)
        elif isinstance(step, Choose):
            self.choose(step, at, entry)
        elif isinstance(step, ForEach):
            self.for_each(step, at, entry)
        elif isinstance(step, Wait):
            self.wait(step, at, entry)
        elif isinstance(step, Hold):
            self.hold(step, at, entry)
        else:
            self.stop(step, entry)

    def holds(self, conditions: Sequence[Expression]) -> bool:
        """Whether a step is taken; a shadow run takes what only a live one could know."""
        try:
            return self.trace.stopping(conditions, self.scene) is None
        except UnknownYet:
            if self.is_shadow:
                return True
            raise

    def choose(self, step: Choose, at: str, entry: Entry | None) -> None:
        chosen: int | None
        if entry is None:
            numbered = enumerate(step.branches, start=1)
            chosen = next((number for number, branch in numbered if self.holds(branch.conditions)), None)
            self.tape.write(BRANCH, at, chosen)
        else:
            self.tape.require_kind(entry, BRANCH)
            chosen = entry.value
            if chosen is not None and chosen not in range(1, len(step.branches) + 1):
                raise BadJournal(f"step {at} has no branch {chosen!r}: what was kept is not of this recipe")
        if chosen is not None:
            self.steps(step.branches[chosen - 1].steps, f"{at}.{chosen}.")

    def for_each(self, step: ForEach, at: str, entry: Entry | None) -> None:
        """A round sees the steps before the loop and its own, never those of the round before.

        What comes after the loop sees what was given last.
        """
        if entry is None:
            items = self.items(step)
            self.tape.write(ITEMS, at, items)
        else:
            self.tape.require_kind(entry, ITEMS)
            if not isinstance(entry.value, list):
                raise BadJournal(f"step {at} goes over a list: what was kept is not of this recipe")
            items = entry.value
        scene = self.scene
        before = scene.steps, scene.previous, scene.item, self.round
        given, last, count = dict(scene.steps), scene.previous, self.count
        for number, item in enumerate(items, start=1):
            scene.steps, scene.previous, scene.item = dict(before[0]), before[1], item
            self.round = f"{before[3]}[{number}]"
            if self.tape.is_at_end:
                self.trace.note(step.spot, step="for_each", number=number, item=self.trace.safe(item))
            self.steps(step.steps, f"{at}[{number}].")
            given.update(scene.steps)
            last, count = (last, count) if count == self.count else (scene.previous, self.count)
        scene.steps, scene.previous, scene.item, self.round = given, last, before[2], before[3]

    def items(self, step: ForEach) -> list[Any]:
        """What the loop goes over; in a shadow run one unknown item stands for a list not known yet."""
        place = step.items.spot.place()
        self.scene.saw = {}
        entry = self.trace.note(step.spot, step="for_each", text=step.items.text)
        try:
            value = from_outside(step.items.evaluate(self.scene))
        except EvaluationFailed as fault:
            if self.is_shadow and isinstance(fault, UnknownYet):
                entry["would"] = True
                return [UNKNOWN]
            entry["error"] = fault.detail
            raise
        if not isinstance(value, list | tuple):
            raise EvaluationFailed(f"`for_each` goes over a list, and this is {named(value)}", place=place)
        if len(value) > MAX_ITEMS:
            raise EvaluationFailed(
                f"`for_each` goes over at most {MAX_ITEMS} items, and this list has {len(value)}", place=place
            )
        entry["items"] = len(value)
        return list(value)

    def wait(self, step: Wait, at: str, entry: Entry | None) -> None:
        if entry is not None:
            self.tape.require_kind(entry, WAIT)
            if self.tape.is_at_end:
                self.after(step)
            return
        pause = self.how_long(step)
        self.tape.write(WAIT, at, pause.until)
        if self.passed is None:
            raise Paused(pause)
        self.passed(pause)
        if pause.until is not None:
            self.scene.now = max(self.scene.now, pause.until)
        if not self.is_shadow:  # what will hold then, only time can tell
            self.after(step)

    def how_long(self, step: Wait) -> Pause:
        entry = self.trace.note(step.spot, step="wait")
        if self.is_shadow:
            entry["would"] = True
        until = None
        try:
            if step.duration is not None:
                until = later(self.scene.now, step.duration, self.scene.zone)
                entry["for"] = str(step.duration)
            elif step.until is not None:
                until = step.until.fill(self.scene)
        except EvaluationFailed as fault:
            fault.place = fault.place or step.spot.place()
            if self.is_shadow and isinstance(fault, UnknownYet):
                entry["until"] = None if step.until is None else self.trace.safe(step.until.source)
                return Pause("wait", step.spot)
            entry["error"] = fault.detail
            raise
        entry["until"] = None if until is None else rfc3339(until)
        return Pause("wait", step.spot, until, step.duration)

    def after(self, step: Wait) -> None:
        """The wait is over: its conditions are asked again."""
        self.trace.note(step.spot, step="wait", over=True)
        if self.approved:
            return
        stopping = self.trace.stopping(step.conditions, self.scene)
        if stopping is not None:
            raise Ended(f"after the wait: `{stopping.text}` does not hold", stopping.spot.place())

    def hold(self, step: Hold, at: str, entry: Entry | None) -> None:
        if entry is not None:
            self.tape.require_kind(entry, HOLD)
            if self.tape.is_at_end:
                self.trace.note(step.spot, step="hold", approved=True)
            return
        line = self.trace.note(step.spot, step="hold")
        try:
            why = None if step.why is None else step.why.render_text(self.scene)
        except UnknownYet:
            if not self.is_shadow or step.why is None:
                raise
            why = step.why.source
        line["why"] = self.trace.safe(why)
        self.tape.write(HOLD, at)
        pause = Pause("hold", step.spot, why=why)
        if self.is_shadow:
            line["would"] = True
        if self.passed is None:
            raise Paused(pause)
        self.passed(pause)

    def stop(self, step: Stop, entry: Entry | None) -> None:
        if entry is not None:
            raise BadJournal(f"the run went on after step {entry.at}, where this recipe stops")
        why = None if step.why is None else step.why.render_text(self.scene)
        self.trace.note(step.spot, step="stop", why=self.trace.safe(why))
        raise Ended(f"stopped: {why}" if why else "stopped", step.spot.place())

    def action(self, step: Action, at: str, entry: Entry | None) -> None:
        if entry is not None:
            self.tape.require_kind(entry, DID)
            self.keep(step, entry.value)
            return
        line = self.trace.note(step.spot, step=step.spec.name, id=step.id)
        self.scene.saw = {}
        fields = self.fields(step, line)
        if self.is_shadow and step.spec.changes:
            line["would"] = True
            result: Any = UNKNOWN
        else:
            result = self.performed(step, fields, line)
        self.tape.write(DID, at, result)
        self.keep(step, result)

    def performed(self, step: Action, fields: dict[str, Any], line: dict[str, Any]) -> Mapping[str, Any]:
        try:
            result = self.hooks.perform(step, fields)
        except Unavailable:  # nothing happened: the whole delivery is tried again
            raise
        except ConnectorError as fault:
            line["error"] = fault.detail
            raise Failed(fault.detail, step.spot.place(), self.trace.lines) from fault
        if result is UNKNOWN:  # a trial's look that has nothing to look at
            line["would"] = True
            return result
        self.trace.learn(result)
        line["result"] = self.trace.safe(result)
        return result

    def fields(self, step: Action, line: dict[str, Any]) -> dict[str, Any]:
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
            line["error"] = fault.detail
            raise
        finally:
            self.trace.learn(fields)
            line["fields"] = self.trace.safe({**fields, **unknown})
        return fields

    def keep(self, step: Action, result: Any) -> None:
        """For later steps, and for what the run gave: `gift`, and in the second round `gift[2]`."""
        if result is not UNKNOWN:
            self.results[_free(step.key + self.round, self.results)] = result
        self.count += 1
        self.scene.previous = result
        if step.id is not None:
            self.scene.steps[step.id] = result


def _free(key: str, taken: Mapping[str, Any]) -> str:
    """The key, or `issue_card_2` for the second step of a name that has no id."""
    if key not in taken:
        return key
    number = 2
    while f"{key}_{number}" in taken:
        number += 1
    return f"{key}_{number}"
