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
from . import choosing, invoicing, issue, owners
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
    program: str | None = field_of(
        "text", "the program that the card is of; where a person is named, of none if left out", default=None
    )
    reference: str | None = field_of("text", "your receipt or order number", default=None)
    invoice: str | None = field_of("text", "the invoice that sold it", default=None)
    invoice_line: str | None = field_of("text", "and its line", default=None)


def perform(desk: Desk, command: Load) -> Outcome:
    """Raises the Conflict that says why not: CapReached, CardExpired, CurrencyMismatch, ContactErased, …"""
    amount = require_amount(command.amount)
    if (command.card is None) == (command.contact_id is None):
        raise wrong("card", "or a contact says what to load: name one of the two, and not both")
    if command.card is not None:
        return _onto(desk, command, desk.require_card(command.card), amount)
    return _for(desk, command, amount)


def _for(desk: Desk, command: Load, amount: int) -> Outcome:
    """Onto the person's newest card of this currency and kind that can be spent, else onto a new one.

    Of a program only where that was named: what a card is good for, and whose prepaid funds it
    draws on, nobody finds out by how new it is. The person is locked meanwhile: who loads for
    them at the same time finds the card that is made here.
    """
    program = None if command.program is None else choosing.require_there(desk, command.program)
    usual = (desk.account.currency, "promotional") if program is None else (program.currency, program.kind)
    currency, kind = require_currency(command.currency or usual[0]), command.kind or usual[1]
    owner = owners.require_locked(desk, command.contact_id or "")
    found = cards.newest_usable(
        desk.tx,
        desk.account.id,
        owner.id,
        currency=currency,
        kind=kind,
        program=command.program,
        now=desk.now,
    )
    if found is not None:
        return _onto(desk, command, desk.require_card(found), amount)
    new = issue.Issue(
        amount=amount,
        currency=currency,
        contact_id=owner.public_id,
        kind=kind,
        program=command.program,
        invoice=command.invoice,
        invoice_line=command.invoice_line,
    )
    return issue.perform(desk, new, reference=command.reference)


def _onto(desk: Desk, command: Load, card: Card, amount: int) -> Outcome:
    line = invoicing.require_line(command.invoice, command.invoice_line)
    desk.tx.pause("load.card_read")
    require_alive(card.life, card.public_id, desk.now)
    require_own_currency(card, command.currency)
    if command.kind not in (None, card.kind):
        raise wrong(
            "kind", f"must be the card's own, {card.kind}: what was sold and what was given never mix"
        )
    if command.program not in (None, card.program):
        raise wrong("program", f"must be the card's own, {card.program or 'none'}")
    require_caps(desk, Money(amount, card.currency), card=card)
    giver = desk.giver(card.kind, card.program, card.currency)
    why = posting.Why("load", desk.actor.origin, reference=command.reference)
    moved, transfer = posting.post(desk.tx, card, giver, amount, why)
    transfer = invoicing.link(desk, transfer, line)
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
