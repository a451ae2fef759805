"""Expressions: compiled once to closures, evaluated many times.

Loud: what is missing, or of another kind than asked, is an error of the run
with its line and column, and never false. Only `and` and `or` forgive an error,
where the other side decides.
"""

from dataclasses import dataclass
from typing import Any

from .language import BadExpression, parse
from .names import Scene, Scope
from .open_paths import OpenPath, open_paths
from .rules import Run, compile_term, truth
from .values import EvaluationFailed, kind_name
from .yamltree import Scalar


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a piece of text stands: a value of a file, and how far into it the piece begins."""

    file: str
    scalar: Scalar
    offset: int = 0

    def at(self, offset: int = 0) -> tuple[int, int]:
        """Line and column of the piece's character at `offset`."""
        return self.scalar.at(self.offset + offset)

    def place(self, offset: int = 0) -> str:
        """`file:line:column`."""
        line, column = self.at(offset)
        return f"{self.file}:{line}:{column}"


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; `kind` is what it gives where that can be told beforehand."""

    text: str
    spot: Spot
    kind: str | None
    depth: int
    run: Run

    @property
    def line(self) -> int:
        """The line of the file on which it stands."""
        return self.spot.at()[0]

    def evaluate(self, scene: Scene) -> Any:
        """Its value, or EvaluationFailed with its place."""
        try:
            return self.run(scene)
        except EvaluationFailed as fault:
            if fault.place is None:
                fault.place = self.spot.place(fault.offset or 0)
            raise

    def holds(self, scene: Scene) -> bool:
        """Its verdict as a condition, or EvaluationFailed with its place."""
        value = self.evaluate(scene)
        try:
            return truth(value)
        except EvaluationFailed as fault:
            fault.place = self.spot.place()
            raise


def compile_expression(text: str, scope: Scope, spot: Spot) -> Expression:
    """The expression, or BadExpression with the offset of what is wrong."""
    term = parse(text)
    code = compile_term(term, scope)
    scope.opened.extend(OpenPath(path, parts, *spot.at(at)) for path, parts, at in open_paths(term))
    return Expression(" ".join(text.split()), spot, code.kind, code.depth, code.run)


def compile_condition(text: str, scope: Scope, spot: Spot) -> Expression:
    """As `compile_expression`, where only a yes or no will do."""
    found = compile_expression(text, scope, spot)
    if found.kind not in (None, "truth"):
        raise BadExpression(
            f"a condition such as `contact.visits >= 5` is expected, but this is {kind_name(found.kind)}"
        )
    return found
