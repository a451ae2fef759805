"""A recipe's own tests as its file says them: what is given, what is expected, and why nothing happens.

One rule: a test starts from nothing, and names what the recipe names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..domain.errors import ConnectorError
from ..domain.money import Money, require_currency
from .given import typed
from .names import CARD, CARDS_ONLY, CONTACT, EVENT, NOBODY
from .reader import MAX_LINES, Reader
from .recipe import Case, Expected
from .schema import SCHEDULED, CaseFile, RecipeFile, can_start
from .steps import read_expected
from .values import read_time
from .wording import quoted, suggest
from .yamltree import Block, Listing, Node, Scalar

ACTIVE: Final = "active"


def read_cases(
    root: Block, reader: Reader, model: RecipeFile | None, lines: list[str] | None
) -> tuple[Case, ...]:
    """Every test of the file; `lines` are the recipe's conditions, None where these have faults."""
    tests = root.get("tests")
    if not isinstance(tests, Listing):
        return ()
    types = _types(root.get("on"))
    found: list[Case] = []
    for number, node in enumerate(tests.items[:MAX_LINES]):
        if not isinstance(node, Block):
            continue
        file = model.tests[number] if model is not None and model.tests else None
        case = _case(node, reader, file, types, lines)
        if case is not None:
            found.append(case)
    return tuple(found)


def _types(on: Node | None) -> list[str]:
    """What a test's event may be; empty where that cannot be told."""
    if isinstance(on, Block):
        return [SCHEDULED]
    nodes = on.items if isinstance(on, Listing) else (on,)
    types = [node.text for node in nodes if isinstance(node, Scalar)]
    return types if all(map(can_start, types)) else []


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
    parts = _given(given if isinstance(given, Block) else None, reader)
    expected = _expected(node.get("expect"), reader)
    if file is None:
        return None
    return _ready(node, reader, file, parts, expected)


@dataclass(frozen=True, slots=True)
class _Given:
    """What stands below `given`, by kind; `contact` None: there is nobody."""

    contact: dict[str, Any] | None
    event: dict[str, Any]
    card: dict[str, Any] | None


def _given(given: Block | None, reader: Reader) -> _Given:
    contact, event, card = (given.get(name) if given else None for name in ("contact", "event", "card"))
    fault, has_card = reader.fault, reader.scope.has_card
    found: dict[str, Any] | None = {} if reader.scope.has_contact else None
    if isinstance(contact, Block) and found is None:
        fault(contact, NOBODY)
    elif isinstance(contact, Block):
        found = typed(contact, CONTACT, fault, as_json=False)
    elif isinstance(contact, Scalar) and contact.value is None:
        found = None
    if card is not None and not has_card:
        fault(card, CARDS_ONLY)
    return _Given(
        found,
        typed(event, EVENT, fault, as_json=True) if isinstance(event, Block) else {},
        typed(card, CARD, fault, as_json=False) if isinstance(card, Block) else {} if has_card else None,
    )


def _expected(node: Node | None, reader: Reader) -> tuple[Expected, ...]:
    if not isinstance(node, Listing):
        return ()
    found = [read_expected(reader, item) for item in node.items[:MAX_LINES]]
    return tuple(each for each in found if each is not None)


def _ready(
    node: Block,
    reader: Reader,
    file: CaseFile,
    parts: _Given,
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
        event=parts.event,
        contact=None if parts.contact is None else _from_nothing(parts.contact, file.given.currency),
        card=None if parts.card is None else _a_card(parts.card, file.given.currency),
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


def _a_card(card: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """A card of which nothing is known but what the test says: active, and all of its balance available."""
    balance = card.get("balance") or Money(0, currency)
    held = card.get("held") or Money(0, balance.currency)
    nothing: dict[str, Any] = dict.fromkeys(CARD)
    nothing.update(
        id="gc_test",
        state=ACTIVE,
        currency=balance.currency,
        initial_amount=balance,
        balance=balance,
        held=held,
        available=balance if held.currency != balance.currency else balance - held,
        sandbox=False,
        origin={},
        metadata={},
    )
    return {**nothing, **card}


def condition_texts(root: Block) -> list[str]:
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
