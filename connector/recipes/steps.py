"""The steps of a recipe: those handed in, and the language's own, which only order what is done and when.

Reading collects every fault and goes on, so that an operator sees them all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ..domain.steps import StepField
from .expressions import Expression, Spot
from .rates import read_within
from .reader import MAX_LINES, Reader
from .recipe import Action, Branch, Choose, Expected, ForEach, Hold, Step, Stop, Wait
from .step_fields import read_field, read_fields, require_fields
from .templates import OPENING
from .values import read_duration
from .wording import listed, quoted, suggest
from .yamltree import Block, Listing, Node, Scalar

OWN_STEPS: Final = ("choose", "for_each", "hold", "stop", "wait")
EXPECTABLE: Final = ("hold", "wait")  # a run that stops here for a time; the rest does nothing by itself
MAX_BRANCH_DEPTH: Final = 5  # a `choose` in a `choose`: nobody can follow more
MAX_LOOP_DEPTH: Final = 2
UNTIL: Final = StepField(
    "until", "moment", required=True, help="a time, such as ${{ event.booking.ends_at }}"
)


@dataclass(frozen=True, slots=True)
class _Written:
    """One entry of `do`: the step's name, what stands below it, and what beside it."""

    name: Scalar
    body: Node | None
    rest: Mapping[str, Node]
    conditions: tuple[Expression, ...]
    spot: Spot
    depth: int
    loops: int


def read_steps(reader: Reader, node: Node | None, depth: int = 0, loops: int = 0) -> tuple[Step, ...]:
    """A list of steps; `depth` counts the branches around it, `loops` the `for_each`."""
    if not isinstance(node, Listing):
        if node is not None:
            reader.fault(node, "a list of steps is expected, each on a line with `- `")
        return ()
    if not node.items:
        reader.fault(node, "there is no step here")
    if len(node.items) > MAX_LINES:
        reader.fault(node, f"at most {MAX_LINES} steps stand in one list")
    found = [_step(reader, item, depth, loops) for item in node.items[:MAX_LINES]]
    return tuple(step for step in found if step is not None)


def read_expected(reader: Reader, node: Node) -> Expected | None:
    """One step that a test expects: its name, and the fields that matter."""
    name, body, rest = _named(reader, node)
    if name is None:
        return None
    if rest:
        reader.fault(node, "an expected step has fields only, neither `if` nor `id`")
    if name.text in EXPECTABLE:
        if body is not None:
            reader.fault(body, f"a test expects `{name.text}` alone, without what stands below it")
        return Expected(name.text, ())
    if name.text in OWN_STEPS:
        reader.fault(name, f"`{name.text}` does nothing that a test could expect")
        return None
    return Expected(name.text, read_fields(reader, reader.specs[name.text], name, body))


def _step(reader: Reader, node: Node, depth: int, loops: int) -> Step | None:
    name, body, rest = _named(reader, node)
    if name is None:
        return None
    conditions = reader.conditions(rest.get("if"))
    step_id = _step_id(reader, rest.get("id"))
    own = _OWN.get(name.text)
    if own is not None:
        if step_id is not None:
            reader.fault(rest["id"], f"`{name.text}` gives nothing, so it has no id")
        return own(reader, _Written(name, body, rest, conditions, Spot(reader.file, name), depth, loops))
    spec = reader.specs[name.text]
    fields = read_fields(reader, spec, name, body)
    require_fields(reader, spec, name, body)
    reader.gives = _joined(reader.gives, spec.gives)
    if step_id is not None:
        reader.ids[step_id] = spec.gives
    return Action(spec, step_id, conditions, fields, Spot(reader.file, name))


def _joined(before: tuple[str, ...] | None, gives: tuple[str, ...]) -> tuple[str, ...]:
    """What `previous` may have: a step before that was left out hands on the one before it."""
    if before is None or not gives:
        return gives
    return tuple(dict.fromkeys((*before, *gives))) if before else ()


def _named(reader: Reader, node: Node) -> tuple[Scalar | None, Node | None, dict[str, Node]]:
    """A step's name, its fields, and its `if` and `id`."""
    if isinstance(node, Scalar):
        return _known(reader, node), None, {}
    if isinstance(node, Listing):
        reader.fault(node, "a step is expected here, not a list")
        return None, None, {}
    rest = {key.text: value for key, value in node.pairs if key.text in ("if", "id")}
    names = [(key, value) for key, value in node.pairs if key.text not in rest]
    if len(names) != 1:
        both = listed(key.text for key, _ in names[:3])
        message = f"two steps in one entry ({both}): begin each with `- `, and indent its fields"
        if not names:
            message = "a step has a name"
        reader.fault(names[1][0] if names else node, message)
        return None, None, {}
    return _known(reader, names[0][0]), names[0][1], rest


def _known(reader: Reader, name: Scalar) -> Scalar | None:
    known = (*reader.specs, *OWN_STEPS)
    if name.text in known:
        return name
    reader.fault(name, f"{quoted(name.text)} is not a step{suggest(name.text, known)}")
    return None


def _step_id(reader: Reader, node: Node | None) -> str | None:
    if node is None:
        return None
    if not isinstance(node, Scalar) or not node.text.isidentifier() or not node.text.isascii():
        reader.fault(node, "an id is a word of letters, digits and `_`")
        return None
    if node.text in reader.ids:
        reader.fault(node, f"the id {quoted(node.text)} stands twice")
    return node.text


