"""One file to one Recipe: shape, names, expressions, steps and tests, every fault at once."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..domain.errors import ConnectorError, Fault, FaultyFiles
from ..domain.money import Money, require_currency
from ..domain.steps import StepSpec
from .expressions import Expression
from .given import typed
from .names import CONTACT, EVENT, Let, Scope
from .recipe import Case, Expected, Recipe
from .schema import CaseFile, RecipeFile, can_start, check
from .steps import Reader
from .values import EvaluationFailed, read_amount, read_duration, read_time
from .wording import quoted, suggest
from .yamltree import Block, Listing, Node, Scalar, plain, read

MAX_NAMES: Final = 50  # of `vars`, and of `let`


def read_recipe(data: bytes, name: str, file: str, specs: Mapping[str, StepSpec]) -> Recipe:
    """The recipe, or FaultyFiles with every fault of the file, sorted by place.

    `name` is the file's name without `.yaml`; `file` is how faults call it.
    """
    root = read(data, file)
    model, faults = check(root, file)
    reader = Reader(file, specs)
    named = root.get("recipe")
    if isinstance(named, Scalar) and named.text != name:
        reader.fault(
            named, f"the recipe is named {quoted(named.text)}, but its file {quoted(name + '.yaml')}"
        )
    lets = _names(root, reader)
    conditions = reader.conditions(root.get("if"))
    once = root.get("once_per")
    once_per = _once_per(once, reader) if isinstance(once, Scalar) else None
    steps = reader.steps(root.get("do") if isinstance(root.get("do"), Listing) else None)
    # A fault above is told once: what follows from it in the tests is not.
    lines = None if reader.faults else _condition_texts(root)
    cases = _cases(root, reader, model, lines)
    found = _distinct([*faults, *reader.faults])
    if found or model is None:
        raise FaultyFiles(found)
    return Recipe(
        name=name,
        title=model.title,
        status=model.status,
        revision=hashlib.sha256(data).hexdigest(),
        text=data.decode("utf-8"),
        file=file,
        on=tuple(dict.fromkeys(model.on)),
        conditions=conditions,
        steps=steps,
        once_per=once_per,
        owner=model.owner,
        account=model.account,
        sources=tuple(model.sources or ()),
        vars=reader.scope.vars,
        lets=lets,
        cases=cases,
    )


def _distinct(faults: list[Fault]) -> list[Fault]:
    """One fault a place: the first, which is the shape's, says it best."""
    seen: dict[tuple[int, int], Fault] = {}
    for fault in faults:
        seen.setdefault((fault.line, fault.column), fault)
    return sorted(seen.values())


def _once_per(node: Scalar, reader: Reader) -> Expression | None:
    return reader.expression(replace(node, text="contact.id", shift=None) if node.text == "contact" else node)


def _names(root: Block, reader: Reader) -> Mapping[str, Let]:
    constants, named = root.get("vars"), root.get("let")
    if isinstance(constants, Block):
        reader.scope = Scope(vars={key.text: _constant(value) for key, value in constants.pairs[:MAX_NAMES]})
    lets: dict[str, Let] = {}
    for block in (constants, named):
        if isinstance(block, Block) and len(block.pairs) > MAX_NAMES:
            reader.fault(block, f"at most {MAX_NAMES} names")
    if isinstance(named, Block):
        for key, value in named.pairs[:MAX_NAMES]:
            found = reader.expression(value)
            # A name with a fault stays known, so that its every use is not a fault as well.
            if found is None:
                lets[key.text] = Let(None, 0, lambda _: None)
            else:
                lets[key.text] = Let(found.kind, found.depth, found.evaluate)
            reader.scope = replace(reader.scope, lets=dict(lets))
    return lets


