"""The recipes in force: one folder, read as a whole. A bad file spoils no other, and keeps its last good one.

What is handed out is one frozen Snapshot; a reload swaps one reference, so no
event is ever decided by a mixture.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ..domain.errors import Fault, FaultyFiles
from ..domain.steps import StepSpec
from .reading import read_recipe
from .recipe import Recipe
from .selftest import lacks, run_tests
from .yamltree import MAX_BYTES

SUFFIX: Final = ".yaml"
MAX_FILES: Final = 2_000  # ten times the largest collection we measure with
ACTING: Final = ("live", "shadow")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file's standing. `status` is the one in force: live, shadow, draft, paused or rejected.

    `errors`: why the file as it is now was not taken (then `revision` is the last
    good one's, None where there is none). `warnings`: what it was changed to.
    """

    recipe: str
    status: str
    revision: str | None
    errors: tuple[Fault, ...]
    file: str
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All recipes at one moment; never changes."""

    recipes: tuple[Recipe, ...] = ()
    entries: tuple[Entry, ...] = ()
    faults: tuple[Fault, ...] = ()
    by_type: Mapping[str, tuple[Recipe, ...]] = field(default_factory=dict)

    def for_event(self, event_type: str, account: str, source: str, adapter: str) -> tuple[Recipe, ...]:
        """The live and shadow recipes that want such an event, by name."""
        found = self.by_type.get(event_type, ())
        return tuple(recipe for recipe in found if recipe.wants(account, source, adapter))


Look = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Read:
    """What became of one file's bytes."""

    recipe: Recipe | None
    errors: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


class Library:
    """The recipes of one folder. Safe to ask from any thread; loading is one at a time."""

    def __init__(self, folder: Path, steps: Mapping[str, StepSpec]) -> None:
        self._folder = folder
        self._specs = dict(steps)
        self._lock = threading.Lock()
        self._current = Snapshot()
        self._loaded: Mapping[str, Look] = {}
        self._pending: Mapping[str, Look] | None = None
        self._known: dict[tuple[str, bytes], _Read] = {}

    @property
    def current(self) -> Snapshot:
        """The recipes in force now."""
        return self._current

    def load(self, last_good: Mapping[str, str] | None = None) -> Snapshot:
        """Read every file and put the result in force. Never raises for what a file holds.

        `last_good`: recipe name → text of its last good revision, kept where the file is bad now.
        """
        with self._lock:
            return self._load(dict(last_good or {}))

    def as_written(self, name: str) -> Recipe | None:
        """The recipe as its file stands now, acting or not; None where it has faults."""
        with self._lock:
            _, files = self._files()
        data = files.get(name)
        if not isinstance(data, bytes):
            return None
        try:
            return read_recipe(data, name, self._file(name), self._specs)
        except FaultyFiles:
            return None

    def reload(self) -> Snapshot:
        """As `load`, with what is in force now as the last good revisions."""
        with self._lock:
            return self._load({recipe.name: recipe.text for recipe in self._current.recipes})

    def look(self) -> bool:
        """Whether something changed and was loaded. A change is taken when two looks agree on it."""
        with self._lock:
            seen = self._stats()
            if seen == self._loaded:
                self._pending = None
                return False
            if seen != self._pending:
                self._pending = seen
                return False
            self._load({recipe.name: recipe.text for recipe in self._current.recipes})
            return True

    def _load(self, last_good: dict[str, str]) -> Snapshot:
        self._loaded, self._pending = self._stats(), None
        known: dict[tuple[str, bytes], _Read] = {}
        recipes: list[Recipe] = []
        entries: list[Entry] = []
        faults, files = self._files()
        if faults:  # a folder that cannot be read takes no recipe away
            for name, text in last_good.items():
                files.setdefault(name, text.encode("utf-8"))
        for name, data in sorted(files.items()):
            read = self._read(name, data, known)
            kept = self._kept(name, last_good, known) if read.recipe is None else read.recipe
            entries.append(self._entry(name, read, kept))
            faults.extend(read.errors)
            if kept is not None:
                recipes.append(kept)
        self._known = known
        self._current = Snapshot(tuple(recipes), tuple(entries), tuple(sorted(faults)), _by_type(recipes))
        return self._current

    def _read(self, name: str, data: bytes | Fault, known: dict[tuple[str, bytes], _Read]) -> _Read:
        if isinstance(data, Fault):
            return _Read(None, (data,))
        key = (name, data)
        known[key] = self._known.get(key) or _judged(name, data, self._file(name), self._specs)
        return known[key]

    def _kept(
        self, name: str, last_good: Mapping[str, str], known: dict[tuple[str, bytes], _Read]
    ) -> Recipe | None:
        text = last_good.get(name)
        return None if text is None else self._read(name, text.encode("utf-8"), known).recipe

    def _entry(self, name: str, read: _Read, kept: Recipe | None) -> Entry:
        status = "rejected" if kept is None else kept.status
        revision = None if kept is None else kept.revision
        file = read.errors[0].file if read.errors else self._file(name)
        return Entry(name, status, revision, read.errors, file, read.warnings)

    def _file(self, name: str) -> str:
        return f"{self._folder.name}/{name}{SUFFIX}"

    def _paths(self) -> list[Path]:
        return sorted(
            path
            for path in self._folder.iterdir()
            if path.suffix in (SUFFIX, ".yml") and path.name[0] not in ".~#"
        )

    def _stats(self) -> Mapping[str, Look]:
        found: dict[str, Look] = {}
        try:
            for path in self._paths()[: MAX_FILES + 1]:
                stat = path.stat()
                found[path.name] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError:  # a file that goes while we look, or a folder that is not there: the next look tells
            found["?"] = (0, 0, 0)
        return found

    def _files(self) -> tuple[list[Fault], dict[str, bytes | Fault]]:
        """Recipe name → its file's bytes, or why they cannot be had; faults of the folder itself."""
        try:
            paths = self._paths()
        except OSError as fault:
            return [Fault(self._folder.name, 1, 1, f"the folder cannot be read: {fault.strerror}")], {}
        faults: list[Fault] = []
        if len(paths) > MAX_FILES:
            faults.append(
                Fault(self._folder.name, 1, 1, f"more than {MAX_FILES} recipes; the rest is left out")
            )
        found: dict[str, bytes | Fault] = {}
        for path in paths[:MAX_FILES]:
            found.setdefault(
                path.stem if path.suffix == SUFFIX else path.name,
                _bytes_of(path, f"{self._folder.name}/{path.name}"),
            )
        return faults, found


