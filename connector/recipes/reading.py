"""One file to one Recipe: shape, names, expressions, steps and tests, every fault at once."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ..domain.errors import Fault, FaultyFiles
from ..domain.steps import StepSpec
from .cases import condition_texts, read_cases
from .circles import require_no_circle
from .clause_reading import Clauses, read_clauses, read_schedule
from .clauses import FOR_EACH, Schedule
from .constants import Shared, constant, kept_text, parted, require_constant
from .expressions import Expression
from .names import Let, Scene, Scope
from .reader import Reader
from .recipe import Recipe, Step, Whence
from .schema import SCHEDULED, RecipeFile
from .shape_faults import check
from .steps import read_steps
from .values import EvaluationFailed, as_text
from .wording import quoted
from .yamltree import MAX_FAULTS, Block, Listing, Node, Scalar, read

MAX_ONCE: Final = 5
MAX_NAMES: Final = 50  # of `vars`, and of `let`
ONE: Final = {"contact": "contact.id", "card": "card.id"}


def read_recipe(
    data: bytes, name: str, file: str, specs: Mapping[str, StepSpec], shared: Shared | None = None
) -> Recipe:
    """The recipe, or FaultyFiles with every fault of the file, sorted by place.

    `name` is the file's name without `.yaml`; `file` is how faults call it. `shared` are the
    names of `_vars.yaml`; None: `data` is the text of a revision, which has those it uses below it.
    """
    if shared is None:
        text, shared = parted(data.decode("utf-8", "surrogateescape"))
        data = text.encode("utf-8", "surrogateescape")
    # The last line ends in the same way, whether or not shared names are kept below it.
    root = read(data if data.endswith(b"\n") else data + b"\n", file)
    model, faults = check(root, file)
    reader = Reader(file, specs)
    named = root.get("recipe")
    if isinstance(named, Scalar) and named.text != name:
        reader.fault(
            named, f"the recipe is named {quoted(named.text)}, but its file {quoted(name + '.yaml')}"
        )
    schedule = read_schedule(root.get("on"), reader)
    _require_no_source(root, reader)
    _names(root, reader, shared)
    conditions = reader.conditions(root.get("if"))
    once_per = _once_per(root.get("once_per"), reader)
    clauses = read_clauses(root, reader)
    steps = read_steps(reader, root.get("do") if isinstance(root.get("do"), Listing) else None)
    # A condition, or `once_per`, may well end the circle: that is known only while it runs.
    if model is not None and not conditions and once_per is None:
        require_no_circle(reader, model, steps)
    opened = tuple(reader.scope.opened)
    # A fault above is told once: what follows from it in the tests is not.
    lines = None if reader.faults else condition_texts(root)
    cases = read_cases(root, reader, model, lines)
    found = _distinct([*faults, *reader.faults])
    if found or model is None:
        raise FaultyFiles(found[:MAX_FAULTS])
    recipe = _recipe(model, conditions, steps, clauses, schedule, reader)
    text = kept_text(data.decode("utf-8"), _used(root, reader, shared))
    revision = hashlib.sha256(text.encode("utf-8")).hexdigest()
    recipe = replace(recipe, text=text, revision=revision, cases=cases, once_per=once_per)
    return replace(recipe, opened=opened, whence=_whence(root))


def _whence(root: Block) -> tuple[Whence, ...]:
    named = ((key, root.get(key)) for key in ("account", "from"))
    each = ((key, node.items if isinstance(node, Listing) else (node,)) for key, node in named)
    return tuple(
        Whence(key, one.text, one.line, one.column)
        for key, nodes in each
        for one in nodes
        if isinstance(one, Scalar)
    )


def _recipe(
    model: RecipeFile,
    conditions: tuple[Expression, ...],
    steps: tuple[Step, ...],
    clauses: Clauses,
    schedule: Schedule | None,
    reader: Reader,
) -> Recipe:
    own = model.vars or {}
    return Recipe(
        name=model.recipe,
        title=model.title,
        status=model.status,
        revision="",
        text="",
        file=reader.file,
        on=(SCHEDULED,) if not isinstance(model.on, list) else tuple(dict.fromkeys(model.on)),
        conditions=conditions,
        steps=steps,
        owner=model.owner,
        account=model.account,
        sources=tuple(model.sources or ()),
        vars={
            name: value
            for name, value in reader.scope.vars.items()
            if name in own or name in reader.scope.used
        },
        lets=reader.scope.lets,
        schedule=schedule,
        limits=clauses.limits,
        goal=clauses.goal,
        undo=clauses.undo,
        same_as=clauses.same_as,
        expect_at_least=clauses.expect_at_least,
    )


def _distinct(faults: list[Fault]) -> list[Fault]:
    """One fault a place: the first, which is the shape's, says it best."""
    seen: dict[tuple[int, int], Fault] = {}
    for fault in faults:
        seen.setdefault((fault.line, fault.column), fault)
    return sorted(seen.values())


