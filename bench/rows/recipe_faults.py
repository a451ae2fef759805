"""Every fault of 200 recipes that have three each, read from the beginning."""

from typing import Final

from bench.figures import Context, Figures, Goal, timed
from bench.made_recipes import COUNT, SLIPS, written
from connector.flows.performing import step_specs
from connector.recipes.library import Library

NAME: Final = "recipes: all faults of 200 files"
GOAL: Final = Goal(p99_ms=1_000)


def measure(context: Context) -> Figures:
    folder = written(context.folder, with_slips=True)
    # A new library each time, for one that has read a file does not read it again.
    return timed(
        context.seconds, lambda: len(Library(folder, step_specs()).load().faults) == COUNT * len(SLIPS)
    )
