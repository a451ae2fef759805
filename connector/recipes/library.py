"""The recipes in force: one folder, read as a whole. A bad file spoils no other, and keeps its last good one.

What is handed out is one frozen Snapshot; a reload swaps one reference, so no
event is ever decided by a mixture.
"""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from ..domain.errors import Fault, FaultyFiles
from ..domain.steps import StepSpec
from .circles import likely_circles
from .constants import SHARED_FILE, Shared, parted, read_shared, written
from .folder import NOTHING, SUFFIX, Files, Look, looks, read_files
from .reading import read_recipe
from .recipe import Recipe
from .selftest import lacks, run_tests
from .snapshot import OWN as OWN
from .snapshot import Entry as Entry
from .snapshot import Snapshot as Snapshot
from .snapshot import snapshot, went

GRACE: Final = timedelta(minutes=1)  # an editor that saves by unlinking, a deployment, is over by then


@dataclass(frozen=True, slots=True)
class _Read:
    """What became of one file's bytes.

    `used`: the shared names that it depends on, with their values; None: on all of `among`,
    for nobody knows which one would mend a file with faults.
    """

    recipe: Recipe | None
    errors: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    hints: tuple[Fault, ...] = ()
    used: Mapping[str, str] | None = None
    among: Mapping[str, str] = field(default_factory=dict)

    def still_holds(self, among: Mapping[str, str]) -> bool:
        """Whether it would be the same with these shared names."""
        if self.used is None:
            return self.among == among
        return all(among.get(name) == value for name, value in self.used.items())


@dataclass(frozen=True, slots=True)
class _Names:
    """The shared names that files are read with; None: each with those of its last good revision."""

    nodes: Shared | None
    values: Mapping[str, str]


_Known = dict[tuple[str, bytes, bool], _Read]