def _stop(reader: Reader, written: _Written) -> Stop:
    return Stop(written.conditions, _why(reader, written), written.spot)


def _hold(reader: Reader, written: _Written) -> Hold:
    return Hold(written.conditions, _why(reader, written), written.spot)


def _why(reader: Reader, written: _Written) -> Any:
    """A step's reason, or None where it has none."""
    body, name = written.body, written.name.text
    if isinstance(body, Block | Listing):
        reader.fault(body, f"`{name}` may say why, in one text: `{name}: too much for one day`")
    return reader.template(body) if isinstance(body, Scalar) and body.value is not None else None


def _wait(reader: Reader, written: _Written) -> Wait | None:
    body = written.body
    if isinstance(body, Scalar) and body.value is not None:
        if OPENING in body.text:
            reader.fault(body, "a wait until a time is written `wait: {until: ${{ … }}}`")
            return None
        duration = reader.worded(body, lambda text: read_within(text, "3 days"))
        return None if duration is None else Wait(written.conditions, duration, None, written.spot)
    if not isinstance(body, Block) or [key.text for key, _ in body.pairs] != ["until"]:
        pairs = body.pairs if isinstance(body, Block) else ()
        wrong = next((key for key, _ in pairs if key.text != "until"), None)
        reader.fault(
            wrong or body or written.name,
            "`wait` has a duration, `wait: 3 days`, or a time, `wait: {until: ${{ event.booking.ends_at }}}`",
        )
        return None
    until = body.pairs[0][1]
    if isinstance(until, Scalar) and read_duration(until.text) is not None:
        reader.fault(until, f"`until` is a time; for a duration write `wait: {until.text}`")
        return None
    found = read_field(reader, UNTIL, until)
    return None if found is None else Wait(written.conditions, None, found, written.spot)


def _for_each(reader: Reader, written: _Written) -> ForEach | None:
    body, name = written.body, written.name
    keys = {key.text: (key, value) for key, value in body.pairs} if isinstance(body, Block) else {}
    if set(keys) != {"in", "do"}:
        wrong = next((key for text, (key, _) in keys.items() if text not in ("in", "do")), None)
        reader.fault(
            wrong or (name if body is None else body),
            "`for_each` has `in:`, a list such as `previous.cards`, and `do:` with the steps for each `item`",
        )
        return None
    if written.loops >= MAX_LOOP_DEPTH:
        reader.fault(name, f"`for_each` stands in more than {MAX_LOOP_DEPTH - 1} other")
        return None
    items = _items(reader, keys["in"][1])
    outer, before = reader.scope, reader.gives
    reader.scope = replace(outer, has_item=True)
    # From the second item on, `previous` is what the steps below gave: not told beforehand.
    reader.gives = None if before is None else ()
    steps = read_steps(reader, keys["do"][1], written.depth, written.loops + 1)
    reader.scope = outer
    return None if items is None else ForEach(written.conditions, items, steps, written.spot)


def _items(reader: Reader, node: Node) -> Expression | None:
    found = reader.expression(node)
    if found is not None and found.kind not in (None, "list", "block"):
        reader.fault(node, "`in` takes a list, such as `previous.cards` or `event.data.items`", 0)
        return None
    return found


def _choose(reader: Reader, written: _Written) -> Choose | None:
    body, name = written.body, written.name
    if not isinstance(body, Listing) or not body.items:
        reader.fault(
            body or name, "`choose` has a list of branches: `- if: …` with `do: …`, last `- else: …`"
        )
        return None
    if written.depth >= MAX_BRANCH_DEPTH:
        reader.fault(name, f"`choose` stands in more than {MAX_BRANCH_DEPTH} others")
        return None
    if len(body.items) > MAX_LINES:
        reader.fault(body, f"`choose` has at most {MAX_LINES} branches")
    branches: list[Branch] = []
    for number, item in enumerate(body.items[:MAX_LINES], start=1):
        branch = _branch(reader, item, written, is_last=number == len(body.items))
        if branch is not None:
            branches.append(branch)
    return Choose(written.conditions, tuple(branches), written.spot)


def _branch(reader: Reader, node: Node, written: _Written, *, is_last: bool) -> Branch | None:
    keys = {key.text: (key, value) for key, value in node.pairs} if isinstance(node, Block) else {}
    depth, loops = written.depth + 1, written.loops
    if set(keys) == {"if", "do"}:
        conditions = reader.conditions(keys["if"][1])
        steps = read_steps(reader, keys["do"][1], depth, loops)
        return Branch(conditions, steps, Spot(reader.file, keys["if"][0]))
    if set(keys) == {"else"} and is_last:
        steps = read_steps(reader, keys["else"][1], depth, loops)
        return Branch((), steps, Spot(reader.file, keys["else"][0]))
    reader.fault(node, "a branch has `if:` and `do:`; the last may be `else:` alone")
    return None


_OWN: Final[Mapping[str, Callable[[Reader, _Written], Step | None]]] = {
    "choose": _choose,
    "for_each": _for_each,
    "hold": _hold,
    "stop": _stop,
    "wait": _wait,
}
