"""A recipe whose own message would start it again: found when it is read, not when it has paid five times.

One rule: only what is certain is a fault. What hangs on conditions is a hint; a circle over two recipes
is stopped while it runs.
"""

from collections.abc import Mapping
from typing import Final

from ..domain.errors import Fault
from .reader import Reader
from .recipe import Action, Choose, ForEach, Hold, Recipe, Step, Stop, Wait, every_action
from .schema import RecipeFile

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


ENDLESS: Final = ("issue_card", "load_card", "add_points", "send_webhook")
"""Of these, those that can be done again and again; the others come to an end of balance, points or time."""


def require_no_circle(reader: Reader, model: RecipeFile, steps: tuple[Step, ...]) -> None:
    """A fault for each step, taken in any case, whose message is among what starts the recipe.

    Call it where neither a condition nor `once_per` can end the circle.
    """
    goal = model.goal
    may_end = model.limits or model.sources or (goal and goal.control_group)
    if may_end or not isinstance(model.on, list):
        return
    for step in _surely(steps, tuple(model.on))[0]:
        reader.fault(
            step.spot.scalar, f"the message of this step, `{_sent(step)}`, starts this very recipe again"
        )


def likely_circles(recipe: Recipe, own: str) -> tuple[Fault, ...]:
    """A hint for each step whose message is among what starts the recipe, whatever has to hold before it.

    `own` is the source of messages of ours; a recipe with another `from` does not begin on them.
    """
    if recipe.sources and own not in recipe.sources:
        return ()
    found = []
    for step in every_action(recipe.steps):
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


def _surely(steps: tuple[Step, ...], on: tuple[str, ...]) -> tuple[list[Action], bool]:
    """The steps that start it again whatever happens, and whether what comes behind is surely reached."""
    found: list[Action] = []
    for step in steps:
        if _may_end((step,)):
            return (found + _in_each(step, on), False) if isinstance(step, Choose) else (found, False)
        if isinstance(step, Action) and not step.conditions and step.spec.name in ENDLESS:
            found += [step] if _sent(step) in on else []
        elif isinstance(step, Choose):
            found += _in_each(step, on)
    return found, True


def _in_each(step: Choose, on: tuple[str, ...]) -> list[Action]:
    """Those of a choice that has an `else`, where every branch has one."""
    by_branch = [_surely(branch.steps, on)[0] for branch in step.branches]
    has_else = bool(step.branches) and not step.branches[-1].conditions
    is_sure = has_else and not step.conditions and all(by_branch)
    return [action for branch in by_branch for action in branch] if is_sure else []


def _may_end(steps: tuple[Step, ...]) -> bool:
    """Whether a run can be over among these; what is asked of a list's items hangs on the list."""
    for step in steps:
        if isinstance(step, Stop | Hold) or (isinstance(step, Wait) and step.conditions):
            return True
        inner = [branch.steps for branch in step.branches] if isinstance(step, Choose) else []
        if any(map(_may_end, [*inner, step.steps] if isinstance(step, ForEach) else inner)):
            return True
    return False
