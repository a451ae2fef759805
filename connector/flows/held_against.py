"""Recipes held against what is there: a path into `event.data` that no event has had is likely a slip.

So is an account or a source that there is none of.
One rule: what is found is a hint, made beside the work and within bounds; without a record there is none.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..adapters.registry import adapters
from ..domain.accounts import Account
from ..domain.errors import Fault
from ..recipes.library import Snapshot
from ..recipes.open_paths import OpenPath, lacking
from ..recipes.recipe import Recipe, Whence
from ..recipes.snapshot import ACTING, OWN
from ..recipes.wording import listed, quoted, suggest
from ..store import accounts, recorded
from ..store.engine import Engines

LATEST: Final = 2_000  # of a type, of all accounts together; read to the end only where something is amiss
LEAST: Final = 20  # of each account, however many there are
MAX_ACCOUNTS: Final = 100
"""With more, a recipe for any account is not held: some account might well have what the others lack."""


@dataclass(slots=True)
class _Asked:
    """One path of one recipe. `beside`: which names stood where it went astray, at its farthest."""

    recipe: Recipe
    path: OpenPath
    looked: int = 0
    is_there: bool = False
    depth: int = -1
    beside: dict[str, None] = field(default_factory=dict)

    def look(self, value: Any, parts: tuple[str, ...]) -> None:
        self.looked += 1
        found = lacking(value, parts)
        if found is None:
            self.is_there = True
            return
        depth, names = found
        if depth > self.depth:
            self.depth, self.beside = depth, {}
        if depth == self.depth:
            self.beside.update(dict.fromkeys(names))


def hints(engines: Engines, snapshot: Snapshot) -> dict[str, list[Fault]]:
    """By recipe, a hint for each of its open paths that nothing recorded lately has.

    And one for each name by which nothing can ever begin it: a slip there is never told by a run.
    """
    faulty = {entry.recipe for entry in snapshot.entries if entry.errors}
    held = [
        recipe
        for recipe in snapshot.recipes
        if (recipe.opened or recipe.whence) and recipe.name not in faulty
    ]
    if not held:
        return {}
    with engines.reading() as connection:
        everybody = accounts.every(connection)
    found = _strangers(engines, everybody, [one for one in held if one.status in ACTING])
    asked = [_Asked(recipe, path) for recipe in held for path in _distinct(recipe)]
    in_events = [one for one in asked if one.path.parts[0] == "event" and one.recipe.schedule is None]
    for event_type in sorted({known for one in in_events for known in one.recipe.on}):
        _look_at_events(
            engines, everybody, event_type, [one for one in in_events if event_type in one.recipe.on]
        )
    for one in asked:
        if one.path.parts[0] == "contact":
            _look_at_people(engines, everybody, one)
    for one in asked:
        if one.looked and not one.is_there:
            found.setdefault(one.recipe.name, []).append(_told(one))
    return found


def _strangers(engines: Engines, everybody: list[Account], held: list[Recipe]) -> dict[str, list[Fault]]:
    """Accounts, sources and adapters that are named, and are not there as things stand."""
    found: dict[str, list[Fault]] = {}
    for recipe in held:
        own = next((one for one in everybody if one.slug == recipe.account), None)
        known = {"account": [one.slug for one in everybody], "from": list[str]()}
        if any(one.key == "from" for one in recipe.whence):
            with engines.reading() as connection:
                slugs = accounts.source_slugs(connection, own.id if own is not None else None)
            known["from"] = [OWN, *adapters(), *slugs]
        told = [
            _stranger(recipe, one, known[one.key]) for one in recipe.whence if one.name not in known[one.key]
        ]
        if told:
            found[recipe.name] = told
    return found


def _stranger(recipe: Recipe, one: Whence, known: list[str]) -> Fault:
    close = suggest(one.name, known)
    meant = close if "did you mean" in close else ""
    what = "is no account" if one.key == "account" else "is neither a source nor an adapter"
    return Fault(recipe.file, one.line, one.column, f"{quoted(one.name)} {what}{meant}")


def _distinct(recipe: Recipe) -> Iterable[OpenPath]:
    """Each path once, where it stands first."""
    first: dict[str, OpenPath] = {}
    for path in recipe.opened:
        first.setdefault(path.text, path)
    return first.values()


def _whose(everybody: list[Account], recipe: Recipe) -> list[Account]:
    if recipe.account is not None:
        return [account for account in everybody if account.slug == recipe.account]
    return everybody if len(everybody) <= MAX_ACCOUNTS else []


def _look_at_events(engines: Engines, everybody: list[Account], event_type: str, asked: list[_Asked]) -> None:
    wanted = {account.id: account for one in asked for account in _whose(everybody, one.recipe)}
    for account in wanted.values():
        waiting = [one for one in asked if not one.is_there and account in _whose(everybody, one.recipe)]
        for envelope in _events(engines, account, event_type, len(wanted)) if waiting else ():
            source, adapter = str(envelope.get("source")), str(envelope.get("adapter"))
            for one in waiting:
                if one.recipe.wants(account.slug, source, adapter):
                    one.look(envelope, one.path.parts[1:])
            waiting = [one for one in waiting if not one.is_there]
            if not waiting:
                break


def _events(engines: Engines, account: Account, event_type: str, of: int) -> Iterator[Mapping[str, Any]]:
    with engines.reading() as connection:
        yield from recorded.latest_events(connection, account.id, event_type, max(LEAST, LATEST // of))


def _look_at_people(engines: Engines, everybody: list[Account], one: _Asked) -> None:
    whose = _whose(everybody, one.recipe)
    for account in whose:
        with engines.reading() as connection:
            for attributes in recorded.latest_attributes(
                connection, account.id, max(LEAST, LATEST // len(whose))
            ):
                one.look(attributes, one.path.parts[2:])
                if one.is_there:
                    return


def _told(one: _Asked) -> Fault:
    path, recipe = one.path, one.recipe
    if path.parts[0] == "contact":
        among, start = f"on 0 of the last {one.looked:,} contacts", 2
    else:
        of = "this type" if len(recipe.on) == 1 else f"these types ({listed(recipe.on)})"
        among, start = f"in 0 of the last {one.looked:,} events of {of}", 1
    astray = path.parts[start:][one.depth]
    close = suggest(astray, one.beside)
    meant = close if "did you mean" in close else ""
    return Fault(recipe.file, path.line, path.column, f"{quoted(path.text)} is {among}{meant}")
