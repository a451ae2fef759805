"""A run as a test of its recipe: the YAML for `tests:`, of nothing but what the run looked at.

The one rule: nobody's name or address stands in it. What tells who somebody is gets replaced,
in every text; the recipe is never rewritten, the text is for a person to paste.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from ..domain.errors import RunFailed
from ..domain.events import rfc3339
from ..domain.jsontext import dumps
from ..domain.money import Money
from .decide import Decision, Facts, Pause, run_through
from .names import CARD, CONTACT, EVENT, UNKNOWN
from .recipe import Action, Recipe
from .selftest import run_tests
from .values import from_outside

STAND_INS: Final[Mapping[str, str]] = {
    "email": "mia@example.com",
    "phone": "+14155550100",
    "first_name": "Mia",
    "last_name": "Example",
    "external_id": "c-1",
    "id": "ct_test",
    "referred_by": "ct_other",
    "name": "Mia Example",
    "url": "https://example.com/card",
}
_PEOPLE: Final = ("contact", "referrer", "sender", "recipient")
"""Below which a path leads to what tells who somebody is."""
_MAIL: Final = re.compile(r"[^\s@<>,;\"']+@[^\s@<>,;\"']+\.[^\s@<>,;\"']+")
_PHONE: Final = re.compile(r"\+?\d[\d ()/.-]{7,}\d")
_SHOWN: Final = ("money", "whole", "flag")
"""Kinds of fields that say what a step is about, and never who somebody is."""

Path = tuple[str, ...]


class NotATest(RunFailed):
    """The run cannot be told as a test, and why."""


class _Seen(dict[str, Any]):
    """A mapping that remembers what was read of it, by its path."""

    def __init__(self, values: Mapping[str, Any], path: Path, read: dict[Path, Any]) -> None:
        super().__init__(values)
        self._path, self._read = path, read

    def get(self, key: str, default: Any = None) -> Any:
        if key not in self:
            return default
        value, path = self[key], (*self._path, key)
        if isinstance(value, Mapping) and from_outside(value) is value:
            return _Seen(value, path, self._read)
        self._read[path] = value
        return value


@dataclass(slots=True)
class _Noting:
    """Hooks that note the deeds of a run and give what they gave."""

    gave: Mapping[str, Mapping[str, Any]]
    read: dict[Path, Any]
    done: list[tuple[Action, dict[str, Any]]] = field(default_factory=list)

    def perform(self, action: Action, fields: dict[str, Any]) -> Any:
        if action.spec.changes:
            self.done.append((action, fields))
        return _Seen(self.gave.get(action.key, {}), (action.key,), self.read)

    def take_once(self, _value: str) -> bool:
        return True

    def enroll(self, _goal: object) -> bool:
        return True

    def seen_before(self, _subject: str, _at: datetime) -> str | None:
        return None

    def passed(self, _pause: Pause) -> None:
        return None


def saved_case(
    recipe: Recipe,
    facts: Facts,
    gave: Mapping[str, Mapping[str, Any]],
    *,
    name: str,
    hidden: Mapping[str, str],
) -> str:
    """The YAML of one test, indented as below `tests:`. `gave`: what each step gave, by its key.

    `hidden`: texts that tell who somebody is, with what stands for each. NotATest where the run
    cannot be told so that the recipe's own tests come to the same.
    """
    event: dict[Path, Any] = {}
    contact: dict[Path, Any] = {}
    card: dict[Path, Any] = {}
    steps: dict[Path, Any] = {}
    hooks = _Noting(gave, steps)
    about = None if facts.contact is None else _Seen(facts.contact, (), contact)
    at = None if facts.card is None else _Seen(facts.card, (), card)
    seen = replace(facts, event=_Seen(facts.event, (), event), contact=about, card=at)
    decision = run_through(replace(recipe, status="live"), seen, hooks, hooks.passed)
    writer = _Writer({told: other for told, other in hidden.items() if told})
    lines = [f"  - name: {_text(name)}", f"    event: {facts.event['type']}"]
    lines += writer.given(facts, event, contact, card, steps)
    lines += _expected(writer, hooks, decision)
    return "\n".join(lines) + "\n"


def require_passes(recipe: Recipe, pasted: Recipe, name: str) -> None:
    """Pass if the recipe with the test pasted in passes that test, else NotATest."""
    results = [one for one in run_tests(pasted) if one.case.name == name]
    if not results:
        raise NotATest(f"the test cannot be pasted into {recipe.file}")
    if results[-1].message is not None:
        raise NotATest(f"the test would not come to the same: {results[-1].message}")


def pasted(text: str, case: str) -> str:
    """A recipe's text with the test below its `tests:`; the text is looked at, never written."""
    head, mark, tail = text.partition("\ntests:\n")
    if mark:
        return f"{head}{mark}{case}{tail}"
    return f"{text.rstrip()}\n\ntests:\n{case}"


