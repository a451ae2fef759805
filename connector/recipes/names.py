"""Which names an expression may use, and how a path is read. Closed sets, so that a typo is a fault at load.

Paths go through mappings and lists only: no attribute of any object can be reached.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Final

from .language import BadExpression
from .open_paths import OpenPath, parts_of
from .operators import as_time
from .values import Amount, EvaluationFailed, from_outside, read_number
from .wording import quoted, suggest

OPEN: Final = "open"
"""The kind of what platforms fill as they like: looked up at run time, null is a value there."""

Shape = Mapping[str, Any]

_MONEY: Final[Shape] = {"amount": "number", "currency": "text"}
_PERSON: Final[Shape] = dict.fromkeys(
    ("external_id", "email", "phone", "first_name", "last_name"), "text"
) | {"tags": "list"}
CONTACT: Final[Shape] = {
    "id": "text",
    **_PERSON,
    "attributes": OPEN,
    "referred_by": "text",
    "first_seen_at": "time",
    "visits": "number",
    "last_visit_at": "time",
    "last_booking_at": "time",
    "spent": "money",
    "points": "number",
    "no_shows": "number",
    "balance": "money",
    "next_expiry_at": "time",
    "last_redeemed_at": "time",
}
EVENT: Final[Shape] = {
    **dict.fromkeys(("id", "type", "source", "adapter", "account"), "text"),
    "occurred_at": "time",
    "contact": _PERSON,
    "booking": {
        **dict.fromkeys(("id", "status", "service"), "text"),
        "starts_at": "time",
        "ends_at": "time",
        "price": "money",
    },
    "invoice": {"id": "text", "total": "money", "order_id": "text"},
    "payment": {"id": "text", "amount": "money", "invoice_id": "text", "order_id": "text"},
    "order": {"id": "text", "total": "money", "lines": "list", "gift_cards": "list"},
    "refund": {"id": "text", "amount": "money", "of": "text"},
    "form": {"id": "text", "title": "text", "answers": OPEN},
    "deal": {"id": "text", "value": "money"},
    "points": "number",
    "referrer": _PERSON,
    "tag": "text",
    "derived": "truth",
    "data": OPEN,
}
CARD: Final[Shape] = {
    **dict.fromkeys(("id", "state", "currency", "last4", "contact_id", "program", "kind", "source"), "text"),
    **dict.fromkeys(("initial_amount", "balance", "held", "available"), "money"),
    **dict.fromkeys(("message", "note", "url"), "text"),
    "sender": OPEN,
    "recipient": OPEN,
    **dict.fromkeys(
        ("usable_at", "expires_at", "disabled_at", "removed_at", "created_at", "updated_at"), "time"
    ),
    "origin": OPEN,
    "sandbox": "truth",
    "metadata": OPEN,
}
ROOTS: Final = ("event", "contact", "card", "item", "vars", "let", "previous", "steps")
CARDS_ONLY: Final = (
    "`card` is there only where a recipe goes over cards (`on: {schedule: …, for_each: card}`); "
    "a message about a card has it in `event.data.gift_card`, a step in `previous.card`"
)
ITEMS_ONLY: Final = "`item` is there only among the steps of a `for_each`"
NOBODY: Final = "`contact` is not there, since this schedule goes over nobody: write `for_each: contact`"

MISSING: Final = object()
UNKNOWN: Final = object()
"""Stands for the result of a step that a shadow run did not perform."""


class MissingField(EvaluationFailed):
    """The field is not there. Never false, never nothing: `is missing` asks for it."""


class UnknownYet(EvaluationFailed):
    """Only a live run would know: the step before was not performed."""


@dataclass(frozen=True, slots=True)
class Let:
    """A name of the recipe: worked out at most once a run."""

    kind: str | None
    depth: int
    evaluate: Callable[["Scene"], Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that are known at one place of a recipe.

    `steps`: id → what the step gives (empty: not told). `previous`: what the
    steps before give, None where there is none before. `used` collects the names
    of `vars` that are read, and `opened` the open paths, for all places of one recipe.
    """

    vars: Mapping[str, Any] = field(default_factory=dict)
    lets: Mapping[str, Let] = field(default_factory=dict)
    steps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    previous: tuple[str, ...] | None = None
    has_contact: bool = True
    has_card: bool = False
    has_item: bool = False
    used: set[str] = field(default_factory=set, compare=False)
    opened: list[OpenPath] = field(default_factory=list, compare=False)


