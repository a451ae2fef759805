"""Enable: let a disabled card go on, unless it was stopped for good."""

from dataclasses import dataclass

from ..domain.errors import CardDisabled
from .details import card_answer, removed, require_text
from .kit import Desk, Operation, Outcome, field_of


@dataclass(frozen=True, slots=True)
class Enable:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    reason: str | None = field_of("text", "why, for the audit trail", default=None)


def perform(desk: Desk, command: Enable) -> Outcome:
    """Raises CardDisabled for a card that was removed or disabled for good."""
    require_text("reason", command.reason)
    card = desk.require_card(command.card)
    desk.tx.pause("enable.card_read")
    if card.removed_at is not None:
        raise CardDisabled(removed(card))
    if card.disabled_finally:
        raise CardDisabled(f"Card {card.public_id} is disabled for good.")
    if card.disabled_at is None:
        return Outcome(card)
    values = {"disabled_at": None}
    return Outcome(desk.change("enable", card, values, ("gift_card.enabled",), reason=command.reason))


OPERATION = Operation(
    name="enable",
    title="Enable a gift card",
    command=Enable,
    perform=perform,
    scope="cards:write",
    answer=card_answer,
    rest_path="/gift-cards/{card}/enable",
    verb="enable",
)
