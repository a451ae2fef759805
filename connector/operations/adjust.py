"""Adjust: correct a balance by a further transfer, up or down, with a reason. Nothing is ever overwritten."""

from dataclasses import dataclass
from typing import Any, Final

from ..domain.cards import Card, require_alive, require_kept
from ..domain.money import MAX_MINOR, Money
from ..ledger import accounts, posting
from ..ledger.funding import Giver
from .giving import require_caps
from .kit import AT_MOST, Desk, Operation, Outcome, field_of, moved_answer, require_own_currency, wrong
from .saying import too_little

REASONS: Final = ("correction", "goodwill", "fraud", "migration", "other")
NEEDS_NOTE: Final = "other"


@dataclass(frozen=True, slots=True)
class Adjust:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    amount: int = field_of("money", "what to add; below zero, what to take away", is_signed=True)
    reason: str = field_of("text", "why; other needs a note", choices=REASONS)
    note: str | None = field_of("text", "why, in words", default=None)
    currency: str | None = field_of("currency", "must be the card's; that one if left out", default=None)


def perform(desk: Desk, command: Adjust) -> Outcome:
    """Raises the Conflict that says why not: InsufficientBalance, CapReached, CardDisabled, …"""
    if command.amount == 0 or abs(command.amount) > MAX_MINOR:
        raise wrong("amount", f"must not be zero; {AT_MOST} either way")
    require_reason(command.reason, command.note, REASONS)
    card = desk.require_card(command.card)
    desk.tx.pause("adjust.card_read")
    require_own_currency(card, command.currency)
    require_kept(card.life, card.public_id)
    return correct(desk, "adjust", card, command.amount, command.reason, command.note)


def require_reason(reason: str, note: str | None, known: tuple[str, ...]) -> None:
    """Pass if the reason is one of those `known`, and said in words where it is `other`."""
    if reason not in known:
        raise wrong("reason", f"must be one of: {', '.join(known)}")
    if reason == NEEDS_NOTE and not (note or "").strip():
        raise wrong("note", f"is required: the reason {NEEDS_NOTE} says nothing by itself")


def correct(desk: Desk, act: str, card: Card, delta: int, reason: str, note: str | None) -> Outcome:
    """Move `delta` between a locked card and the account of the reason.

    Value is taken away in every state, since who stops a card for fraud empties it next;
    people are refused it where the card was removed, an undo is not. It is added where a load
    would be: it counts against the caps, and comes from prepaid funds where there are any.
    """
    other: str | Giver = accounts.adjust(reason)
    fund = None
    if delta > 0:
        require_alive(card.life, card.public_id, desk.now)
        require_caps(desk, Money(delta, card.currency), card=card)
        giver = desk.giver(card.kind, card.program, card.currency)
        if giver.fund is not None:
            other, fund = giver, giver.fund
    if card.available + delta < 0:
        raise too_little(desk, card, -delta)
    is_empty = card.balance + delta == 0
    types = ("gift_card.adjusted", "gift_card.depleted") if is_empty else ("gift_card.adjusted",)
    why = posting.Why("adjust", desk.actor.origin, reason=reason, note=note)
    moved, transfer = posting.post(desk.tx, card, other, delta, why, messages=len(types))
    desk.moved(act, moved, transfer, types, reason=reason, note=note)
    desk.drawn(fund, delta)
    return Outcome(card=moved, transfer=transfer)


def _give(_desk: Desk, outcome: Outcome) -> dict[str, Any]:
    assert outcome.card is not None and outcome.transfer is not None
    is_up = outcome.transfer.credit == accounts.of_card(outcome.card)
    amount = outcome.transfer.amount if is_up else -outcome.transfer.amount
    return {
        "amount": Money(amount, outcome.card.currency),
        "balance": Money(outcome.card.balance, outcome.card.currency),
        "transaction": outcome.transfer.public_id,
    }


OPERATION = Operation(
    name="adjust",
    title="Adjust a gift card's balance",
    command=Adjust,
    perform=perform,
    scope="cards:write",
    answer=moved_answer,
    rest_path="/gift-cards/{card}/adjust",
    action="adjust-balance",
    step="adjust_card",
    verb="adjust",
    gives=("amount", "balance", "transaction"),
    give=_give,
)
