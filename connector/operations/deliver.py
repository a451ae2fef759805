"""Deliver: send a card to its recipient, now or at a later moment; again, too, where it was sent before."""

from dataclasses import dataclass
from datetime import datetime

from ..domain.cards import require_alive
from . import delivering
from .details import card_answer
from .kit import Desk, Operation, Outcome, field_of, wrong


@dataclass(frozen=True, slots=True)
class Deliver:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    via: str | None = field_of(
        "text",
        "how it goes; as there is an address for, if left out",
        default=None,
        choices=delivering.WAYS,
    )
    at: datetime | None = field_of("moment", "not before; now if left out", default=None)


def perform(desk: Desk, command: Deliver) -> Outcome:
    """Raises DeliveryNotConfigured, CardDisabled, CardExpired, or ValidationFailed without an address."""
    if command.via is not None and command.via not in delivering.WAYS:
        raise wrong("via", f"is one of {', '.join(delivering.WAYS)}")
    card = desk.require_card(command.card)
    desk.tx.pause("deliver.card_read")
    require_alive(card.life, card.public_id, desk.now)
    if command.at is not None and card.expires_at is not None and command.at >= card.expires_at:
        raise wrong("at", "must be before the card's expires_at")
    asked = command.via or (None if card.delivery == "none" else card.delivery)
    contact = desk.contact_of(card)
    way = delivering.require_way(
        desk, asked, command.at, recipient=card.recipient, contact=contact, field="via"
    )
    values = {"delivery": way, "deliver_at": command.at, "delivered_at": None}
    if command.at is not None and command.at > desk.now:
        return Outcome(desk.change("deliver", card, values, ("gift_card.updated",)))
    return Outcome(delivering.deliver(desk, card, values))


OPERATION = Operation(
    name="deliver",
    title="Send a gift card to its recipient",
    command=Deliver,
    perform=perform,
    scope="cards:write",
    answer=card_answer,
    rest_path="/gift-cards/{card}/deliver",
    action="send-gift-card",
    verb="deliver",
)
