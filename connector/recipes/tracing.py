"""The trace of a run: every line with its verdict and the values it saw, JSON-ready. Never a card code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .expressions import Expression, Spot
from .names import Scene
from .values import EvaluationFailed, for_trace

HIDDEN: Final = "(hidden)"
ERROR: Final = "error"


@dataclass(slots=True)
class Trace:
    """Lines in the order in which they were looked at.

    `is_brief`: nobody will read what was seen and done, only the lines and their verdicts.
    """

    lines: list[dict[str, Any]] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)
    is_brief: bool = False

    def condition(self, condition: Expression, scene: Scene) -> bool | EvaluationFailed:
        """Ask one condition and note it: its verdict, or why there is none."""
        scene.saw = {}
        entry: dict[str, Any] = {"line": condition.line, "text": condition.text}
        self.lines.append(entry)
        try:
            verdict = condition.holds(scene)
            entry["verdict"] = verdict
        except EvaluationFailed as fault:
            entry["verdict"] = ERROR
            entry["error"] = fault.detail
            return fault
        finally:
            entry["values"] = self.safe(scene.saw)
        return verdict

    def stopping(self, conditions: Sequence[Expression], scene: Scene) -> Expression | None:
        """The first condition that does not hold. All are asked, so that the trace shows each.

        As with `and`: one that is false decides, whatever became of the others;
        where none is, the first error is the run's.
        """
        stopping: Expression | None = None
        error: EvaluationFailed | None = None
        for condition in conditions:
            verdict = self.condition(condition, scene)
            if isinstance(verdict, EvaluationFailed):
                error = error or verdict
            elif not verdict:
                stopping = stopping or condition
        if stopping is None and error is not None:
            raise error
        return stopping

    def note(self, spot: Spot, **entry: Any) -> dict[str, Any]:
        """One more line, about the place `spot`."""
        found = {"line": spot.at()[0], **entry}
        self.lines.append(found)
        return found

    def learn(self, result: Any) -> None:
        """Remember the codes in a step's fields or result, so that no later line shows them."""
        if self.is_brief:
            return
        if isinstance(result, Mapping):
            for name, value in result.items():
                if name == "code" and isinstance(value, str) and value:
                    self.codes.add(value)
                else:
                    self.learn(value)
        elif isinstance(result, list | tuple):
            for value in result:
                self.learn(value)

    def safe(self, value: Any) -> Any:
        """The value as a trace may keep it."""
        if self.is_brief:
            return None
        return self._hidden(for_trace(value)) if self.codes else for_trace(value)

    def _hidden(self, value: Any) -> Any:
        if isinstance(value, str):
            for code in self.codes:
                value = value.replace(code, HIDDEN)
            return value
        if isinstance(value, dict):
            return {name: self._hidden(item) for name, item in value.items()}
        return [self._hidden(item) for item in value] if isinstance(value, list) else value
