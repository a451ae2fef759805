"""Restore: a removed card comes back into sight, with what is on it. Its holds are over.

The links to its page stay dead: a card is often removed because they went astray.
"""

from dataclasses import dataclass

from .details import card_answer, require_text
from .kit import Desk, Operation, Outcome, field_of


@dataclass(frozen=True, slots=True)
class Restore:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    reason: str | None = field_of("text", "why, for the audit trail", default=None)


def perform(desk: Desk, command: Restore) -> Outcome:
    """A card that is not removed stays as it is; one that was disabled before is disabled again."""
    require_text("reason", command.reason)
    card = desk.require_card(command.card)
    desk.tx.pause("restore.card_read")
    if card.removed_at is None:
        return Outcome(card)
    values = {"removed_at": None, "link_number": card.link_number + 1}
    return Outcome(desk.change("restore", card, values, ("gift_card.updated",), reason=command.reason))


OPERATION = Operation(
    name="restore",
    title="Restore a removed gift card",
    command=Restore,
    perform=perform,
    scope="cards:write",
    answer=card_answer,
    rest_path="/gift-cards/{card}/restore",
    verb="restore",
)
