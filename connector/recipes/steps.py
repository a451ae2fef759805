"""The steps of a recipe: those handed in, and `choose` and `stop`, which are the language's own.

Reading collects every fault and goes on, so that an operator sees them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ..domain.errors import Fault
from ..domain.steps import StepField, StepSpec
from .expressions import Expression, Spot, compile_condition, compile_expression
from .fields import Filled, coerce, filled, literal, literal_fault
from .language import BadExpression
from .names import Scene, Scope
from .recipe import Action, Branch, Choose, Expected, Step, Stop
from .templates import OPENING, Template, compile_template
from .wording import closest, listed, quoted, suggest
from .yamltree import Block, Listing, Node, Scalar

OWN_STEPS: Final = ("choose", "stop")
LATER_STEPS: Final = (
    "wait", "for_each", "hold", "add_tag", "notify",
)  # fmt: skip
MAX_BRANCH_DEPTH: Final = 5  # a `choose` in a `choose`: nobody can follow more


@dataclass(slots=True)
class Reader:
    """Reads the compiled parts of one file; `scope` grows as names become known."""

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
        self.faults.append(Fault(self.file, line, column, message))

    def here(self) -> Scope:
        """The names known at this place."""
        return replace(self.scope, steps=dict(self.ids), previous=self.gives)

    def conditions(self, node: Node | None) -> tuple[Expression, ...]:
        """One condition, or a list of them; all must hold."""
        nodes = node.items if isinstance(node, Listing) else () if node is None else (node,)
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

    def steps(self, node: Node | None, depth: int = 0) -> tuple[Step, ...]:
        """A list of steps."""
        if not isinstance(node, Listing):
            if node is not None:
                self.fault(node, "a list of steps is expected, each on a line with `- `")
            return ()
        if not node.items:
            self.fault(node, "there is no step here")
        found = [self.step(item, depth) for item in node.items]
        return tuple(step for step in found if step is not None)

    def step(self, node: Node, depth: int) -> Step | None:
        name, body, rest = self.named(node)
        if name is None:
            return None
        conditions = self.conditions(rest.get("if"))
        step_id = self.step_id(rest.get("id"))
        spot = Spot(self.file, name)
        step: Step | None
        if name.text == "choose":
            step = self.choose(name, body, conditions, spot, depth)
        elif name.text == "stop":
            why = self.template(body) if isinstance(body, Scalar) and body.value is not None else None
            step = Stop(conditions, why, spot)
        else:
            step = self.action(name, body, conditions, step_id, spot)
            spec = self.specs.get(name.text)
            if spec is not None:
                self.gives = self.joined(spec.gives)
                if step_id is not None:
                    self.ids[step_id] = spec.gives
        if step_id is not None and name.text in OWN_STEPS:
            self.fault(rest["id"], f"`{name.text}` gives nothing, so it has no id")
        return step

    def joined(self, gives: tuple[str, ...]) -> tuple[str, ...]:
        """What `previous` may have: a step before that was left out hands on the one before it."""
        if self.gives is None or not gives:
            return gives
        return tuple(dict.fromkeys((*self.gives, *gives))) if self.gives else ()

    def named(self, node: Node) -> tuple[Scalar | None, Node | None, dict[str, Node]]:
        """A step's name, its fields, and its `if` and `id`."""
        if isinstance(node, Scalar):
            return self.known(node), None, {}
        if isinstance(node, Listing):
            self.fault(node, "a step is expected here, not a list")
            return None, None, {}
        rest = {key.text: value for key, value in node.pairs if key.text in ("if", "id")}
        names = [(key, value) for key, value in node.pairs if key.text not in rest]
        if len(names) != 1:
            both = listed(key.text for key, _ in names)
            message = f"two steps in one entry ({both}): begin each with `- `, and indent its fields"
            if not names:
                message = "a step has a name"
            self.fault(names[1][0] if names else node, message)
            return None, None, {}
        return self.known(names[0][0]), names[0][1], rest

    def known(self, name: Scalar) -> Scalar | None:
        known = (*self.specs, *OWN_STEPS)
        if name.text in known:
            return name
        if name.text in LATER_STEPS:
            self.fault(name, f"the step `{name.text}` is not available yet")
        else:
            self.fault(name, f"{quoted(name.text)} is not a step{suggest(name.text, known)}")
        return None

    def step_id(self, node: Node | None) -> str | None:
        if node is None:
            return None
        if not isinstance(node, Scalar) or not node.text.isidentifier() or not node.text.isascii():
            self.fault(node, "an id is a word of letters, digits and `_`")
            return None
        if node.text in self.ids:
            self.fault(node, f"the id {quoted(node.text)} stands twice")
        return node.text

    def choose(
        self, name: Scalar, body: Node | None, conditions: tuple[Expression, ...], spot: Spot, depth: int
    ) -> Choose | None:
        if not isinstance(body, Listing) or not body.items:
            self.fault(
                body or name, "`choose` has a list of branches: `- if: …` with `do: …`, last `- else: …`"
            )
            return None
        if depth >= MAX_BRANCH_DEPTH:
            self.fault(name, f"`choose` stands in more than {MAX_BRANCH_DEPTH} others")
            return None
        branches: list[Branch] = []
        for number, item in enumerate(body.items, start=1):
            branch = self.branch(item, depth, is_last=number == len(body.items))
            if branch is not None:
                branches.append(branch)
        return Choose(conditions, tuple(branches), spot)

    def branch(self, node: Node, depth: int, *, is_last: bool) -> Branch | None:
        keys = {key.text: (key, value) for key, value in node.pairs} if isinstance(node, Block) else {}
        if set(keys) == {"if", "do"}:
            conditions = self.conditions(keys["if"][1])
            return Branch(conditions, self.steps(keys["do"][1], depth + 1), Spot(self.file, keys["if"][0]))
        if set(keys) == {"else"} and is_last:
            return Branch((), self.steps(keys["else"][1], depth + 1), Spot(self.file, keys["else"][0]))
        self.fault(node, "a branch has `if:` and `do:`; the last may be `else:` alone")
        return None

    def action(
        self,
        name: Scalar,
        body: Node | None,
        conditions: tuple[Expression, ...],
        step_id: str | None,
        spot: Spot,
    ) -> Action | None:
        spec = self.specs[name.text]
        fields = self.fields(spec, name, body)
        written = [key.text for key, _ in body.pairs] if isinstance(body, Block) else []
        names = [known.name for known in spec.fields]
        meant = {closest(name, names) for name in written if name not in names}
        for known in spec.fields:
            is_told = known.name in written or known.name in meant or isinstance(body, Scalar | Listing)
            if known.required and not is_told:
                help_text = f": {known.help}" if known.help else ""
                self.fault(name, f"`{spec.name}` needs `{known.name}`{help_text}")
        return Action(spec, step_id, conditions, fields, spot)

    def fields(self, spec: StepSpec, name: Scalar, body: Node | None) -> tuple[Filled, ...]:
        """The fields that stand in `body`, each compiled for its kind."""
        if body is None:
            return ()
        if not isinstance(body, Block):
            self.fault(
                body, f"`{spec.name}` has fields: {listed(known.name for known in spec.fields) or 'none'}"
            )
            return ()
        by_name = {known.name: known for known in spec.fields}
        found: list[Filled] = []
        for key, value in body.pairs:
            known = by_name.get(key.text)
            if known is None:
                self.fault(
                    key, f"{quoted(key.text)} is not a field of `{name.text}`{suggest(key.text, by_name)}"
                )
                continue
            one = self.one_field(known, value)
            if one is not None:
                found.append(one)
        return tuple(found)

    def one_field(self, known: StepField, node: Node) -> Filled | None:
        if isinstance(node, Scalar):
            template = self.template(node) if OPENING in node.text or "{{" in node.text else None
            if OPENING in node.text or "{{" in node.text:
                return filled(known, template) if template is not None else None
            wants_text = known.kind in ("text", "card", "contact") and node.value is not None
            value: Any = node.text if wants_text else node.value
            wrong = literal_fault(known, value)
            if wrong is not None:
                self.fault(node, wrong)
                return None
            return literal(known, value)
        if known.kind not in ("mapping", "any") or (known.kind == "mapping" and isinstance(node, Listing)):
            self.fault(
                node, f"`{known.name}` is one value, not a {'list' if isinstance(node, Listing) else 'block'}"
            )
            return None
        inner = self.nested(node)

        def fill(scene: Scene) -> Any:
            return coerce(known, _rendered(inner, scene), scene)

        return Filled(known.name, _source(inner), fill)

    def nested(self, node: Node) -> Any:
        """A tree of templates and literals."""
        if isinstance(node, Block):
            return {key.text: self.nested(value) for key, value in node.pairs}
        if isinstance(node, Listing):
            return [self.nested(item) for item in node.items]
        if OPENING in node.text or "{{" in node.text:
            return self.template(node)
        return node.value

    def expected(self, node: Node) -> Expected | None:
        """One step that a test expects: its name, and the fields that matter."""
        name, body, rest = self.named(node)
        if name is None:
            return None
        if rest:
            self.fault(node, "an expected step has fields only, neither `if` nor `id`")
        if name.text in OWN_STEPS:
            self.fault(name, f"`{name.text}` does nothing that a test could expect")
            return None
        return Expected(name.text, self.fields(self.specs[name.text], name, body))


def _rendered(tree: Any, scene: Scene) -> Any:
    if isinstance(tree, Template):
        return tree.render(scene)
    if isinstance(tree, dict):
        return {name: _rendered(item, scene) for name, item in tree.items()}
    return [_rendered(item, scene) for item in tree] if isinstance(tree, list) else tree


def _source(tree: Any) -> Any:
    if isinstance(tree, Template):
        return tree.source
    if isinstance(tree, dict):
        return {name: _source(item) for name, item in tree.items()}
    return [_source(item) for item in tree] if isinstance(tree, list) else tree
