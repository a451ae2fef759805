"""Terms to closures: what each construct of the expression language does.

What can be told beforehand (a kind that never fits, an unknown name) is a
BadExpression here; everything else is asked at run time.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from .functions import FUNCTIONS
from .language import MAX_DEPTH, BadExpression, Term
from .names import MISSING, Path, Scene, Scope, resolve
from .operators import EQUATED, ORDERED, calculate, compare, holds
from .values import (
    EvaluationFailed,
    from_outside,
    kind_name,
    kind_of,
    named,
    read_amount,
    read_duration,
)
from .wording import quoted, suggest

Run = Callable[[Scene], Any]

_ESCAPE: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled term. `kind` is what it gives where known; `path` where it is one field."""

    run: Run
    kind: str | None
    depth: int
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class _Node:
    term: Term
    parts: tuple[Code, ...]
    scope: Scope

    @property
    def only(self) -> Code:
        return self.parts[0]

    def fault(self, message: str) -> BadExpression:
        return BadExpression(message, self.term.start)


_Built = tuple[Run | Path, str | None]


def compile_term(term: Term, scope: Scope) -> Code:
    """The term as closures; recursion is bounded by the depth of the term."""
    node = _Node(term, tuple(compile_term(child, scope) for child in term.terms), scope)
    depth = 1 + max((part.depth for part in node.parts), default=0)
    run, kind = _RULES[term.rule](node)
    if isinstance(run, Path):
        code = Code(_placed(run.read, term.start), kind, run.depth, run)
    else:
        code = Code(_placed(run, term.start), kind, depth, node.only.path if term.rule == "group" else None)
    if code.depth > MAX_DEPTH:
        raise node.fault(f"an expression nests at most {MAX_DEPTH} levels, its `let` names counted")
    return code


def truth(value: Any) -> bool:
    """The value itself, where it is a yes or no."""
    if isinstance(value, bool):
        return value
    raise EvaluationFailed(f"{named(value)} is not a condition, which is true or false")


def _placed(run: Run, start: int) -> Run:
    """So that an error knows its column: the innermost part that failed."""

    def placed(scene: Scene) -> Any:
        try:
            return run(scene)
        except EvaluationFailed as fault:
            if fault.offset is None and fault.place is None:
                fault.offset = start
            raise

    return placed


def _path(node: _Node) -> _Built:
    try:
        found = resolve(node.term.token("PATH"), node.scope)
    except BadExpression as fault:
        raise BadExpression(fault.detail, node.term.start + fault.offset) from fault
    return found, found.kind


def _constant(value: Any) -> _Built:
    return (lambda _: value), kind_of(value)


def _text(node: _Node) -> _Built:
    return _constant(_ESCAPE.sub(r"\1", node.term.token("TEXT")[1:-1]))


def _amount(node: _Node) -> _Built:
    try:
        return _constant(read_amount(" ".join(node.term.token("MONEY").split())))
    except EvaluationFailed as fault:
        raise node.fault(fault.detail) from fault


def _duration(node: _Node) -> _Built:
    found = read_duration(node.term.token("DURATION"))
    if found is None:
        raise node.fault("this duration is too long")
    return _constant(found)


def _call(node: _Node) -> _Built:
    name = node.term.token("PATH")
    function = FUNCTIONS.get(name)
    if function is None:
        raise node.fault(f"{quoted(name)} is not a function{suggest(name, FUNCTIONS)}")
    if not function.least <= len(node.parts) <= function.most:
        raise node.fault(f"`{name}` is written like `{function.example}`")
    call, runs = function.call, tuple(part.run for part in node.parts)
    return (lambda scene: call(scene, *[run(scene) for run in runs])), function.kind


def _list(node: _Node) -> _Built:
    runs = tuple(part.run for part in node.parts)
    return (lambda scene: [run(scene) for run in runs]), "list"


def _group(node: _Node) -> _Built:
    return node.only.run, node.only.kind


def _negative(node: _Node) -> _Built:
    inner = node.only.run
    return (lambda scene: calculate("*", Decimal(-1), inner(scene), scene.zone)), node.only.kind


def _calculated(node: _Node) -> _Built:
    sign = node.term.token("PLUS", "MINUS", "STAR", "SLASH")
    left, right = (part.run for part in node.parts)
    kinds = {part.kind for part in node.parts}
    kind = "number" if kinds == {"number"} else "money" if kinds == {"money"} and sign in "+-" else None
    return (lambda scene: calculate(sign, left(scene), right(scene), scene.zone)), kind


