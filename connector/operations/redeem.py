"""Redeem: take value off a card, as a till does. Never more than is there and not held."""

from dataclasses import dataclass, replace
from typing import Any

from ..domain.cards import require_usable
from ..domain.errors import CurrencyMismatch, FieldError, InsufficientBalance, ValidationFailed
from ..domain.money import Money
from ..domain.transfers import Transfer
from ..ledger import accounts, posting
from .kit import Desk, Operation, Outcome, field_of, moved_answer, require_amount


@dataclass(frozen=True, slots=True)
class Redeem:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    amount: int | None = field_of("money", "how much to take", default=None)
    currency: str | None = field_of("currency", "the amount's currency; the card's if left out", default=None)
    all: bool = field_of("flag", "take all that is there", default=False)
    partial: bool = field_of("flag", "take what is there where it is less than asked", default=False)
    reference: str | None = field_of("text", "your receipt or order number", default=None)
    simulate: bool = field_of("flag", "say what would happen, and do nothing", default=False)


def perform(desk: Desk, command: Redeem) -> Outcome:
    """Raises the Conflict that says why not: InsufficientBalance, CardExpired, CurrencyMismatch, …"""
    if (command.amount is None) == (not command.all):
        message = "give an amount, or all: true, and not both"
        raise ValidationFailed(message, errors=[FieldError("amount", message)])
    card = desk.require_card(command.card)
    desk.tx.pause("redeem.card_read")
    require_usable(card.life, card.public_id, desk.now)
    if command.currency not in (None, card.currency):
        raise CurrencyMismatch(f"Card {card.public_id} is in {card.currency}, not {command.currency}.")
    asked = card.available if command.all else require_amount(command.amount)
    amount = min(asked, card.available) if command.partial else asked
    if amount == 0 or amount > card.available:
        raise InsufficientBalance(
            f"Card {card.public_id} has {card.available} {card.currency} available, {asked} asked."
        )
    is_empty = amount == card.balance
    types = ("gift_card.redeemed", "gift_card.depleted") if is_empty else ("gift_card.redeemed",)
    why = posting.Why("redeem", desk.actor.origin, reference=command.reference)
    if command.simulate:
        return Outcome(
            card=replace(card, balance=card.balance - amount), transfer=_simulated(desk, card, amount, why)
        )
    moved, transfer = posting.post(desk.tx, card, accounts.REDEEMED, -amount, why, messages=len(types))
    desk.tell_of_card(types, moved, transfer, desk.contact_of(moved))
    return Outcome(card=moved, transfer=transfer)


def _simulated(desk: Desk, card: Any, amount: int, why: posting.Why) -> Transfer:
    """What the line would be; it is never written, and says so in its id."""
    return Transfer(
        public_id="simulated",
        account_id=card.account_id,
        type=why.type,
        debit=accounts.of_card(card),
        credit=accounts.REDEEMED,
        amount=amount,
        currency=card.currency,
        created_at=desk.now,
        previous_hash=card.head_hash,
        balance_after=card.balance - amount,
        reference=why.reference,
        origin=dict(why.origin),
    )


def _give(_desk: Desk, outcome: Outcome) -> dict[str, Any]:
    assert outcome.card is not None and outcome.transfer is not None
    return {
        "amount": Money(outcome.transfer.amount, outcome.card.currency),
        "balance": Money(outcome.card.balance, outcome.card.currency),
        "transaction": outcome.transfer.public_id,
    }


OPERATION = Operation(
    name="redeem",
    title="Redeem a gift card",
    command=Redeem,
    perform=perform,
    scope="cards:write",
    answer=moved_answer,
    rest_path="/{card}/redeem",
    action="redeem-gift-card",
    step="redeem_card",
    verb="redeem",
    gives=("amount", "balance", "transaction"),
    give=_give,
)