def _once_per(node: Node | None, reader: Reader) -> Expression | None:
    """One expression, or several whose values count together: `[contact, event.data.month]`."""
    nodes = node.items if isinstance(node, Listing) else () if node is None else (node,)
    parts = [_once(each, reader) for each in nodes[:MAX_ONCE] if not _is_null(each)]
    if len(nodes) > MAX_ONCE and node is not None:
        reader.fault(node, f"`once_per` counts at most {MAX_ONCE} values together")
    found = [part for part in parts if part is not None]
    if len(found) != len(parts) or not found:
        return None
    return found[0] if len(found) == 1 else _together(found)


def _once(node: Node, reader: Reader) -> Expression | None:
    is_one = isinstance(node, Scalar) and node.text in ONE
    return reader.expression(
        replace(node, text=ONE[node.text], shift=None) if is_one and isinstance(node, Scalar) else node
    )


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _together(parts: list[Expression]) -> Expression:
    text = ", ".join(part.text for part in parts)
    spot = replace(parts[0].spot, scalar=replace(parts[0].spot.scalar, text=text, shift=None))

    def run(scene: Scene) -> str:
        return json.dumps([_as_key(part, scene) for part in parts], ensure_ascii=False)

    return Expression(text, spot, "text", max(part.depth for part in parts), run)


def _as_key(part: Expression, scene: Scene) -> str:
    try:
        return as_text(part.evaluate(scene))
    except EvaluationFailed as fault:
        fault.place = fault.place or part.spot.place()
        raise


def _require_no_source(root: Block, reader: Reader) -> None:
    """A schedule's event came from nowhere: with `from` it would never be this recipe's."""
    named = next((key for key, value in root.pairs if key.text == "from" and not _is_null(value)), None)
    if named is not None and isinstance(root.get("on"), Block):
        reader.fault(named, "a schedule has no source: leave out `from`, or name event types in `on`")


def _names(root: Block, reader: Reader, shared: Shared) -> None:
    """The names that every place of the recipe knows, for `reader.scope`."""
    reader.scope = _scope(root.get("on"))
    constants, named = root.get("vars"), root.get("let")
    known = {name: constant(value) for name, value in shared.items()}
    if isinstance(constants, Block):
        for key, value in constants.pairs[:MAX_NAMES]:
            require_constant(value, reader.fault)
            known[key.text] = constant(value)
    reader.scope = replace(reader.scope, vars=known)
    for block in (constants, named):
        if isinstance(block, Block) and len(block.pairs) > MAX_NAMES:
            reader.fault(block, f"at most {MAX_NAMES} names")
    lets: dict[str, Let] = {}
    for key, value in named.pairs[:MAX_NAMES] if isinstance(named, Block) else ():
        found = reader.expression(value)
        # A name with a fault stays known, so that its every use is not a fault as well.
        if found is None:
            lets[key.text] = Let(None, 0, lambda _: None)
        else:
            lets[key.text] = Let(found.kind, found.depth, found.evaluate)
        reader.scope = replace(reader.scope, lets=dict(lets))


def _scope(on: Node | None) -> Scope:
    """Whether there is a contact or a card, which depends on what starts the recipe."""
    if not isinstance(on, Block):
        return Scope()
    over = on.get("for_each")
    if over is None or (isinstance(over, Scalar) and over.value is None):
        return Scope(has_contact=False)
    # Of a fault in `for_each` it is told once, and not again at every use of what it would have given.
    is_known = isinstance(over, Scalar) and over.text in FOR_EACH
    return Scope(has_card=not is_known or (isinstance(over, Scalar) and over.text == "card"))


def _used(root: Block, reader: Reader, shared: Shared) -> Shared:
    own = root.get("vars")
    names = {key.text for key, _ in own.pairs} if isinstance(own, Block) else set()
    return {name: shared[name] for name in reader.scope.used if name in shared and name not in names}
