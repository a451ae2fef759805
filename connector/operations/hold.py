"""Hold: reserve an amount of a card, to be captured or released. No money moves, and nobody else can take it.

A hold that nobody ends lapses by itself, and none outlives its card.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ..domain import ids
from ..domain.card_numbers import mask
from ..domain.cards import require_usable
from ..domain.errors import CapReached
from ..domain.holds import Hold as HoldRow
from ..store import holds
from . import choosing, holding
from .kit import Desk, Operation, Outcome, field_of, require_amount, require_own_currency, wrong
from .saying import too_little

A_DAY_S: Final = 86_400
MAX_S: Final = 90 * A_DAY_S  # longer than any order waits to be sent; what is forgotten comes back
MAX_OPEN: Final = 100  # of one card: what ends with it ends in one transaction


@dataclass(frozen=True, slots=True)
class Hold:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    amount: int = field_of("money", "how much to reserve")
    currency: str | None = field_of("currency", "the amount's currency; the card's if left out", default=None)
    expires_in: int = field_of("whole", "seconds until it lapses; a day if left out", default=A_DAY_S)
    program: str | None = field_of(
        "text", "where it is used: binds a card that may still choose its program", default=None
    )
    reference: str | None = field_of("text", "your order number", default=None)


def perform(desk: Desk, command: Hold) -> Outcome:
    """Raises the Conflict that says why not: InsufficientBalance, CardExpired, CapReached, …"""
    amount = require_amount(command.amount)
    if not 1 <= command.expires_in <= MAX_S:
        raise wrong("expires_in", f"must be between 1 and {MAX_S} seconds")
    card = desk.require_card(command.card)
    desk.tx.pause("hold.card_read")
    require_usable(card.life, card.public_id, desk.now)
    choosing.require_program(card, command.program)
    require_own_currency(card, command.currency)
    if amount > card.available:
        raise too_little(desk, card, amount)
    if holds.count_open(desk.tx, card.id) >= MAX_OPEN:
        raise CapReached(f"Card {card.public_id} has {MAX_OPEN} open holds; no card may have more.")
    card = choosing.bind(desk, card, command.program)
    until = desk.now + timedelta(seconds=command.expires_in)
    hold = HoldRow(
        id=0,
        public_id=ids.new_id(ids.HOLD, desk.now),
        account_id=desk.account.id,
        card_id=card.id,
        card=card.public_id,
        amount=amount,
        state="open",
        expires_at=until if card.expires_at is None else min(until, card.expires_at),
        created_at=desk.now,
        reference=mask(command.reference),
        origin=dict(desk.actor.origin),
    )
    held, made = holding.reserve(desk, card, hold)
    return Outcome(card=held, result={"hold": made})


OPERATION = Operation(
    name="hold",
    title="Hold an amount of a gift card",
    command=Hold,
    perform=perform,
    scope="cards:write",
    status=201,
    answer=holding.answer,
    rest_path="/gift-cards/{card}/holds",
    verb="hold",
)
