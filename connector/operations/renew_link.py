"""Renew the link: the addresses that lead to the card's page so far lead nowhere any more."""

from dataclasses import dataclass

from ..domain.errors import CardDisabled
from .details import card_answer, require_text
from .kit import Desk, Operation, Outcome, field_of


@dataclass(frozen=True, slots=True)
class RenewLink:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    reason: str | None = field_of("text", "why, for the audit trail", default=None)


def perform(desk: Desk, command: RenewLink) -> Outcome:
    """A new link is told where the code is, and in what is sent from now on. Raises CardDisabled."""
    require_text("reason", command.reason)
    card = desk.require_card(command.card)
    desk.tx.pause("renew_link.card_read")
    if card.has_no_page:
        raise CardDisabled(f"Card {card.public_id} is gone for good, and has no page.")
    values = {"link_number": card.link_number + 1}
    return Outcome(desk.change("renew_link", card, values, ("gift_card.updated",), reason=command.reason))


OPERATION = Operation(
    name="renew_link",
    title="Renew the link to a gift card's page",
    command=RenewLink,
    perform=perform,
    scope="cards:write",
    answer=card_answer,
    rest_path="/gift-cards/{card}/renew-link",
    verb="renew-link",
)
