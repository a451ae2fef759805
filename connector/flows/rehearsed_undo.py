"""What an event takes back of what a rehearsal gave: by key, source and person, as flows/undoing.py does.

The one rule: what stood before the time began is not given anew, and so only counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ..domain.keys_kept import kept
from ..recipes import decide
from ..recipes.library import OWN
from ..recipes.recipe import Recipe
from ..recipes.schema import SCHEDULED
from .undoing import LATE_FOR, things_of


@dataclass(frozen=True, slots=True)
class Open:
    """A run that can be taken back; `run` None: one of before. `source` and `who` None: not known."""

    run: int | None
    until: datetime
    source: str | None
    who: int | None


@dataclass(frozen=True, slots=True)
class CameFirst:
    """An undo that came at `told_at`: what happened by `at` and comes later begins nothing, until `until`."""

    event: str
    at: datetime
    told_at: datetime
    until: datetime
    source: str | None
    who: int | None


@dataclass(frozen=True, slots=True)
class Late:
    """An event that a run would be of: whose, and when it is decided."""

    event: str
    source: str | None
    who: int | None
    now: datetime


@dataclass(slots=True)
class Undos:
    """By what the recipe's `same` gave: the runs that can be taken back, and the undos that came."""

    opened: dict[str, list[Open]] = field(default_factory=dict)
    came: dict[str, list[CameFirst]] = field(default_factory=dict)

    def note(self, key: str, run: Open) -> Callable[[], object]:
        """Keep by what a run can be taken back; what is returned forgets it again."""
        self.opened.setdefault(key, []).append(run)
        return self.opened[key].pop

    def drop(self, key: str, found: Sequence[Open]) -> None:
        """These runs are taken back."""
        self.opened[key] = [one for one in self.opened.get(key, []) if one not in found]

    def remember(self, key: str, undo: CameFirst) -> None:
        """Keep an undo for what is late, or told again."""
        self.came.setdefault(key, []).append(undo)

    def calls_off(
        self, recipe: Recipe, facts: decide.Facts, late: Late, is_timed: Callable[[str], bool]
    ) -> bool:
        """Whether an undo came before what it is about, as flows/undoing.called_off asks it of a new run.

        `is_timed`: whether an event says itself when it happened.
        """
        if recipe.undo is None or not self.came:
            return False
        try:
            name = decide.text_of(recipe, facts, recipe.undo.same)
        except decide.Failed:  # the run says so itself
            return False
        first = [
            one
            for one in self.came.get(kept(name), ())
            if one.until >= late.now and one.event != late.event and _is_of(one, late.source, late.who)
        ]
        if first and is_timed(late.event):
            at = datetime.fromisoformat(str(facts.event["occurred_at"]))
            return any(one.at >= at for one in first)
        told_since = None if name in things_of(facts.event) else late.now - LATE_FOR
        return any(told_since is None or one.told_at >= told_since for one in first)


def source_of(source: str, kind: str) -> str | None:
    """Whose ids the event's are; None: ours, which mean the same whoever tells them."""
    return None if source == OWN or kind == SCHEDULED else source


def matching(opened: Sequence[Open], source: str | None, who: int | None, now: datetime) -> list[Open]:
    """Those that such an event takes back now: what is not known of either parts none."""
    return [one for one in opened if one.until >= now and _is_of(one, source, who)]


def is_unclear(found: Sequence[Open], who: int | None) -> bool:
    """Whether the event names nobody, and the runs are of several people: it may be about one of them."""
    return who is None and len({one.who for one in found if one.who is not None}) > 1


def _is_of(one: Open | CameFirst, source: str | None, who: int | None) -> bool:
    is_told = source is None or one.source is None or one.source == source
    return is_told and (who is None or one.who is None or one.who == who)
