"""Expire: end a card's life now. What was given away moves to `expired`; what was paid for stays as it is.

A card's program may say otherwise. The same is done for cards whose time has come,
once each; `revive` takes it back.
"""

from dataclasses import dataclass
from typing import Any

from ..domain.cards import Card
from ..domain.errors import CardDisabled
from ..domain.programs import usual_at_expiry
from ..domain.transfers import Transfer, transaction_json
from ..ledger import accounts, posting
from ..store import cards, programs
from . import holding
from .details import removed, require_text
from .kit import Desk, Operation, Outcome, field_of


@dataclass(frozen=True, slots=True)
class Expire:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    reason: str | None = field_of("text", "why, for the audit trail", default=None)


def perform(desk: Desk, command: Expire) -> Outcome:
    """Raises CardDisabled for a removed card; a card that has expired already stays as it is."""
    require_text("reason", command.reason)
    card = desk.require_card(command.card)
    desk.tx.pause("expire.card_read")
    if card.removed_at is not None:
        raise CardDisabled(removed(card))
    if card.expired_at is not None:
        return Outcome(card)
    expired, transfer = end_life(desk, card, reason=command.reason)
    return Outcome(expired, transfer)


def end_life(desk: Desk, card: Card, *, reason: str | None = None) -> tuple[Card, Transfer | None]:
    """Do the expiry of a locked card that has none yet: its holds end, its rest moves where it should."""
    was = card.expires_at
    card = holding.end_all(desk, card)
    values = {"expires_at": desk.now if was is None else min(was, desk.now), "expired_at": desk.now}
    types = ("gift_card.expired",)
    if card.balance == 0 or not _rest_moves(desk, card):
        return desk.change("expire", card, values, types, reason=reason), None
    card = cards.change(desk.tx, card, values)
    why = posting.Why("expire", desk.actor.origin, reason=reason)
    moved, transfer = posting.post(desk.tx, card, accounts.EXPIRED, -card.balance, why, messages=len(types))
    desk.moved("expire", moved, transfer, types, reason=reason)
    return moved, transfer


def _rest_moves(desk: Desk, card: Card) -> bool:
    program = None if card.program is None else programs.find(desk.tx, desk.account.id, card.program)
    chosen = None if program is None else program.on_expiry
    return (chosen or usual_at_expiry(card.kind)) == "move"


def life_answer(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    """The card, and the transaction where value moved."""
    card, transfer = outcome.card, outcome.transfer
    assert card is not None
    own = accounts.of_card(card)
    shown = None if transfer is None else transaction_json(transfer, card.public_id, own)
    return {"gift_card": desk.card_json(card), "transaction": shown}


OPERATION = Operation(
    name="expire",
    title="Expire a gift card",
    command=Expire,
    perform=perform,
    scope="cards:write",
    answer=life_answer,
    rest_path="/gift-cards/{card}/expire",
    verb="expire",
)
