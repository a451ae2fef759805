"""Check balance: of one card, or what a contact can spend in each currency. 0 and no error for none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..domain import ids
from ..domain.cards import state_of
from ..domain.contacts import Whom
from ..domain.errors import FieldError, NotFound, ValidationFailed
from ..domain.money import Money
from ..store import cards
from .kit import Desk, Operation, Outcome, field_of


@dataclass(frozen=True, slots=True)
class CheckBalance:
    card: str | None = field_of("card", "the card: its id or its code", default=None)
    contact_id: Whom | None = field_of("contact", "or a contact: the sum of their usable cards", default=None)


def perform(desk: Desk, command: CheckBalance) -> Outcome:
    """`result`: balance, available, state, has_balance, and `balances`: what can be spent, by currency.

    A person's `balance` is that of the account's currency. ValidationFailed where neither
    a card nor a person is named: whoever forgot to fill that in must not read 0. NotFound
    for a card or one of our contact ids that is not there; somebody named otherwise whom
    nobody knows has nothing: 0.
    """
    if command.card is not None and command.contact_id is not None:
        message = "give card or contact_id, not both"
        raise ValidationFailed(message, errors=[FieldError("contact_id", message)])
    if command.card is not None:
        card = desk.require_card(command.card, locked=False)
        state = state_of(card.life, desk.now)
        is_usable = state in ("active", "depleted")
        available = Money(card.available if is_usable else 0, card.currency)
        balance = Money(card.balance, card.currency)
        return Outcome(card, result=_result(balance, available, state, {card.currency: available.minor}))
    if command.contact_id is None:
        message = "is missing, and so is a contact: name one of them, to say whose balance"
        raise ValidationFailed(f"card {message}", errors=[FieldError("card", message)])
    contact = desk.find_contact(command.contact_id)
    if contact is None:
        if str(command.contact_id).startswith(ids.CONTACT + "_"):
            raise NotFound("There is no such contact in this account.")
        return Outcome(result=_of_person(desk, {}))
    sums = cards.purse(desk.tx, desk.account.id, contact.id, desk.now).balances
    return Outcome(result=_of_person(desk, sums))


def _of_person(desk: Desk, sums: Mapping[str, int]) -> dict[str, Any]:
    """What they have in any currency counts for `state` and `has_balance`."""
    usable = Money.total(sums.get(desk.account.currency, 0), desk.account.currency)
    return _result(usable, usable, "active" if any(sums.values()) else "depleted", sums)


def _result(balance: Money, available: Money, state: str, sums: Mapping[str, int]) -> dict[str, Any]:
    return {
        "balance": balance,
        "available": available,
        "state": state,
        "has_balance": any(minor > 0 for minor in sums.values()),
        "balances": [Money.total(minor, currency) for currency, minor in sorted(sums.items()) if minor],
    }


def _answer(_desk: Desk, outcome: Outcome) -> dict[str, Any]:
    found = outcome.result
    return {
        "balance": found["balance"].text,
        "available": found["available"].text,
        "currency": found["balance"].currency,
        "state": found["state"],
        "has_balance": found["has_balance"],
        "balances": [one.as_json() for one in found["balances"]],
    }


def _give(_desk: Desk, outcome: Outcome) -> dict[str, Any]:
    return dict(outcome.result)


OPERATION = Operation(
    name="check_balance",
    title="Check a balance",
    command=CheckBalance,
    perform=perform,
    scope="cards:read",
    answer=_answer,
    action="check-balance",
    step="check_balance",
    verb="balance",
    gives=("balance", "available", "state", "has_balance", "balances"),
    give=_give,
    changes=False,
)