def _constant(node: Node) -> Any:
    """A constant; what is written like a sum or a duration is one."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        try:
            return read_amount(node.text)
        except EvaluationFailed:
            return read_duration(node.text) or node.value
    return plain(node)


def _cases(
    root: Block, reader: Reader, model: RecipeFile | None, lines: list[str] | None
) -> tuple[Case, ...]:
    tests = root.get("tests")
    if not isinstance(tests, Listing):
        return ()
    on = root.get("on")
    types = [on.text] if isinstance(on, Scalar) else []
    if isinstance(on, Listing):
        types = [item.text for item in on.items if isinstance(item, Scalar)]
    if not all(map(can_start, types)):
        types = []
    found: list[Case] = []
    for number, node in enumerate(tests.items):
        if not isinstance(node, Block):
            continue
        file = model.tests[number] if model is not None and model.tests else None
        case = _case(node, reader, file, types, lines)
        if case is not None:
            found.append(case)
    return tuple(found)


def _case(
    node: Block, reader: Reader, file: CaseFile | None, types: list[str], lines: list[str] | None
) -> Case | None:
    """A test; its parts are read for their faults even where the file as a whole has others."""
    event_type = node.get("event")
    if isinstance(event_type, Scalar) and types and event_type.text not in types:
        reader.fault(
            event_type,
            f"{quoted(event_type.text)} is not in this recipe's `on`{suggest(event_type.text, types)}",
        )
    because = node.get("because")
    if lines is not None and isinstance(because, Scalar) and " ".join(because.text.split()) not in lines:
        reader.fault(
            because, f"{quoted(because.text)} is no condition of this recipe{suggest(because.text, lines)}"
        )
    given = node.get("given")
    contact, event = _given(given, reader) if isinstance(given, Block) else ({}, {})
    expected = _expected(node.get("expect"), reader)
    if file is None:
        return None
    return _ready(node, reader, file, contact, event, expected)


def _given(given: Block, reader: Reader) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    contact, event = given.get("contact"), given.get("event")
    fault = reader.fault
    found: dict[str, Any] | None = {}
    if isinstance(contact, Block):
        found = typed(contact, CONTACT, fault, as_json=False)
    elif isinstance(contact, Scalar) and contact.value is None:
        found = None
    return found, typed(event, EVENT, fault, as_json=True) if isinstance(event, Block) else {}


def _expected(node: Node | None, reader: Reader) -> tuple[Expected, ...]:
    if not isinstance(node, Listing):
        return ()
    return tuple(each for each in map(reader.expected, node.items) if each is not None)


def _ready(
    node: Block,
    reader: Reader,
    file: CaseFile,
    contact: dict[str, Any] | None,
    event: dict[str, Any],
    expected: tuple[Expected, ...],
) -> Case | None:
    given = node.get("given")
    now = read_time(file.given.now, ZoneInfo("UTC"))
    place = given if isinstance(given, Block) else node
    try:
        ZoneInfo(file.given.timezone)
        require_currency(file.given.currency)
    except ConnectorError as fault:
        reader.fault(place, fault.detail)
        return None
    except (ValueError, OSError, LookupError):
        reader.fault(place, f"{quoted(file.given.timezone)} is not a time zone such as `Europe/Berlin`")
        return None
    if now is None:
        reader.fault(place, f"`now`: {quoted(file.given.now)} is not a time")
        return None
    return Case(
        name=file.name,
        event_type=file.event,
        event=event,
        contact=None if contact is None else _from_nothing(contact, file.given.currency),
        steps=file.given.steps,
        now=now,
        timezone=file.given.timezone,
        currency=file.given.currency,
        expected=expected,
        because=None if file.because is None else " ".join(file.because.split()),
        line=node.line,
        column=node.column,
    )


def _from_nothing(contact: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """A contact of whom nothing is known but what the test says."""
    nothing: dict[str, Any] = dict.fromkeys(CONTACT)
    nothing.update(
        id="ct_test",
        tags=[],
        attributes={},
        visits=0,
        points=0,
        no_shows=0,
        spent=Money(0, currency),
        balance=Money(0, currency),
    )
    return {**nothing, **contact}


def _condition_texts(root: Block) -> list[str]:
    """Every condition of the recipe, also those of its steps, as one line each."""
    found: list[str] = []
    waiting: list[tuple[str, Node]] = [
        (key.text, value) for key, value in root.pairs if key.text in ("if", "do")
    ]
    while waiting:
        name, node = waiting.pop(0)
        if isinstance(node, Block):
            waiting.extend((key.text, value) for key, value in node.pairs)
        elif isinstance(node, Listing):
            waiting.extend((name, item) for item in node.items)
        elif name == "if":
            found.append(" ".join(node.text.split()))
    return found
