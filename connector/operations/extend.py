"""Extend: a later end for a card that lives and has one."""

from dataclasses import dataclass
from datetime import datetime

from ..domain.cards import require_alive, told
from .details import card_answer, give_card
from .kit import Desk, Operation, Outcome, field_of, wrong


@dataclass(frozen=True, slots=True)
class Extend:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    expires_at: datetime = field_of("moment", "its new end, later than it was", step="expires")


def perform(desk: Desk, command: Extend) -> Outcome:
    """Raises CardExpired, CardDisabled, or ValidationFailed for an end that is no later."""
    card = desk.require_card(command.card)
    desk.tx.pause("extend.card_read")
    require_alive(card.life, card.public_id, desk.now)
    if card.expires_at is None:
        raise wrong("expires_at", "cannot be later: the card never expires")
    if command.expires_at <= card.expires_at:
        raise wrong("expires_at", f"must be later than {told(card.expires_at)}")
    values = {"expires_at": command.expires_at, "expiry_told_at": None}
    return Outcome(desk.change("extend", card, values, ("gift_card.updated",)))


OPERATION = Operation(
    name="extend",
    title="Extend a gift card",
    command=Extend,
    perform=perform,
    scope="cards:write",
    answer=card_answer,
    rest_path="/gift-cards/{card}/extend",
    step="extend_card",
    verb="extend",
    gives=("card",),
    give=give_card,
)
