"""Set balance: a till's "make it so much", done as a transfer of the difference under the card's lock."""

from dataclasses import dataclass
from typing import Any, Final

from ..domain.cards import require_kept
from ..domain.errors import BalanceChanged
from ..domain.money import MAX_MINOR
from . import adjust
from .kit import AT_MOST, Desk, Operation, Outcome, field_of, moved_answer, require_own_currency, wrong
from .saying import number, said

USUAL: Final = "set_balance"


@dataclass(frozen=True, slots=True)
class SetBalance:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    balance: int = field_of("money", "what the card is to hold")
    expected_balance: int | None = field_of(
        "money", "what you believe it holds; refused if it does not", default=None
    )
    reason: str = field_of("text", "why; other needs a note", default=USUAL, choices=(USUAL, *adjust.REASONS))
    note: str | None = field_of("text", "why, in words", default=None)
    currency: str | None = field_of("currency", "must be the card's; that one if left out", default=None)


def perform(desk: Desk, command: SetBalance) -> Outcome:
    """As adjust, and BalanceChanged. Where the card holds that already nothing is done: no transfer."""
    for name in ("balance", "expected_balance"):
        told = getattr(command, name)
        if told is not None and not 0 <= told <= MAX_MINOR:
            raise wrong(name, f"must not be below zero; {AT_MOST}")
    adjust.require_reason(command.reason, command.note, (USUAL, *adjust.REASONS))
    card = desk.require_card(command.card)
    desk.tx.pause("set_balance.card_read")
    require_own_currency(card, command.currency)
    require_kept(card.life, card.public_id)
    expected = card.balance if command.expected_balance is None else command.expected_balance
    if expected != card.balance:
        raise BalanceChanged(
            f"Card {card.public_id} holds {said(desk, card.balance, card.currency)}, "
            f"{number(desk, expected, card.currency)} was expected."
        )
    delta = command.balance - card.balance
    if delta == 0:
        return Outcome(card=card)
    return adjust.correct(desk, "set_balance", card, delta, command.reason, command.note)


def _answer(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    """As of any movement; `transaction` is null where the card held that already."""
    assert outcome.card is not None
    if outcome.transfer is None:
        return {"gift_card": desk.card_json(outcome.card), "transaction": None}
    return moved_answer(desk, outcome)


OPERATION = Operation(
    name="set_balance",
    title="Set a gift card's balance",
    command=SetBalance,
    perform=perform,
    scope="cards:write",
    answer=_answer,
    rest_path="/gift-cards/{card}/set-balance",
    verb="set-balance",
)
