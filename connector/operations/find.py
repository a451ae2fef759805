"""Find: somebody's cards, newest first, and what they can spend. None and 0 where there is nothing."""

from dataclasses import dataclass
from typing import Any, Final

from ..domain import ids
from ..domain.cards import STATES, Card, state_of
from ..domain.contacts import Whom
from ..domain.errors import NotFound
from ..domain.money import Money, require_currency
from ..store import cards, contact_lists
from .acting import flat_card
from .kit import Desk, Operation, Outcome, field_of, wrong

MOST: Final = 100
"""So many cards are told; a workflow goes over each. The list of all is a call of its own."""


@dataclass(frozen=True, slots=True)
class Find:
    contact_id: Whom | None = field_of("contact", "whose cards", default=None)
    state: str | None = field_of("text", "only cards in this state", default=None, choices=STATES)
    currency: str | None = field_of("currency", "only cards in this currency", default=None)


def perform(desk: Desk, command: Find) -> Outcome:
    """`result`: cards, count, balance. NotFound for one of our contact ids that is not there."""
    if command.contact_id is None:
        raise wrong(
            "contact_id", "is missing: name a contact, by id, e-mail address, phone number or external id"
        )
    if command.state is not None and command.state not in STATES:
        raise wrong("state", f"is one of {', '.join(STATES)}")
    currency = require_currency(command.currency or desk.account.currency)
    contact = desk.find_contact(command.contact_id)
    if contact is None:
        if str(command.contact_id).startswith(ids.CONTACT + "_"):
            raise NotFound("There is no such contact in this account.")
        return Outcome(result={"cards": [], "balance": Money(0, currency), "has_balance": False})
    found = contact_lists.cards_of(desk.tx, desk.account.id, contact.id, currency=command.currency)
    fitting = [one for one in found if _fits(desk, one, command.state)][:MOST]
    sums = cards.purse(desk.tx, desk.account.id, contact.id, desk.now).balances
    balance = Money.total(sums.get(currency, 0), currency)
    has_any = balance.minor > 0 if command.currency else any(minor > 0 for minor in sums.values())
    return Outcome(result={"cards": fitting, "balance": balance, "has_balance": has_any})


def _fits(desk: Desk, card: Card, state: str | None) -> bool:
    """Removed cards are told only to who asks for them."""
    own = state_of(card.life, desk.now)
    return own != "removed" if state is None else own == state


def _answer(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    found, balance = outcome.result["cards"], outcome.result["balance"]
    return {
        "cards": [flat_card(desk, one) for one in found],
        "count": len(found),
        "found": bool(found),
        "balance": balance.text,
        "currency": balance.currency,
        "has_balance": outcome.result["has_balance"],
    }


def _give(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    """For later steps: the cards as REST shows them, how many, and what can be spent of them."""
    found = outcome.result["cards"]
    return {
        "cards": [desk.card_json(one) for one in found],
        "count": len(found),
        "balance": outcome.result["balance"],
    }


OPERATION = Operation(
    name="find",
    title="Find somebody's gift cards",
    command=Find,
    perform=perform,
    scope="cards:read",
    answer=_answer,
    action="find-gift-cards",
    step="find_cards",
    verb="find",
    gives=("cards", "count", "balance"),
    give=_give,
    changes=False,
)