def _expected(writer: "_Writer", hooks: _Noting, decision: Decision) -> list[str]:
    stopping = [line["text"] for line in decision.trace if line.get("verdict") is False]
    if hooks.done:
        return ["    expect:", *(writer.step(action, fields) for action, fields in hooks.done)]
    because = [f"    because: {_text(stopping[0])}"] if stopping else []
    return ["    expect: nothing", *because]


@dataclass(frozen=True, slots=True)
class _Writer:
    """Values as a test writes them, with stand-ins for who somebody is."""

    hidden: Mapping[str, str]

    def given(
        self,
        facts: Facts,
        event: dict[Path, Any],
        contact: dict[Path, Any],
        card: dict[Path, Any],
        steps: dict[Path, Any],
    ) -> list[str]:
        kept = {path: value for path, value in event.items() if path[0] not in ("type", "occurred_at")}
        parts = [f"      now: {_text(rfc3339(facts.now))}"]
        parts += [f"      timezone: {_text(facts.timezone)}"] if facts.timezone != "UTC" else []
        parts += [f"      currency: {facts.currency}"] if facts.currency != "USD" else []
        parts += self.block("event", kept, EVENT, is_json=True)
        parts += self.block("contact", contact, CONTACT, is_json=False)
        parts += self.block("card", card, CARD, is_json=False)
        parts += self.block("steps", steps, {}, is_json=True)
        if facts.contact is None:
            parts.append("      contact: null")
        return ["    given:", *parts]

    def block(
        self, name: str, read: Mapping[Path, Any], shape: Mapping[str, Any], *, is_json: bool
    ) -> list[str]:
        tree: dict[str, Any] = {}
        for path, value in read.items():
            if value is None or value is UNKNOWN:
                continue
            inner = tree
            for part in path[:-1]:
                inner = inner.setdefault(part, {})
            inner[path[-1]] = self.replaced(path, value)
        return [f"      {name}: {self.flow(tree, is_json=is_json and not shape)}"] if tree else []

    def replaced(self, path: Path, value: Any) -> Any:
        """Who somebody is, by the name of the field; elsewhere by what is known of them."""
        is_person = len(path) == 1 or path[0] in _PEOPLE
        if isinstance(value, str) and is_person and path[-1] in STAND_INS and path != ("id",):
            return STAND_INS[path[-1]]
        return self.clean(value)

    def clean(self, value: Any) -> Any:
        if isinstance(value, str):
            for told, other in self.hidden.items():
                value = re.sub(re.escape(told), other, value, flags=re.IGNORECASE)
            value = _MAIL.sub(STAND_INS["email"], value)
            return _PHONE.sub(STAND_INS["phone"], value) if not _is_moment(value) else value
        if isinstance(value, Mapping):
            return {str(name): self.clean(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean(item) for item in value]
        return value

    def flow(self, value: Any, *, is_json: bool = False) -> str:
        """The value in one line of YAML."""
        if isinstance(value, Money):
            return str(value)
        if isinstance(value, datetime):
            return _text(rfc3339(value))
        if isinstance(value, Mapping):
            found = from_outside(value)
            if found is not value and not is_json:
                return f"{value['amount']} {value['currency']}"
            pairs = (f"{_key(name)}: {self.flow(item, is_json=is_json)}" for name, item in value.items())
            return "{" + ", ".join(pairs) + "}"
        if isinstance(value, list | tuple):
            return "[" + ", ".join(self.flow(item, is_json=is_json) for item in value) + "]"
        return _text(value) if isinstance(value, str) else _plain(value)

    def step(self, action: Action, fields: Mapping[str, Any]) -> str:
        """What is expected of one deed: how much, never to whom."""
        kinds = {one.name: one.kind for one in action.spec.fields}
        told = {name: value for name, value in fields.items() if kinds.get(name) in _SHOWN}
        return f"      - {action.spec.name}: {self.flow(told)}"


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _text(text: str) -> str:
    """In quotes, so that no text is taken for anything else."""
    return dumps(text)


def _key(name: str) -> str:
    return name if name.isidentifier() else _text(name)


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return dumps(value)
