"""Redeem: take value off a card, as a till does. Never more than is there and not held.

A till that asks in another currency gets it by the configured rate: the card gives
its own currency to the exchange account, which gives the till's.
"""

from dataclasses import dataclass, replace
from typing import Any

from ..domain.cards import Card, require_usable
from ..domain.errors import FieldError, ValidationFailed
from ..domain.money import Money, require_currency
from ..domain.rates import Converted
from ..domain.transfers import Transfer
from ..ledger import accounts, posting
from . import choosing, invoicing
from .kit import Desk, Operation, Outcome, field_of, moved_answer, require_amount, wrong
from .saying import too_little


@dataclass(frozen=True, slots=True)
class Redeem:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    amount: int | None = field_of("money", "how much to take", default=None)
    currency: str | None = field_of(
        "currency", "the amount's currency, by the configured rate; the card's if left out", default=None
    )
    all: bool = field_of("flag", "take all that is there", default=False)
    partial: bool = field_of("flag", "take what is there where it is less than asked", default=False)
    program: str | None = field_of(
        "text", "where it is used: binds a card that may still choose its program", default=None
    )
    reference: str | None = field_of("text", "your receipt or order number", default=None)
    invoice: str | None = field_of("text", "the invoice that was paid with it", default=None)
    invoice_line: str | None = field_of("text", "and its line", default=None)
    simulate: bool = field_of("flag", "say what would happen, and do nothing", default=False)


def perform(desk: Desk, command: Redeem) -> Outcome:
    """Raises the Conflict that says why not: InsufficientBalance, CardExpired, CurrencyMismatch, …

    `result`: converted, what it came to in the currency that was asked, where that is another one.
    """
    if (command.amount is None) == (not command.all):
        message = "give an amount or all, and not both"
        raise ValidationFailed(message, errors=[FieldError("amount", message)])
    asked = None if command.amount is None else require_amount(command.amount)
    line = invoicing.require_line(command.invoice, command.invoice_line)
    currency = None if command.currency is None else require_currency(command.currency)
    card = desk.require_card(command.card)
    desk.tx.pause("redeem.card_read")
    require_usable(card.life, card.public_id, desk.now)
    choosing.require_program(card, command.program)
    amount, other = _taken(desk, card, command, asked, currency or card.currency)
    is_empty = amount == card.balance
    types = ("gift_card.redeemed", "gift_card.depleted") if is_empty else ("gift_card.redeemed",)
    converted = None if other is None else _converted_json(other)
    why = posting.Why(
        "redeem",
        desk.actor.origin,
        reference=command.reference,
        related=None if other is None else posting.new_line_id(desk.tx),
        rate=None if other is None else other.rate,
    )
    if command.simulate:
        less = replace(card, balance=card.balance - amount)
        simulated = replace(_simulated(desk, card, amount, why), invoice=line)
        return Outcome(less, simulated, result={"converted": converted}, is_simulated=True)
    card = choosing.bind(desk, card, command.program)
    takes = accounts.REDEEMED if other is None else accounts.FX
    moved, transfer = posting.post(desk.tx, card, takes, -amount, why, messages=len(types))
    transfer = invoicing.link(desk, transfer, line)
    if other is not None:
        posting.beside(
            desk.tx,
            transfer,
            debit=accounts.FX,
            credit=accounts.REDEEMED,
            amount=other.money.minor,
            currency=other.money.currency,
        )
    extra = None if converted is None else {"converted": converted}
    desk.moved("redeem", moved, transfer, types, extra=extra)
    return Outcome(moved, transfer, result={"converted": converted})


def _taken(
    desk: Desk, card: Card, command: Redeem, asked: int | None, currency: str
) -> tuple[int, Converted | None]:
    """How much the card gives, and what that is in another currency that was asked for."""
    there = Money(card.available, card.currency)
    whole = Money(card.available if asked is None else asked, card.currency if asked is None else currency)
    costs, other = whole, None
    if currency != card.currency:
        if asked is None:
            other = desk.rates.convert(whole, currency)
        else:
            converted = desk.rates.convert(whole, card.currency)
            costs, other = converted.money, Converted(whole, converted.rate)
            if costs.minor == 0:
                raise wrong("amount", f"is too little: {whole} comes to nothing in {card.currency}")
    wanted, meant = costs, other
    if command.partial and there < costs:
        costs, other = there, None if other is None else desk.rates.convert(there, currency)
    if costs.minor == 0 or there < costs or (other is not None and other.money.minor == 0):
        in_other = "" if meant is None else f" ({meant.money})"
        raise too_little(desk, card, wanted.minor, in_other)
    return costs.minor, other


def _simulated(desk: Desk, card: Card, amount: int, why: posting.Why) -> Transfer:
    """What the line would be; it is never written, and says so in its id."""
    return Transfer(
        public_id="simulated",
        account_id=card.account_id,
        type=why.type,
        debit=accounts.of_card(card),
        credit=accounts.REDEEMED,
        amount=amount,
        currency=card.currency,
        created_at=desk.now,
        previous_hash=card.head_hash,
        balance_after=card.balance - amount,
        reference=why.reference,
        rate=why.rate,
        origin=dict(why.origin),
    )


def _converted_json(other: Converted) -> dict[str, Any]:
    return {"amount": other.money.minor, "currency": other.money.currency, "rate": other.rate}


def _answer(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    """As of any movement; `converted` besides, where another currency was asked for."""
    converted = outcome.result["converted"]
    return {**moved_answer(desk, outcome), **({"converted": converted} if converted else {})}


def _give(_desk: Desk, outcome: Outcome) -> dict[str, Any]:
    assert outcome.card is not None and outcome.transfer is not None
    return {
        "amount": Money(outcome.transfer.amount, outcome.card.currency),
        "balance": Money(outcome.card.balance, outcome.card.currency),
        "transaction": outcome.transfer.public_id,
    }


OPERATION = Operation(
    name="redeem",
    title="Redeem a gift card",
    command=Redeem,
    perform=perform,
    scope="cards:write",
    answer=_answer,
    rest_path="/gift-cards/{card}/redeem",
    action="redeem-gift-card",
    step="redeem_card",
    verb="redeem",
    gives=("amount", "balance", "transaction"),
    give=_give,
)