@dataclass(slots=True)
class Scene:
    """What one run sees. `saw` collects the values that a line reads, for its trace.

    `card`: the card that a schedule goes over, as CARD says, its sums as Money. `item`: the
    innermost `for_each`'s.
    """

    event: Mapping[str, Any]
    contact: Mapping[str, Any] | None
    now: datetime
    zone: tzinfo
    currency: str
    vars: Mapping[str, Any] = field(default_factory=dict)
    lets: Mapping[str, Let] = field(default_factory=dict)
    steps: dict[str, Any] = field(default_factory=dict)
    previous: Any = MISSING
    saw: dict[str, Any] = field(default_factory=dict)
    memo: dict[str, Any] = field(default_factory=dict)
    card: Mapping[str, Any] | None = None
    item: Any = MISSING


@dataclass(frozen=True, slots=True)
class Path:
    """A path that was found legal: `look` gives the value or MISSING; `depth` counts a let's own."""

    text: str
    kind: str | None
    depth: int
    look: Callable[[Scene], Any]

    def read(self, scene: Scene) -> Any:
        """The value, noted for the trace, or MissingField."""
        value = self.look(scene)
        if value is MISSING:
            raise MissingField(_absent(self.text, scene))
        scene.saw[self.text] = value
        return value


def resolve(text: str, scope: Scope) -> Path:
    """The path, or BadExpression where a name of a closed set is not known."""
    parts = parts_of(text)
    root, rest = parts[0], parts[1:]
    if root == "contact":
        if not scope.has_contact:
            raise BadExpression(NOBODY)
        kind, closed = _in_shape(CONTACT, rest, "contact", text)
        return Path(text, kind, 1, lambda scene: _walk(scene.contact, rest, closed, kind, scene, nulls=False))
    if root == "event":
        kind, closed = _in_shape(EVENT, rest, "event", text)
        if rest == ("derived",):
            return Path(text, kind, 1, lambda scene: scene.event.get("derived") is True)
        is_open = closed < len(rest)
        return Path(text, kind, 1, lambda scene: _walk(scene.event, rest, closed, kind, scene, nulls=is_open))
    if root == "card":
        if not scope.has_card:
            raise BadExpression(CARDS_ONLY)
        kind, closed = _in_shape(CARD, rest, "card", text)
        return Path(text, kind, 1, lambda scene: _walk(scene.card, rest, closed, kind, scene, nulls=False))
    if root == "item":
        if not scope.has_item:
            raise BadExpression(ITEMS_ONLY)
        return Path(text, None, 1, lambda scene: _walk(scene.item, rest, 0, None, scene))
    if root in ("vars", "let", "steps"):
        return _named(root, rest, scope, text)
    if root == "previous":
        if scope.previous is None:
            raise BadExpression("there is no step before this place, so `previous` has nothing")
        if rest:
            _require_given(rest[0], scope.previous, "previous")
        return Path(text, None, 1, lambda scene: _walk(scene.previous, rest, 0, None, scene))
    raise BadExpression(_unknown_root(root, text))


def _unknown_root(root: str, text: str) -> str:
    if "." not in text and "[" not in text and root not in ROOTS:
        close = suggest(root, ROOTS).partition(" (known")[0]
        return f"{quoted(root)} is not a name{close or '; a text stands in quotes'}"
    return f"{quoted(root)} is not a place to read from{suggest(root, ROOTS)}"


def _named(root: str, rest: tuple[str, ...], scope: Scope, text: str) -> Path:
    known: Mapping[str, Any] = {"vars": scope.vars, "let": scope.lets, "steps": scope.steps}[root]
    if not rest:
        raise BadExpression(f"`{root}` needs a name: `{root}.…`")
    name, below = rest[0], rest[1:]
    if name not in known:
        raise BadExpression(f"`{root}.{name}` is not known at this place{suggest(name, known)}")
    if root == "let":
        let = scope.lets[name]
        return Path(
            text, let.kind if not below else None, let.depth + 1,
            lambda scene: _walk(_worked_out(scene, name, let), below, 0, None, scene),
        )  # fmt: skip
    if root == "vars":
        scope.used.add(name)
        constant = scope.vars[name]
        return Path(text, None, 1, lambda scene: _walk(constant, below, 0, None, scene))
    if below:
        _require_given(below[0], scope.steps[name], f"steps.{name}")
    return Path(text, None, 1, lambda scene: _walk(scene.steps.get(name, MISSING), below, 0, None, scene))


