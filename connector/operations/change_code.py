"""Change code: another code for a card, chosen. The one before opens nothing any more."""

from dataclasses import dataclass

from ..domain import codes
from ..domain.errors import CardDisabled, CodeTaken, FieldError, ValidationFailed
from ..store import cards
from .details import card_answer, removed
from .kit import Desk, Operation, Outcome, field_of


@dataclass(frozen=True, slots=True)
class ChangeCode:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    code: str = field_of("text", "its new code, of your own choice")


def perform(desk: Desk, command: ChangeCode) -> Outcome:
    """Raises CodeTaken where another card has it, CardDisabled for a removed card."""
    plain = _chosen(desk, command.code)
    card = desk.require_card(command.card)
    desk.tx.pause("change_code.card_read")
    if card.removed_at is not None:
        raise CardDisabled(removed(card))
    if cards.open_code(desk.tx, desk.ring, card) == plain:
        return Outcome(card)
    if not cards.recode(desk.tx, desk.ring, card, code=codes.normal(plain), plain=plain):
        raise CodeTaken("Another card of this account has this code.")
    values = {"last4": codes.last4(plain)}
    return Outcome(desk.change("change_code", card, values, ("gift_card.updated",)))


def _chosen(desk: Desk, code: str) -> str:
    try:
        return codes.require_chosen(code, sandbox=desk.account.sandbox)
    except ValidationFailed as fault:
        raise ValidationFailed(fault.detail, errors=[FieldError("code", fault.detail)]) from fault


OPERATION = Operation(
    name="change_code",
    title="Change a gift card's code",
    command=ChangeCode,
    perform=perform,
    scope="cards:write",
    answer=card_answer,
    rest_path="/gift-cards/{card}/change-code",
    verb="change-code",
    chooses_code=True,
)
