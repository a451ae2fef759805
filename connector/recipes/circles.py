"""A recipe whose own message would start it again: found when it is read, not when it has paid five times.

One rule: only what is certain is a fault. What hangs on conditions is a hint; a circle over two recipes
is stopped while it runs.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from ..domain.errors import Fault
from .reader import Reader
from .recipe import Action, Choose, ForEach, Recipe, Step

SENDS: Final[Mapping[str, str]] = {
    "issue_card": "gift_card.issued",
    "load_card": "gift_card.loaded",
    "redeem_card": "gift_card.redeemed",
    "adjust_card": "gift_card.adjusted",
    "transfer_balance": "gift_card.transferred",
    "extend_card": "gift_card.updated",
    "disable_card": "gift_card.disabled",
    "notify": "gift_card.delivered",
    "add_points": "contact.points_changed",
    "spend_points": "contact.points_changed",
    "convert_points": "contact.points_changed",
}


def require_no_circle(reader: Reader, on: tuple[str, ...], steps: tuple[Step, ...]) -> None:
    """A fault for each step, taken in any case, whose message is among what starts the recipe."""
    for step in _always(steps):
        sent = _sent(step)
        if sent in on:
            reader.fault(
                step.spot.scalar, f"the message of this step, `{sent}`, starts this very recipe again"
            )


def likely_circles(recipe: Recipe, own: str) -> tuple[Fault, ...]:
    """A hint for each step whose message is among what starts the recipe, whatever has to hold before it.

    `own` is the source of messages of ours; a recipe with another `from` does not begin on them.
    """
    if recipe.sources and own not in recipe.sources:
        return ()
    found = []
    for step in _every(recipe.steps):
        sent = _sent(step)
        if sent in recipe.on:
            line, column = step.spot.at()
            message = (
                f"the message of this step, `{sent}`, is in `on`: for what it causes itself the recipe "
                "does not begin again, and each time a run that is `skipped` says so"
            )
            found.append(Fault(recipe.file, line, column, message))
    return tuple(found)


def _sent(step: Action) -> str | None:
    """The type of the step's message, where it is known beforehand."""
    return SENDS.get(step.spec.name) or _told(step)


def _told(step: Action) -> str | None:
    """The type that a step says itself, where it is the same for every event."""
    found = next((field.source for field in step.fields if field.name == "type"), None)
    return found if isinstance(found, str) else None


def _always(steps: tuple[Step, ...]) -> Iterator[Action]:
    """Without what hangs on a condition of its own."""
    for step in steps:
        if isinstance(step, Action) and not step.conditions:
            yield step
        elif isinstance(step, ForEach) and not step.conditions:
            yield from _always(step.steps)
        elif isinstance(step, Choose) and not step.conditions:
            for branch in step.branches:
                if not branch.conditions:
                    yield from _always(branch.steps)


def _every(steps: tuple[Step, ...]) -> Iterator[Action]:
    for step in steps:
        if isinstance(step, Action):
            yield step
        elif isinstance(step, ForEach):
            yield from _every(step.steps)
        elif isinstance(step, Choose):
            for branch in step.branches:
                yield from _every(branch.steps)