class Library:
    """The recipes of one folder. Safe to ask from any thread; loading is one at a time."""

    def __init__(self, folder: Path, steps: Mapping[str, StepSpec]) -> None:
        self._folder = folder
        self._specs = dict(steps)
        self._lock = threading.Lock()
        self._current = Snapshot()
        self._loaded: Mapping[str, Look] = {}
        self._pending: Mapping[str, Look] | None = None
        self._gone: dict[str, datetime] = {}
        self._files = Files({}, None)
        self._paused: frozenset[str] = frozenset()
        self._shared: Shared | None = None
        self._shared_bytes: bytes | None = None
        self._known: _Known = {}
        self._is_taught = False

    @property
    def current(self) -> Snapshot:
        """The recipes in force now."""
        return self._current

    def load(
        self,
        last_good: Mapping[str, str] | None = None,
        wanted: Mapping[str, str] | None = None,
        former: Sequence[tuple[str, str]] = (),
    ) -> Snapshot:
        """Read every file and put the result in force. Never raises for what a file holds.

        `last_good`: recipe name → text of its last good revision, kept where the file is bad now.
        `wanted`: likewise, of recipes whose runs are not over for good: paused where the file is gone.
        `former`: recipe name and text of each revision with such runs, in force or not.
        """
        with self._lock:
            gone = ((name, text) for name, text in (wanted or {}).items() if not self._has_file(name))
            before = [self.as_it_was(name, text) for name, text in gone]
            open_still = [self.as_it_was(name, text) for name, text in former]
            if before or open_still:
                self._current = Snapshot(
                    recipes=tuple(one for one in before if one is not None),
                    former=tuple(one for one in open_still if one is not None),
                )
            return self._load(dict(last_good or {}), looks(self._folder), ())

    def as_written(self, name: str) -> Recipe | None:
        """The recipe as its file stands now, acting or not; None where it has faults."""
        with self._lock:
            files = read_files(self._folder)
            shared = self._shared_names(files)[0]
        data = files.recipes.get(name)
        if not isinstance(data, bytes):
            return None
        try:
            return read_recipe(data, name, self._file(name), self._specs, shared or {})
        except FaultyFiles:
            return None

    def read(self, name: str, data: bytes) -> Recipe:
        """What the recipe's file would be with these bytes; FaultyFiles with all that is wrong in them."""
        with self._lock:
            shared = self._shared_names(read_files(self._folder))[0]
        return read_recipe(data, name, self._file(name), self._specs, shared or {})

    def at_revision(self, name: str, sha256: str, text: str) -> Recipe | None:
        """The recipe as it was at a revision, live, whatever became of its file; None: it cannot be read."""
        found = next((one for one in self._current.recipes if one.revision == sha256), None)
        if found is None:
            own, shared = parted(text)
            try:
                found = read_recipe(own.encode("utf-8"), name, self._file(name), self._specs, shared)
            except FaultyFiles:
                return None
        return replace(found, status="live")

    def as_it_was(self, name: str, text: str) -> Recipe | None:
        """The recipe as it acted at a revision: live, or as shadow. None: it cannot be read any more."""
        own, shared = parted(text)
        try:
            found = read_recipe(own.encode("utf-8"), name, self._file(name), self._specs, shared)
        except FaultyFiles:
            return None
        is_live = found.status == "live" and lacks(found) is None
        return replace(found, status="live" if is_live else "shadow")

    def file_of(self, name: str) -> str:
        """Where the recipe of this name stands: `recipes/NAME.yaml`."""
        return self._file(name)

    def teach(self, steps: Mapping[str, StepSpec]) -> None:
        """Other steps from now on: with the next look every file is read anew."""
        with self._lock:
            self._specs, self._known, self._is_taught = dict(steps), {}, True

    def reload(self) -> Snapshot:
        """As `load`, with what is in force now as the last good revisions. A deleted file pauses at once."""
        with self._lock:
            return self._load(self._texts(), looks(self._folder), ())

    def forget(self, former: Collection[str]) -> None:
        """These former revisions have no run any more that is not over."""
        with self._lock:
            now = self._current
            left = [one for one in now.former if one.revision not in former]
            if len(left) < len(now.former):
                self._current = snapshot(now.recipes, now.entries, now.faults, left)

    def hint(self, of: Snapshot, hints: Mapping[str, Sequence[Fault]]) -> None:
        """Add what was found out about recipes of this snapshot (`of`), by name, if it is still in force."""
        with self._lock:
            if self._current is of:
                told = (replace(one, hints=(*one.hints, *hints.get(one.recipe, ()))) for one in of.entries)
                self._current = replace(of, entries=tuple(told))

    def look(self, now: datetime) -> bool:
        """Whether something changed and was loaded. A change is taken when two looks agree on it.

        A file that is gone for a minute pauses its recipe; one that comes back before is a change.
        """
        with self._lock:
            seen = looks(self._folder)
            missing = self._missing(seen, now)
            seen = {**seen, **{name: self._loaded[name] for name in missing}}
            if seen == self._loaded and not self._is_taught:
                self._pending = None
                return False
            if seen not in (self._pending, self._loaded):
                self._pending = seen
                return False
            self._is_taught = False
            self._load(self._texts(), seen, missing)
            return True

    def _missing(self, seen: Mapping[str, Look], now: datetime) -> tuple[str, ...]:
        """The files that are gone, but not for long yet."""
        if seen == NOTHING or self._loaded == NOTHING:
            return ()
        self._gone = {name: self._gone.get(name, now) for name in self._loaded if name not in seen}
        return tuple(name for name, since in self._gone.items() if now - since < GRACE)

    def _texts(self) -> dict[str, str]:
        recipes = self._current.recipes
        return {recipe.name: recipe.text for recipe in recipes if recipe.name not in self._paused}

    def _load(
        self, last_good: dict[str, str], seen: Mapping[str, Look], missing: tuple[str, ...]
    ) -> Snapshot:
        """`seen` was looked up before the files are read: a change in between is seen by the next look."""
        self._loaded, self._pending = seen, None
        files = self._with_missing(read_files(self._folder), missing)
        shared, told = self._shared_names(files)
        names = _Names(shared, written(shared or {}))
        known: _Known = {}
        recipes: list[Recipe] = []
        entries = [] if told is None else [told]
        faults = [*files.faults, *(told.errors if told else ())]
        # A folder that cannot be read takes no recipe away.
        for name in sorted(files.recipes if files.is_whole else {*files.recipes, *last_good}):
            read = self._read(name, files.recipes.get(name), _names_for(names, last_good.get(name)), known)
            kept = self._kept(name, last_good, known) if read.recipe is None else read.recipe
            entries.append(self._entry(name, read, kept))
            faults.extend(read.errors)
            if kept is not None:
                recipes.append(kept)
        self._add_gone(recipes, entries)
        recipes.sort(key=lambda recipe: recipe.name)
        self._known, self._files = known, files
        self._current = snapshot(recipes, entries, faults, went(self._current, recipes))
        return self._current

    def _with_missing(self, files: Files, missing: tuple[str, ...]) -> Files:
        """With what was read before of files in their grace; of all, where the folder cannot be read."""
        before = self._files
        if not files.is_whole:
            return replace(files, recipes=before.recipes, shared=before.shared)
        # Also one that went between the look and the reading: the next look tells what became of it.
        gone = {*missing, *(name for name in self._loaded if name != SHARED_FILE)}
        names = [name.removesuffix(SUFFIX) for name in gone]
        again = {name: before.recipes[name] for name in names if name in before.recipes}
        shared = before.shared if SHARED_FILE in missing and files.shared is None else files.shared
        return replace(files, recipes={**again, **files.recipes}, shared=shared)

    def _shared_names(self, files: Files) -> tuple[Shared | None, Entry | None]:
        """The names of `_vars.yaml`, the last good ones where it has faults (None: not known), and these."""
        file = f"{self._folder.name}/{SHARED_FILE}"
        if files.shared is None:
            return ({} if files.is_whole else self._shared), None
        if isinstance(files.shared, bytes) and files.shared == self._shared_bytes:
            return self._shared, None
        try:
            if isinstance(files.shared, Fault):
                raise FaultyFiles([files.shared])
            self._shared = read_shared(files.shared, file)
        except FaultyFiles as fault:
            name = SHARED_FILE.removesuffix(SUFFIX)
            return self._shared, Entry(name, "rejected", None, fault.faults, file)
        self._shared_bytes = files.shared
        return self._shared, None

    def _read(self, name: str, data: bytes | Fault | None, names: _Names | None, known: _Known) -> _Read:
        """`names` None: `data` is a revision's text, which has its own."""
        if not isinstance(data, bytes):
            return _Read(None, () if data is None else (data,))
        key = (name, data, names is None)
        before = self._known.get(key)
        if before is None or (names is not None and not before.still_holds(names.values)):
            before = _judged(name, data, self._file(name), self._specs, names)
        known[key] = before
        return before

    def _kept(self, name: str, last_good: Mapping[str, str], known: _Known) -> Recipe | None:
        text = last_good.get(name)
        for recipe in self._current.recipes:
            if recipe.name == name and recipe.text == text and name not in self._paused:
                return recipe
        return None if text is None else self._read(name, text.encode("utf-8"), None, known).recipe

    def _entry(self, name: str, read: _Read, kept: Recipe | None) -> Entry:
        status = "rejected" if kept is None else kept.status
        revision = None if kept is None else kept.revision
        file = read.errors[0].file if read.errors else self._file(name)
        return Entry(name, status, revision, read.errors, file, read.warnings, read.hints)

    def _add_gone(self, recipes: list[Recipe], entries: list[Entry]) -> None:
        """Recipes whose file is gone are paused, and stay listed until the next start."""
        there = {entry.recipe for entry in entries}
        gone = [recipe for recipe in self._current.recipes if recipe.name not in there]
        for recipe in gone:
            recipes.append(replace(recipe, status="paused"))
            file = self._file(recipe.name)
            told = Fault(file, 1, 1, "the file is gone, so the recipe is paused")
            entries.append(Entry(recipe.name, "paused", recipe.revision, (), file, (told,)))
        self._paused = frozenset(recipe.name for recipe in gone)

    def _has_file(self, name: str) -> bool:
        return (self._folder / f"{name}{SUFFIX}").exists()

    def _file(self, name: str) -> str:
        return f"{self._folder.name}/{name}{SUFFIX}"


