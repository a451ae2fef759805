"""Recipe files and their revisions: what is in force survives a bad file and a restart."""

from dataclasses import dataclass
from typing import Any

from ..recipes.library import Entry, Library, Snapshot
from ..recipes.selftest import run_tests
from ..store import revisions
from ..store.engine import Engines
from ..store.writer import Writer, Writing


def load(library: Library, engines: Engines, writer: Writer) -> Snapshot:
    """Read the folder, the last good revisions standing in for bad files; keep what is now in force."""
    with engines.reading() as connection:
        last_good = revisions.last_good(connection)
    snapshot = library.load(last_good)

    def work(tx: Writing) -> None:
        for recipe in snapshot.recipes:
            revisions.keep(tx, recipe=recipe.name, sha256=recipe.revision, text=recipe.text)
            revisions.put_in_force(tx, recipe=recipe.name, sha256=recipe.revision, status=recipe.status)

    writer.run(work)
    return snapshot


def entries(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Every recipe file with the status in force and its faults, as `recipes list` shows them."""
    return [
        {
            "recipe": entry.recipe,
            "status": entry.status,
            "revision": entry.revision,
            "errors": [str(fault) for fault in (*entry.errors, *entry.warnings)],
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
