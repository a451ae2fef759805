"""Revive: give an expired card its life back, and by a counter entry what its expiry took.

Never more than that: what was given back of it before, or was taken back by an undo, is not there again.
"""

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
    found = lapsed(desk, card)
    if found is None:  # its expiry took nothing
        return Outcome(desk.change("revive", card, values, types, reason=command.reason))
    card = cards.change(desk.tx, card, values)
    moved, transfer = _give_back(desk, card, found, command.reason, len(types))
    desk.moved("revive", moved, transfer, types, reason=command.reason)
    return Outcome(moved, transfer)


def _require_expired(desk: Desk, card: Card) -> None:
    state = state_of(card.life, desk.now)
    if state in ("removed", "disabled"):
        raise CardDisabled(f"Card {card.public_id} is {state}.")
    if card.expired_at is None and state != "expired":
        raise Conflict(f"Card {card.public_id} has not expired; it is {state}.")


@dataclass(frozen=True, slots=True)
class Lapsed:
    """What a card's last expiry took and nobody was given back: `amount` of its `line`."""

    line: Transfer
    amount: int


def lapsed(desk: Desk, card: Card) -> Lapsed | None:
    """Of a locked card; None where there is nothing."""
    line = transfers.last_of(desk.tx, card, "expire")
    if line is None:
        return None
    left = line.amount - transfers.given_back(desk.tx, card, line.public_id, "revive")
    return Lapsed(line, left) if left > 0 else None


def give_up(desk: Desk, card: Card, found: Lapsed, note: str) -> Card:
    """Put what lapsed on an expired card again, for who takes it off at once; the card stays expired.

    Told as a correction, like what follows: what came off the card was told once already, as its expiry,
    and whoever adds up messages would else take it off twice. `revived` would say that it lives.
    """
    types = ("gift_card.adjusted",)
    moved, transfer = _give_back(desk, card, found, None, len(types), note)
    desk.moved("revive", moved, transfer, types, note=note)
    return moved


def _give_back(
    desk: Desk, card: Card, found: Lapsed, reason: str | None, messages: int, note: str | None = None
) -> tuple[Card, Transfer]:
    why = posting.Why("revive", desk.actor.origin, reason=reason, note=note, related=found.line.public_id)
    return posting.post(desk.tx, card, accounts.EXPIRED, found.amount, why, messages=messages)


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