def _names_for(names: _Names, last_good: str | None) -> _Names:
    """After a restart with a bad `_vars.yaml`, a recipe has the names that its last good revision used."""
    if names.nodes is not None:
        return names
    own = parted(last_good)[1] if last_good is not None else {}
    return _Names(own, written(own))


def _judged(name: str, data: bytes, file: str, specs: Mapping[str, StepSpec], names: _Names | None) -> _Read:
    """Read, then tested: a recipe whose tests fail does not act; one that lacks tests acts as shadow."""
    values = {} if names is None else names.values
    try:
        recipe = read_recipe(data, name, file, specs, None if names is None else names.nodes)
    except FaultyFiles as fault:
        return _Read(None, fault.faults, among=values)
    used = written(parted(recipe.text)[1])
    failures = tuple(
        Fault(file, result.case.line, result.case.column, f"test «{result.case.name}»: {result.message}")
        for result in run_tests(recipe)
        if not result.passed
    )
    if failures:
        return _Read(recipe if recipe.status in ("draft", "paused") else None, failures, used=used)
    hints = likely_circles(recipe, OWN)
    lacking = lacks(recipe) if recipe.status == "live" else None
    if lacking is None:
        return _Read(recipe, hints=hints, used=used)
    warning = Fault(file, 1, 1, f"loaded as shadow, since {lacking}; a live recipe needs both")
    return _Read(replace(recipe, status="shadow"), (), (warning,), hints, used)
