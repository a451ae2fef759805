"""Disable: stop a card, for good where asked. Its balance stays; a card that is stopped already stays so."""

from dataclasses import dataclass

from ..domain.cards import Card
from ..domain.errors import CardDisabled
from . import holding
from .details import card_answer, give_card, removed, require_text
from .kit import Desk, Operation, Outcome, field_of


@dataclass(frozen=True, slots=True)
class Disable:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    permanent: bool = field_of("flag", "for good: it can never be enabled again", default=False)
    reason: str | None = field_of("text", "why, for the audit trail", default=None)


def perform(desk: Desk, command: Disable) -> Outcome:
    """Raises CardDisabled for a removed card.

    Open holds wait for the card to be enabled again, and lapse in their time; where
    it never will be, they end with it.
    """
    require_text("reason", command.reason)
    card = desk.require_card(command.card)
    desk.tx.pause("disable.card_read")
    if card.removed_at is not None:
        raise CardDisabled(removed(card))
    if command.permanent:
        return for_good(desk, card, command.reason)
    if card.disabled_at is not None:
        return Outcome(card)
    values = {"disabled_at": desk.now, "disabled_finally": False}
    return Outcome(desk.change("disable", card, values, ("gift_card.disabled",), reason=command.reason))


def for_good(desk: Desk, card: Card, reason: str | None) -> Outcome:
    """A locked card can never be enabled again; a removed one neither, when it is restored.

    It is stopped from when it first paid nothing any more.
    """
    if card.disabled_finally:
        return Outcome(card)
    card = holding.end_all(desk, card)
    values = {"disabled_at": card.disabled_at or card.removed_at or desk.now, "disabled_finally": True}
    return Outcome(desk.change("disable", card, values, ("gift_card.disabled",), reason=reason))


OPERATION = Operation(
    name="disable",
    title="Disable a gift card",
    command=Disable,
    perform=perform,
    scope="cards:write",
    answer=card_answer,
    rest_path="/gift-cards/{card}/disable",
    action="disable-gift-card",
    step="disable_card",
    verb="disable",
    gives=("card",),
    give=give_card,
)