def _compared(node: _Node) -> _Built:
    sign = node.term.token("COMPARE")
    _require_comparable(node, sign)
    left, right = (part.run for part in node.parts)
    return (lambda scene: compare(sign, left(scene), right(scene), scene.zone)), "truth"


def _require_comparable(node: _Node, sign: str) -> None:
    allowed = EQUATED if sign in ("==", "!=") else (*ORDERED, "text")
    left, right = node.parts[0].kind, node.parts[1].kind
    for kind in (left, right):
        if kind is not None and kind not in (*allowed, "block"):
            raise node.fault(f"`{sign}` does not work on {kind_name(kind)}")
    if left is None or right is None or left == right or "block" in (left, right):
        return
    if "null" in (left, right):
        raise node.fault("this is never `null`: write `is missing`")
    if {left, right} != {"text", "time"}:
        hint = ": a sum has its currency, `25.00 USD`" if {left, right} == {"money", "number"} else ""
        raise node.fault(f"{kind_name(left)} cannot be compared with {kind_name(right)}{hint}")


def _has(node: _Node) -> _Built:
    container, item = node.parts if node.term.rule == "has" else reversed(node.parts)
    if container.kind not in (None, "list", "text", "block"):
        raise node.fault(f"{kind_name(container.kind)} holds nothing; `has` and `in` ask a list")
    outer, inner = container.run, item.run
    return (lambda scene: holds(outer(scene), inner(scene), scene.zone)), "truth"


def _missing(node: _Node) -> _Built:
    path = node.only.path
    if path is None:
        raise node.fault("`is missing` asks for a field, such as `contact.email is missing`")
    wanted = node.term.rule == "missing"

    def run(scene: Scene) -> bool:
        value = path.look(scene)
        scene.saw[path.text] = None if value is MISSING else value
        return (value is MISSING) is wanted

    return run, "truth"


def _empty(node: _Node) -> _Built:
    inner, wanted = node.only.run, node.term.rule == "empty"
    if node.only.kind not in (None, "text", "list", "block"):
        raise node.fault(f"{kind_name(node.only.kind)} is never empty: did you mean `is missing`?")

    def run(scene: Scene) -> bool:
        value = inner(scene)
        if kind_of(from_outside(value)) not in ("null", "text", "list", "block"):
            raise EvaluationFailed(f"`is empty` asks texts and lists, not {named(from_outside(value))}")
        return (not value) is wanted

    return run, "truth"


def _denied(node: _Node) -> _Built:
    _require_conditions(node)
    inner = node.only.run
    return (lambda scene: not truth(inner(scene))), "truth"


def _joined(node: _Node) -> _Built:
    """`and` is decided by one false, `or` by one true, whatever became of the other side."""
    _require_conditions(node)
    left, right = (part.run for part in node.parts)
    decisive = node.term.rule == "either"

    def run(scene: Scene) -> bool:
        try:
            first = truth(left(scene))
        except EvaluationFailed:
            if truth(right(scene)) is decisive:
                return decisive
            raise
        return decisive if first is decisive else truth(right(scene))

    return run, "truth"


def _require_conditions(node: _Node) -> None:
    for part, child in zip(node.parts, node.term.terms, strict=True):
        if part.kind not in (None, "truth"):
            raise BadExpression(
                f"`and`, `or` and `not` join conditions, but this is {kind_name(part.kind)}", child.start
            )


_RULES: Final[Mapping[str, Callable[[_Node], _Built]]] = {
    "either": _joined,
    "both": _joined,
    "denied": _denied,
    "compared": _compared,
    "has": _has,
    "within": _has,
    "missing": _missing,
    "not_missing": _missing,
    "empty": _empty,
    "not_empty": _empty,
    "calculated": _calculated,
    "negative": _negative,
    "number": lambda node: _constant(Decimal(node.term.token("NUMBER"))),
    "money": _amount,
    "duration": _duration,
    "text": _text,
    "true": lambda _: ((lambda _: True), "truth"),
    "false": lambda _: ((lambda _: False), "truth"),
    "null": lambda _: ((lambda _: None), "null"),
    "path": _path,
    "call": _call,
    "list": _list,
    "group": _group,
}
