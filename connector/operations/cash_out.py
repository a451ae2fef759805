"""Cash out: the rest of a card is paid in cash, where its program allows it. Else credit stays credit."""

from dataclasses import dataclass

from ..domain.cards import Card, require_usable
from ..domain.errors import CashOutNotAllowed, InsufficientBalance
from ..domain.money import Money
from ..ledger import accounts, posting
from ..store import programs, transfers
from .kit import Desk, Operation, Outcome, field_of, moved_answer


@dataclass(frozen=True, slots=True)
class CashOut:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    reference: str | None = field_of("text", "your receipt's number", default=None)


def perform(desk: Desk, command: CashOut) -> Outcome:
    """Raises CashOutNotAllowed, InsufficientBalance, or why the card cannot be spent."""
    card = desk.require_card(command.card)
    desk.tx.pause("cash_out.card_read")
    require_usable(card.life, card.public_id, desk.now)
    _require_allowed(desk, card)
    if card.available == 0:
        raise InsufficientBalance(f"Card {card.public_id} has nothing available to pay out.")
    _require_first(desk, card)
    is_empty = card.held == 0
    types = ("gift_card.cashed_out", "gift_card.depleted") if is_empty else ("gift_card.cashed_out",)
    why = posting.Why("cash_out", desk.actor.origin, reference=command.reference)
    moved, transfer = posting.post(
        desk.tx, card, accounts.CASH_OUT, -card.available, why, messages=len(types)
    )
    desk.moved("cash_out", moved, transfer, types)
    return Outcome(card=moved, transfer=transfer)


def _require_allowed(desk: Desk, card: Card) -> None:
    """The whole balance counts, what is held included: a hold is no way below the program's limit."""
    program = None if card.program is None else programs.find(desk.tx, desk.account.id, card.program)
    below = 0 if program is None else program.cash_out_below
    if below == 0:
        raise CashOutNotAllowed(f"Card {card.public_id} has no program that allows paying out in cash.")
    if card.balance >= below:
        raise CashOutNotAllowed(
            f"Card {card.public_id} holds {Money(card.balance, card.currency)}; its program pays out "
            f"in cash below {Money(below, card.currency)} only."
        )


def _require_first(desk: Desk, card: Card) -> None:
    """A card is paid out once, and never what a transfer brought.

    Else a great card's value came over little by little, and a redemption that is given back
    after the rest was paid out would be paid out next.
    """
    own = accounts.of_card(card)
    for line_type, credit, what in (
        ("cash_out", accounts.CASH_OUT, "was paid out in cash before"),
        ("transfer", own, "got value by a transfer"),
    ):
        if transfers.has_line(desk.tx, card, line_type, credit):
            raise CashOutNotAllowed(f"Card {card.public_id} {what}: no cash is paid out of it.")


OPERATION = Operation(
    name="cash_out",
    title="Pay out the rest of a gift card in cash",
    command=CashOut,
    perform=perform,
    scope="cards:write",
    answer=moved_answer,
    rest_path="/gift-cards/{card}/cash-out",
    verb="cash-out",
)
