"""Recipe files and their revisions: what is in force survives a bad file and a restart."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ..domain.accounts import Actor
from ..domain.errors import ConnectorError
from ..logs import log
from ..recipes.library import Entry, Library, Snapshot
from ..recipes.selftest import run_tests
from ..store import accounts, revisions, runs
from ..store.engine import Engines
from ..store.writer import Writer, Writing
from . import held_against
from .parts import Parts
from .performing import step_specs

MAX_TOLD: Final = 20  # faults of one file in one message


def load(library: Library, engines: Engines, writer: Writer, *, is_serving: bool = True) -> Snapshot:
    """Read the folder, the last good revisions standing in for bad files; keep what is now in force.

    Who does not serve notes it only where nothing was in force yet: its folder may be another one.
    """
    with engines.reading() as connection:
        last_good = revisions.last_good(connection)
    wanted = writer.run(revisions.still_wanted)
    former = writer.run(lambda tx: revisions.open_still(tx, tx.wall))
    snapshot = library.load(last_good, wanted, list(former.values()))
    put = revisions.put_in_force if is_serving else revisions.note_in_force
    writer.run(lambda tx: _keep(tx, snapshot, put))
    return snapshot


def _keep(tx: Writing, snapshot: Snapshot, put: Callable[..., object] = revisions.put_in_force) -> None:
    for recipe in snapshot.recipes:
        revisions.keep(tx, recipe=recipe.name, sha256=recipe.revision, text=recipe.text)
        put(tx, recipe=recipe.name, sha256=recipe.revision, status=recipe.status)


class Watch:
    """Looks at recipes and letters now and then: a change is taken, kept, and told where it is bad."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._is_first = True
        self._is_unkept = False

    def look(self) -> int:
        """1 where a change was taken, else 0."""
        parts, library = self._parts, self._parts.library
        if parts.letters.look():
            library.teach(step_specs(parts.shelf.letters))
            log.info("letters_loaded", letters=len(parts.shelf.letters), faults=len(parts.letters.faults))
        former = {one.revision for one in library.current.former}
        is_new = library.look(parts.clock.now())
        self._is_unkept |= is_new  # until it is written: the database may be away just now
        if is_new and former:  # what went just now may have runs that are not committed yet
            with parts.engines.reading() as connection:
                library.forget(former - revisions.open_still(connection, parts.clock.now()).keys())
        if not self._is_unkept and not self._is_first:
            return 0
        snapshot = library.current
        has_faults = any(entry.errors for entry in snapshot.entries)
        if self._is_unkept or has_faults:  # what was loaded at the start is kept
            parts.writer.run(lambda tx: self._take(tx, snapshot))
        self._is_first = self._is_unkept = False
        self._hold(snapshot)
        if is_new:
            log.info("recipes_loaded", recipes=len(snapshot.recipes), faults=len(snapshot.faults))
        return int(is_new)

    def _hold(self, snapshot: Snapshot) -> None:
        """Hold what is in force now against what was recorded. A hint for people: nothing waits for it."""
        try:
            found = held_against.hints(self._parts.engines, snapshot)
        except ConnectorError as error:
            log.warning("recipes_not_held", error=error.code)
            return
        self._parts.library.hint(snapshot, found)
        for hint in (hint for hints in found.values() for hint in hints):
            # Not the words: names out of payloads stand in them.
            log.warning("recipe_hint", place=f"{hint.file}:{hint.line}:{hint.column}")

    def _take(self, tx: Writing, snapshot: Snapshot) -> None:
        _keep(tx, snapshot)
        own = {recipe.name: recipe.account for recipe in snapshot.recipes}
        for entry in snapshot.entries:
            if entry.errors:
                self._tell(tx, entry, own.get(entry.recipe))

    def _tell(self, tx: Writing, entry: Entry, own: str | None) -> None:
        """`recipe.rejected`, once for the same faults; to the recipe's account, or to all of config.toml."""
        faults = [str(fault) for fault in entry.errors[:MAX_TOLD]]
        what = hashlib.sha256("\n".join(faults).encode()).hexdigest()
        for account in accounts.of_config(tx):
            if own in (None, account.slug) and runs.take_once(tx, account.id, entry.file, what, "rejected"):
                told = {
                    "name": entry.recipe,
                    "file": entry.file,
                    "errors": faults,
                    "in_force": entry.revision,
                }
                self._parts.desk(tx, account, Actor("recipe")).tell("recipe.rejected", None, {"recipe": told})


def faults(parts: Parts) -> dict[str, list[str]]:
    """What is wrong with recipes, and with letters: each with its place."""
    recipes = [error for entry in entries(parts.library.current) for error in entry["errors"]]
    return {"recipe_faults": recipes, "letter_faults": [str(fault) for fault in parts.letters.faults]}


def in_force(engines: Engines, found: Sequence[Entry]) -> list[Entry]:
    """The files' standing as gateways see it: one with faults has the last good revision that is kept."""
    if all(entry.revision is not None for entry in found):
        return list(found)
    with engines.reading() as connection:
        kept = revisions.in_force(connection)
    known = {name: one for name, one in kept.items() if one[1] != "paused"}  # as revisions.last_good
    return [
        replace(entry, revision=known[entry.recipe][0], status=known[entry.recipe][1])
        if entry.revision is None and entry.recipe in known
        else entry
        for entry in found
    ]


def entries(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Every recipe file with the status in force and its faults, as `recipes list` shows them.

    `errors`: why a file, or not all that it says, is in force; `warnings`: these too, with what is
    worth a look and changes nothing.
    """
    return [
        {
            "recipe": entry.recipe,
            "status": entry.status,
            "revision": entry.revision,
            "errors": [str(fault) for fault in (*entry.errors, *entry.warnings)],
            "warnings": [str(fault) for fault in (*entry.warnings, *entry.hints)],
        }
        for entry in snapshot.entries
    ]


@dataclass(frozen=True, slots=True)
class Tested:
    """A recipe file's standing, and each of its tests: its name, and what differed (None: it passed)."""

    entry: Entry
    results: tuple[tuple[str, str | None], ...]


def tested(library: Library) -> list[Tested]:
    """Run every recipe's own tests; a file that cannot be read has none."""
    found = []
    for entry in library.current.entries:
        recipe = library.as_written(entry.recipe)
        results = () if recipe is None else run_tests(recipe)
        found.append(Tested(entry, tuple((one.case.name, one.message) for one in results)))
    return found
