"""Capture: take a hold, all or part; what is left of it can be spent again.

The card must be alive: blocked or expired meanwhile, it gives nothing, and its
hold can only be released.
"""

from dataclasses import dataclass
from typing import Any

from ..domain.cards import require_alive
from ..domain.errors import InsufficientBalance
from ..domain.transfers import transaction_json
from ..ledger import accounts, posting
from . import holding
from .kit import Desk, Operation, Outcome, field_of, require_amount, require_own_currency
from .saying import number, said


@dataclass(frozen=True, slots=True)
class Capture:
    hold: str = field_of("text", "the hold's id", is_path=True)
    amount: int | None = field_of("money", "how much to take; all of it if left out", default=None)
    currency: str | None = field_of("currency", "the amount's currency; the card's if left out", default=None)


def perform(desk: Desk, command: Capture) -> Outcome:
    """Raises HoldNotOpen, CardDisabled, CardExpired, CurrencyMismatch; InsufficientBalance past the hold."""
    card, hold = holding.require_hold(desk, command.hold)
    desk.tx.pause("capture.card_read")
    require_alive(card.life, card.public_id, desk.now)
    require_own_currency(card, command.currency)
    amount = hold.amount if command.amount is None else require_amount(command.amount)
    if amount > hold.amount:
        there, asked = said(desk, hold.amount, card.currency), number(desk, amount, card.currency)
        raise InsufficientBalance(f"Hold {hold.public_id} has {there}, {asked} asked.")
    line = posting.new_line_id(desk.tx)
    freed, ended = holding.take(desk, card, hold, amount, line)
    is_empty = amount == freed.balance
    types = ("gift_card.hold_captured", "gift_card.depleted") if is_empty else ("gift_card.hold_captured",)
    why = posting.Why("capture", desk.actor.origin, reference=hold.reference, line_id=line)
    moved, transfer = posting.post(desk.tx, freed, accounts.REDEEMED, -amount, why, messages=len(types))
    desk.moved("capture", moved, transfer, types, extra=holding.told(ended))
    return Outcome(card=moved, transfer=transfer, result={"hold": ended})


def _answer(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    assert outcome.card is not None and outcome.transfer is not None
    own = accounts.of_card(outcome.card)
    transaction = transaction_json(outcome.transfer, outcome.card.public_id, own)
    return {**holding.answer(desk, outcome), "transaction": transaction}


OPERATION = Operation(
    name="capture",
    title="Capture a hold",
    command=Capture,
    perform=perform,
    scope="cards:write",
    answer=_answer,
    rest_path="/holds/{hold}/capture",
    verb="capture",
)
