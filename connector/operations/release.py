"""Release: let a hold go, whatever the card's state; what it reserved is available again."""

from dataclasses import dataclass, replace

from . import holding
from .kit import Desk, Operation, Outcome, field_of


@dataclass(frozen=True, slots=True)
class Release:
    hold: str = field_of("text", "the hold's id", is_path=True)


def perform(desk: Desk, command: Release) -> Outcome:
    """Raises NotFound or HoldNotOpen."""
    card, hold = holding.require_hold(desk, command.hold)
    desk.tx.pause("release.card_read")
    freed = holding.let_go(desk, card, [hold], "released")
    return Outcome(card=freed, result={"hold": replace(hold, state="released", ended_at=desk.now)})


OPERATION = Operation(
    name="release",
    title="Release a hold",
    command=Release,
    perform=perform,
    scope="cards:write",
    answer=holding.answer,
    rest_path="/holds/{hold}/release",
    verb="release",
)
