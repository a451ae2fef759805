"""Remove: out of sight, unspendable until restored. Nothing is erased: ledger, balance and code stay."""

from dataclasses import dataclass

from . import holding
from .details import card_answer, require_text
from .kit import Desk, Operation, Outcome, field_of


@dataclass(frozen=True, slots=True)
class Remove:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    reason: str | None = field_of("text", "why, for the audit trail", default=None)


def perform(desk: Desk, command: Remove) -> Outcome:
    """A card that is removed already stays as it is."""
    require_text("reason", command.reason)
    card = desk.require_card(command.card)
    desk.tx.pause("remove.card_read")
    if card.removed_at is not None:
        return Outcome(card)
    card = holding.end_all(desk, card)
    values = {"removed_at": desk.now}
    return Outcome(desk.change("remove", card, values, ("gift_card.removed",), reason=command.reason))


OPERATION = Operation(
    name="remove",
    title="Remove a gift card",
    command=Remove,
    perform=perform,
    scope="cards:write",
    answer=card_answer,
    rest_path="/gift-cards/{card}/remove",
    verb="remove",
)
