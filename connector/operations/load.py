"""Load: more value on a card, from where its kind and program have it from. Never above the caps.

Where a person is named instead of a card, it is their newest card that can be spent, or a new one.
"""

from dataclasses import dataclass
from typing import Any

from ..domain.cards import KINDS, Card, require_alive
from ..domain.contacts import Whom
from ..domain.money import Money, require_currency
from ..ledger import posting
from ..store import cards
from . import issue
from .giving import require_caps
from .kit import Desk, Operation, Outcome, field_of, moved_answer, require_amount, require_own_currency, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    card: str | None = field_of("card", "the card: its id or its code", default=None, is_path=True)
    amount: int = field_of("money", "how much to put on it")
    contact_id: Whom | None = field_of(
        "contact", "or whose: their newest card that can be spent, or a new one", default=None, step="to"
    )
    currency: str | None = field_of("currency", "the amount's currency; the card's if left out", default=None)
    kind: str | None = field_of("text", "given away or sold, as the card is", default=None, choices=KINDS)
    reference: str | None = field_of("text", "your receipt or order number", default=None)


def perform(desk: Desk, command: Load) -> Outcome:
    """Raises the Conflict that says why not: CapReached, CardExpired, CurrencyMismatch, …"""
    amount = require_amount(command.amount)
    if (command.card is None) == (command.contact_id is None):
        raise wrong("card", "or a contact says what to load: give one of them")
    if command.card is not None:
        return _onto(desk, command, desk.require_card(command.card), amount)
    card = _newest_of(desk, command)
    if card is not None:
        return _onto(desk, command, card, amount)
    whom = command.contact_id
    new = issue.Issue(
        amount=amount,
        currency=command.currency,
        contact_id=whom if isinstance(whom, str) else None,
        contact=None if isinstance(whom, str) else whom,
        kind=command.kind or "promotional",
    )
    return issue.perform(desk, new)


def _newest_of(desk: Desk, command: Load) -> Card | None:
    """The person's card, locked, where they have one of this currency and kind that can be spent."""
    currency = require_currency(command.currency or desk.account.currency)
    contact = desk.find_contact(command.contact_id or "")
    if contact is None:
        return None
    found = cards.newest_usable(
        desk.tx,
        desk.account.id,
        contact.id,
        currency=currency,
        kind=command.kind or "promotional",
        now=desk.now,
    )
    return None if found is None else desk.require_card(found)


def _onto(desk: Desk, command: Load, card: Card, amount: int) -> Outcome:
    desk.tx.pause("load.card_read")
    require_alive(card.life, card.public_id, desk.now)
    require_own_currency(card, command.currency)
    if command.kind not in (None, card.kind):
        raise wrong(
            "kind", f"must be the card's own, {card.kind}: what was sold and what was given never mix"
        )
    require_caps(desk, Money(amount, card.currency), card=card)
    giver = desk.giver(card.kind, card.program, card.currency)
    why = posting.Why("load", desk.actor.origin, reference=command.reference)
    moved, transfer = posting.post(desk.tx, card, giver, amount, why)
    desk.moved("load", moved, transfer, ("gift_card.loaded",))
    desk.drawn(giver.fund, amount)
    return Outcome(card=moved, transfer=transfer)


def _answer(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    """As of any movement; a card that was made for it shows its code, this once."""
    answer = moved_answer(desk, outcome)
    return answer if outcome.code is None else {**answer, "code": outcome.code}


def _give(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    assert outcome.card is not None and outcome.transfer is not None
    code = {} if outcome.code is None else {"code": outcome.code}
    return {
        "card": {**desk.card_json(outcome.card), **code},
        "amount": Money(outcome.transfer.amount, outcome.card.currency),
        "balance": Money(outcome.card.balance, outcome.card.currency),
        "transaction": outcome.transfer.public_id,
    }


OPERATION = Operation(
    name="load",
    title="Load a gift card",
    command=Load,
    perform=perform,
    scope="cards:write",
    answer=_answer,
    rest_path="/gift-cards/{card}/load",
    action="load-gift-card",
    step="load_card",
    verb="load",
    gives=("card", "amount", "balance", "transaction"),
    give=_give,
)
