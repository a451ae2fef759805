"""A recipe whose own message would start it again: found when it is read, not when it has paid five times.

One rule: only what is certain is a fault. A circle over two recipes is stopped while it runs.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from .reader import Reader
from .recipe import Action, Choose, ForEach, Step

SENDS: Final[Mapping[str, str]] = {
    "issue_card": "gift_card.issued",
    "load_card": "gift_card.loaded",
    "redeem_card": "gift_card.redeemed",
    "adjust_card": "gift_card.adjusted",
    "transfer_balance": "gift_card.transferred",
    "extend_card": "gift_card.updated",
    "disable_card": "gift_card.disabled",
    "add_points": "contact.points_changed",
    "spend_points": "contact.points_changed",
    "convert_points": "contact.points_changed",
}


def require_no_circle(reader: Reader, on: tuple[str, ...], steps: tuple[Step, ...]) -> None:
    """A fault for each step, taken in any case, whose message is among what starts the recipe."""
    for step in _always(steps):
        sent = SENDS.get(step.spec.name) or _told(step)
        if sent in on:
            reader.fault(
                step.spot.scalar, f"the message of this step, `{sent}`, starts this very recipe again"
            )


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
