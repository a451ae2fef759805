"""One look at a folder of 200 recipes, of which none has changed."""

from datetime import UTC, datetime
from typing import Final

from bench.figures import Context, Figures, Goal, timed
from bench.made_recipes import COUNT, written
from connector.flows.performing import step_specs
from connector.recipes.library import Library

NAME: Final = "recipes: reload scan, 200 unchanged"
GOAL: Final = Goal(p99_ms=2)


def measure(context: Context) -> Figures:
    library = Library(written(context.folder, with_slips=False), step_specs())
    assert len(library.load().recipes) == COUNT
    now = datetime.now(UTC)
    return timed(context.seconds, lambda: not library.look(now))