def _worked_out(scene: Scene, name: str, let: Let) -> Any:
    """Once a run: the value is kept, and so is the failure."""
    if name not in scene.memo:
        try:
            scene.memo[name] = let.evaluate(scene)
        except EvaluationFailed as fault:
            scene.memo[name] = fault
    value = scene.memo[name]
    if isinstance(value, EvaluationFailed):
        raise value
    return value


def _in_shape(shape: Shape, rest: tuple[str, ...], root: str, text: str) -> tuple[str | None, int]:
    """The kind of the path's end, and how many of its parts lie in the closed set."""
    known: Any = shape
    walked = root
    for count, part in enumerate(rest):
        if known == OPEN:
            return None, count
        if known == "list":
            return None, count
        inner = _MONEY if known == "money" else known
        if not isinstance(inner, Mapping):
            raise BadExpression(f"`{walked}` has no fields, so `{text}` leads nowhere", len(walked))
        if part not in inner:
            known_names = suggest(part, inner)
            raise BadExpression(f"`{walked}.{part}` is not a field{known_names}", len(walked) + 1)
        known = inner[part]
        walked = f"{walked}.{part}"
    if known == OPEN or isinstance(known, Mapping):
        return "block", len(rest)
    return known, len(rest)


def _require_given(name: str, gives: tuple[str, ...], owner: str) -> None:
    if gives and name not in gives:
        raise BadExpression(
            f"`{owner}.{name}` is not given by that step{suggest(name, gives)}", len(owner) + 1
        )


def _walk(
    value: Any, rest: tuple[str, ...], closed: int, kind: str | None, scene: Scene, *, nulls: bool = True
) -> Any:
    """The value at the end of `rest`, or MISSING. Null is a value only where `nulls` and past `closed`."""
    for count, part in enumerate(rest):
        if value is UNKNOWN:
            break
        value = _below(value, part)
        if value is MISSING or (value is None and (not nulls or count < closed)):
            return MISSING
    if value is UNKNOWN:
        raise UnknownYet("known only once the step before is really performed")
    if value is None and not nulls:
        return MISSING
    if kind == "time":
        return as_time(value, scene.zone)
    if kind == "number" and isinstance(value, str):  # the amount of a sum in an event is decimal text
        return read_number(value)
    return from_outside(value)


def _below(value: Any, part: str) -> Any:
    if type(value) is dict:  # as nearly all are: asking for Mapping takes longer than all the rest
        return value.get(part, MISSING)
    if isinstance(value, Mapping):
        return value.get(part, MISSING)
    if isinstance(value, list | tuple):
        is_index = part.isascii() and part.isdigit() and len(part) <= 6
        return value[int(part)] if is_index and int(part) < len(value) else MISSING
    found = from_outside(value)
    if isinstance(found, Amount):
        return {"amount": found.number, "currency": found.currency}.get(part, MISSING)
    return MISSING


def _absent(text: str, scene: Scene) -> str:
    """`contact.vists` is not in this event: did you mean `visits`?"""
    parts = parts_of(text)
    root = parts[0]
    if root == "contact" and scene.contact is None:
        return f"{quoted(text)} is not there: this event has no contact"
    if root in ("previous", "steps"):
        return f"{quoted(text)} is not there: that step did not run, or gave no such field"
    places: dict[str, Any] = {"contact": scene.contact, "card": scene.card, "item": scene.item}
    value = places.get(root, scene.event)
    for part in parts[1:]:
        below = value.get(part) if isinstance(value, Mapping) else None
        if below is None:
            break
        value = below
    known = [str(name) for name in value if value[name] is not None] if isinstance(value, Mapping) else []
    close = suggest(part, (name for name in known if name != part)) if len(parts) > 1 else ""
    where = _WHERE.get(root, "in this event")
    return (
        f"{quoted(text)} is not {where}{close if 'did you mean' in close else ' (`is missing` asks for it)'}"
    )


_WHERE: Final = {"contact": "known of this contact", "card": "known of this card", "item": "in this item"}
