"""Revive: give an expired card its life back, and by a counter entry what its expiry took."""

from dataclasses import dataclass
from datetime import datetime

from ..domain.cards import Card, state_of, told
from ..domain.errors import CardDisabled, Conflict
from ..domain.transfers import Transfer
from ..ledger import accounts, posting
from ..store import cards, transfers
from .details import require_text
from .expire import life_answer
from .kit import Desk, Operation, Outcome, field_of, wrong


@dataclass(frozen=True, slots=True)
class Revive:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    reason: str = field_of("text", "why, for the audit trail")
    expires_at: datetime | None = field_of("moment", "its new end; none if left out", default=None)


def perform(desk: Desk, command: Revive) -> Outcome:
    """Raises Conflict for a card that has not expired, CardDisabled for a disabled or removed one."""
    require_text("reason", command.reason)
    if not command.reason.strip():
        raise wrong("reason", "is required: why the card lives again")
    if command.expires_at is not None and command.expires_at <= desk.now:
        raise wrong("expires_at", f"{told(command.expires_at)} is in the past")
    card = desk.require_card(command.card)
    desk.tx.pause("revive.card_read")
    _require_expired(desk, card)
    if command.expires_at is not None and card.usable_at is not None and card.usable_at >= command.expires_at:
        raise wrong("expires_at", "must be after usable_at")
    values = {"expires_at": command.expires_at, "expired_at": None, "expiry_told_at": None}
    types = ("gift_card.revived",)
    last = transfers.last_of(desk.tx, card, ("expire", "revive"))
    if last is None or last.type == "revive":  # its expiry took nothing
        return Outcome(desk.change("revive", card, values, types, reason=command.reason))
    card = cards.change(desk.tx, card, values)
    moved, transfer = _give_back(desk, card, last, command.reason, len(types))
    desk.moved("revive", moved, transfer, types, reason=command.reason)
    return Outcome(moved, transfer)


def _require_expired(desk: Desk, card: Card) -> None:
    state = state_of(card.life, desk.now)
    if state in ("removed", "disabled"):
        raise CardDisabled(f"Card {card.public_id} is {state}.")
    if card.expired_at is None and state != "expired":
        raise Conflict(f"Card {card.public_id} has not expired; it is {state}.")


def _give_back(desk: Desk, card: Card, taken: Transfer, reason: str, messages: int) -> tuple[Card, Transfer]:
    why = posting.Why("revive", desk.actor.origin, reason=reason, related=taken.public_id)
    return posting.post(desk.tx, card, accounts.EXPIRED, taken.amount, why, messages=messages)


OPERATION = Operation(
    name="revive",
    title="Revive an expired gift card",
    command=Revive,
    perform=perform,
    scope="cards:write",
    answer=life_answer,
    rest_path="/gift-cards/{card}/revive",
    verb="revive",
)
