"""What is in force at one moment, by what events ask for: the recipes, and whose runs are not over.

The one rule: a run goes by its own revision to its end, its `undo` and its `goal` too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ..domain.errors import Fault
from .recipe import Recipe

ACTING: Final = ("live", "shadow")
OWN: Final = "ledger"
"""Source and adapter of events that messages of our own are."""
FORMER: Final = "former"
"""The status of a revision that is in force no more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file's standing. `status` is the one in force: live, shadow, draft, paused or rejected.

    `errors`: why the file as it is now was not taken (then `revision` is the last
    good one's, None where there is none). `warnings`: what it was changed to. `hints`:
    what is worth a look, and changes nothing.
    A `_vars.yaml` with faults has an entry too, named `_vars`.
    """

    recipe: str
    status: str
    revision: str | None
    errors: tuple[Fault, ...]
    file: str
    warnings: tuple[Fault, ...] = ()
    hints: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All recipes at one moment; never changes. `scheduled`: those that are due by themselves.

    `former`: revisions that are in force no more and whose runs may not be over; they begin nothing.
    By event type: `undoing`, whose runs such an event takes back; `goals`, the names of a goal that
    it reaches, by recipe and former revision, "" for the one in force. Paused recipes' too: what
    they gave is out.
    """

    recipes: tuple[Recipe, ...] = ()
    entries: tuple[Entry, ...] = ()
    faults: tuple[Fault, ...] = ()
    by_type: Mapping[str, tuple[Recipe, ...]] = field(default_factory=dict)
    scheduled: tuple[Recipe, ...] = ()
    undoing: Mapping[str, tuple[Recipe, ...]] = field(default_factory=dict)
    goals: Mapping[str, Mapping[tuple[str, str], tuple[str, ...]]] = field(default_factory=dict)
    former: tuple[Recipe, ...] = ()

    def for_event(self, event_type: str, account: str, source: str, adapter: str) -> tuple[Recipe, ...]:
        """The live and shadow recipes that want such an event, by name; never one with a schedule."""
        found = self.by_type.get(event_type, ())
        return tuple(recipe for recipe in found if recipe.wants(account, source, adapter))

    def former_of(self, recipe: str) -> frozenset[str]:
        """The recipe's former revisions that are known here: all other runs of it go by today's clauses."""
        return frozenset(one.revision for one in self.former if one.name == recipe)

    def begins_on(self, account: str, message_type: str) -> bool:
        """Whether a message of ours, told in this account, is an event that anything here looks at."""
        is_watched = message_type in self.goals or message_type in self.undoing
        return is_watched or bool(self.for_event(message_type, account, OWN, OWN))


def snapshot(
    recipes: Sequence[Recipe], entries: Sequence[Entry], faults: Sequence[Fault], former: Sequence[Recipe]
) -> Snapshot:
    """All that is in force, looked up by what events ask for."""
    acting = [recipe for recipe in recipes if recipe.status in ACTING]
    by_type: dict[str, list[Recipe]] = {}
    for recipe in acting:
        for event_type in recipe.on if recipe.schedule is None else ():
            by_type.setdefault(event_type, []).append(recipe)
    return Snapshot(
        recipes=tuple(recipes),
        entries=tuple(sorted(entries, key=lambda entry: entry.recipe)),
        faults=tuple(sorted(faults)),
        by_type={event_type: tuple(wanting) for event_type, wanting in by_type.items()},
        scheduled=tuple(recipe for recipe in acting if recipe.schedule is not None),
        undoing=_undoing([*recipes, *former]),
        goals=_goals([*recipes, *former]),
        former=tuple(former),
    )


def _undoing(recipes: Sequence[Recipe]) -> Mapping[str, tuple[Recipe, ...]]:
    found: dict[str, tuple[Recipe, ...]] = {}
    for recipe in recipes:
        for event_type in () if recipe.undo is None else recipe.undo.on:
            found[event_type] = (*found.get(event_type, ()), recipe)
    return found


def _goals(recipes: Sequence[Recipe]) -> Mapping[str, Mapping[tuple[str, str], tuple[str, ...]]]:
    found: dict[str, dict[tuple[str, str], tuple[str, ...]]] = {}
    for recipe in recipes:
        for name, event_types in () if recipe.goal is None else recipe.goal.names.items():
            for event_type in event_types:
                named = found.setdefault(event_type, {})
                key = recipe.name, recipe.revision if recipe.status == FORMER else ""
                named[key] = (*named.get(key, ()), name)
    return found


def _has_clause(recipe: Recipe) -> bool:
    return recipe.status != "draft" and (recipe.undo is not None or recipe.goal is not None)


def went(before: Snapshot, recipes: Sequence[Recipe]) -> list[Recipe]:
    """The revisions that are in force no more, one after another, with a clause that their runs go by."""
    there = {recipe.revision for recipe in recipes}
    found = {one.revision: one for one in (*before.former, *before.recipes) if _has_clause(one)}
    return [replace(one, status=FORMER) for sha256, one in found.items() if sha256 not in there]