def _bytes_of(path: Path, file: str) -> bytes | Fault:
    if path.suffix != SUFFIX:
        return Fault(file, 1, 1, f"a recipe's file ends in `{SUFFIX}`")
    if path.name.startswith("_"):
        return Fault(
            file, 1, 1, "files that begin with `_` are for shared names, which are not available yet"
        )
    try:
        if not path.is_file():
            return Fault(file, 1, 1, "this is not a file")
        with path.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as fault:
        return Fault(file, 1, 1, f"the file cannot be read: {fault.strerror}")


def _judged(name: str, data: bytes, file: str, specs: Mapping[str, StepSpec]) -> _Read:
    """Read, then tested: a recipe whose tests fail does not act; one that lacks tests acts as shadow."""
    try:
        recipe = read_recipe(data, name, file, specs)
    except FaultyFiles as fault:
        return _Read(None, fault.faults)
    failures = tuple(
        Fault(file, result.case.line, result.case.column, f"test «{result.case.name}»: {result.message}")
        for result in run_tests(recipe)
        if not result.passed
    )
    if failures:
        return _Read(recipe if recipe.status in ("draft", "paused") else None, failures)
    lacking = lacks(recipe) if recipe.status == "live" else None
    if lacking is None:
        return _Read(recipe)
    warning = Fault(file, 1, 1, f"loaded as shadow, since {lacking}; a live recipe needs both")
    return _Read(replace(recipe, status="shadow"), (), (warning,))


def _by_type(recipes: list[Recipe]) -> Mapping[str, tuple[Recipe, ...]]:
    found: dict[str, list[Recipe]] = {}
    for recipe in recipes:
        if recipe.status in ACTING:
            for event_type in recipe.on:
                found.setdefault(event_type, []).append(recipe)
    return {event_type: tuple(wanting) for event_type, wanting in found.items()}
