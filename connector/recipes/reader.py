"""Reads the compiled parts of one file: conditions, expressions, texts. Collects every fault and goes on.

One rule: a place gets the names that are known there, and no others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from ..domain.errors import Fault
from ..domain.steps import StepSpec
from .expressions import Expression, Spot, compile_condition, compile_expression
from .language import BadExpression
from .names import Scope
from .rates import Misworded
from .templates import Template, compile_template
from .yamltree import MAX_FAULTS, Listing, Node, Scalar

MAX_LINES: Final = 200  # conditions, steps, tests: far above what anybody can follow

T = TypeVar("T")


@dataclass(slots=True)
class Reader:
    """One file's reading; `scope` grows as names become known."""

    file: str
    specs: Mapping[str, StepSpec]
    faults: list[Fault] = field(default_factory=list)
    scope: Scope = field(default_factory=Scope)
    ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    gives: tuple[str, ...] | None = None

    def fault(self, node: Node, message: str, offset: int | None = None) -> None:
        """Note a fault at a node, or at a character of its text."""
        line, column = node.line, node.column
        if offset is not None and isinstance(node, Scalar):
            line, column = node.at(offset)
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(self.file, line, column, message))

    def here(self) -> Scope:
        """The names known at this place."""
        return replace(self.scope, steps=dict(self.ids), previous=self.gives)

    def conditions(self, node: Node | None) -> tuple[Expression, ...]:
        """One condition, or a list of them; all must hold."""
        nodes = node.items[:MAX_LINES] if isinstance(node, Listing) else () if node is None else (node,)
        found = [self.expression(each, is_condition=True) for each in nodes]
        return tuple(each for each in found if each is not None)

    def expression(self, node: Node, *, is_condition: bool = False) -> Expression | None:
        """A bare expression, or None where it has a fault."""
        if not isinstance(node, Scalar):
            self.fault(node, "an expression is expected here; a text that holds `: ` or `{` needs quotes")
            return None
        compiling = compile_condition if is_condition else compile_expression
        try:
            return compiling(node.text, self.here(), Spot(self.file, node))
        except BadExpression as fault:
            self.fault(node, fault.detail, fault.offset)
            return None

    def template(self, node: Scalar) -> Template | None:
        """A text with expressions in it, or None where it has a fault."""
        try:
            return compile_template(node, self.here(), self.file)
        except BadExpression as fault:
            self.fault(node, fault.detail, fault.offset)
            return None

    def worded(self, node: Node | None, read: Callable[[str], T]) -> T | None:
        """What the words of a value mean by `read`, or None where it has none or a fault."""
        if not isinstance(node, Scalar) or node.value is None:
            return None
        try:
            return read(node.text)
        except Misworded as fault:
            self.fault(node, fault.detail, fault.offset)
            return None
