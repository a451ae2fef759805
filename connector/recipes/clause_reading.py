"""Reads limits, goal, undo, sameness, silence and schedule from a file's tree. Shape is checked elsewhere.

One rule: what has a fault is None here and told by the reader, at its line and column.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, TypeVar

from .clauses import (
    FOR_EACH,
    WHEN_REACHED,
    Budget,
    Goal,
    Limits,
    Rate,
    SameAs,
    Schedule,
    Undo,
)
from .expressions import Expression, Spot
from .rates import read_budget, read_rate, read_share, read_within
from .reader import Reader
from .schedules import read_cron, read_words
from .values import Duration
from .wording import quoted
from .yamltree import Block, Listing, Node, Scalar

GOAL_WITHIN: Final = Duration(days=90)
UNDO_WITHIN: Final = Duration(days=30)
SAME_WITHIN: Final = Duration(seconds=2 * 60 * 60)  # two tools that tell of one booking are minutes apart
GOAL_KEYS: Final = ("within", "control_group")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Clauses:
    """What a recipe says beside its conditions and steps; None: nothing of it."""

    limits: Limits | None = None
    goal: Goal | None = None
    undo: Undo | None = None
    same_as: SameAs | None = None
    expect_at_least: Rate | None = None


def read_clauses(root: Block, reader: Reader) -> Clauses:
    """Every clause that stands in the file."""
    return Clauses(
        limits=_limits(root.get("limits"), reader),
        goal=_goal(root.get("goal"), reader),
        undo=_undo(root.get("undo"), reader),
        same_as=_same_as(root.get("same_as"), reader),
        expect_at_least=_rate(root.get("expect_at_least"), reader, "1 per 7 days"),
    )


def read_schedule(node: Node | None, reader: Reader) -> Schedule | None:
    """The schedule of `on`, or None where it is none or has a fault."""
    if not isinstance(node, Block):
        return None
    words, cron, each = node.get("schedule"), node.get("cron"), node.get("for_each")
    told = cron if isinstance(cron, Scalar) else words
    if not isinstance(told, Scalar) or (words is not None and cron is not None):
        return None
    found = reader.worded(told, read_cron if told is cron else read_words)
    if found is None:
        return None
    for_each = each.text if isinstance(each, Scalar) and each.text in FOR_EACH else None
    return Schedule(found, told.text, for_each, Spot(reader.file, told))


def _limits(node: Node | None, reader: Reader) -> Limits | None:
    if not isinstance(node, Block):
        return None
    reached = node.get("when_reached")
    is_known = isinstance(reached, Scalar) and reached.text in WHEN_REACHED
    return Limits(
        per_contact=_rate(node.get("per_contact"), reader, "1 per 60 days"),
        budget=_budget(node.get("budget"), reader),
        burst=_rate(node.get("burst"), reader, "50 per day"),
        when_reached=reached.text if is_known and isinstance(reached, Scalar) else WHEN_REACHED[0],
    )


def _rate(node: Node | None, reader: Reader, example: str) -> Rate | None:
    return _spotted(node, reader, lambda text, spot: read_rate(text, spot, example))


def _budget(node: Node | None, reader: Reader) -> Budget | None:
    return _spotted(node, reader, read_budget)


def _spotted(node: Node | None, reader: Reader, read: Callable[[str, Spot], T]) -> T | None:
    if not isinstance(node, Scalar):
        return None
    spot = Spot(reader.file, node)
    return reader.worded(node, lambda text: read(text, spot))


def _within(node: Block, reader: Reader, default: Duration, example: str) -> Duration:
    return reader.worded(node.get("within"), lambda text: read_within(text, example)) or default


def _goal(node: Node | None, reader: Reader) -> Goal | None:
    if not isinstance(node, Block):
        return None
    names = {key.text: _types(value) for key, value in node.pairs if key.text not in GOAL_KEYS}
    if not names:
        reader.fault(node, "`goal` names what counts, such as `came_back: booking.completed`")
        return None
    share = reader.worded(node.get("control_group"), read_share)
    return Goal(_within(node, reader, GOAL_WITHIN, "60 days"), names, share or Decimal(0))


def _types(node: Node | None) -> tuple[str, ...]:
    items = node.items if isinstance(node, Listing) else (node,)
    return tuple(dict.fromkeys(item.text for item in items if isinstance(item, Scalar)))


def _undo(node: Node | None, reader: Reader) -> Undo | None:
    if not isinstance(node, Block):
        return None
    same = _on_both(node.get("same"), reader, "same")
    within = _within(node, reader, UNDO_WITHIN, "30 days")
    return None if same is None else Undo(_types(node.get("on")), same, within)


def _same_as(node: Node | None, reader: Reader) -> SameAs | None:
    if isinstance(node, Scalar):
        subject = _on_both(node, reader, "subject")
        return None if subject is None else SameAs(subject, None, SAME_WITHIN)
    if not isinstance(node, Block):
        return None
    subject = _on_both(node.get("subject"), reader, "subject")
    at = _on_both(node.get("at"), reader, "at")
    if at is not None and at.kind not in (None, "time", "text"):
        reader.fault(at.spot.scalar, "`at` is a time, such as `event.booking.starts_at`")
        return None
    within = _within(node, reader, SAME_WITHIN, "2 hours")
    return None if subject is None else SameAs(subject, at, within)


def _on_both(node: Node | None, reader: Reader, name: str) -> Expression | None:
    """An expression over the event alone: it is worked out on two of them, and must give one value."""
    if not isinstance(node, Scalar):
        return None
    outer = reader.scope
    reader.scope = replace(outer, lets={}, has_contact=True)
    found = reader.expression(node)
    reader.scope = outer
    if found is None:
        return None
    if found.kind in ("truth", "list", "block") or "event" not in found.text:
        example = "event.booking.starts_at" if name == "at" else "event.booking.id"
        reader.fault(
            node, f"`{name}` is what both events tell, such as `{example}`; not {quoted(found.text)}"
        )
        return None
    return found
