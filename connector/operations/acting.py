"""A deed as no-code tools ask for it: one flat field a value, sums as decimal text.

The one rule: an action does what its deed does. Its answer has REST's objects
besides, as they are, and its refusals name the fields that an action has.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ..domain.cards import Card
from ..domain.errors import FieldError, ValidationFailed
from ..domain.money import Money
from ..domain.transfers import transaction_json
from ..ledger import accounts
from .kit import Desk, Operation, Outcome

FLAT_OF: Final = {"contact.": "", "recipient.": "recipient_", "sender.": "sender_"}
"""How the parts of an object are called where all is flat: `recipient.email` is `recipient_email`."""

_SUMS: Final = ("balance", "available", "held", "initial_amount")
_AS_THEY_ARE: Final = (
    *("id", "state", "currency", "last4", "kind", "contact_id", "program"),
    *("message", "url", "usable_at", "expires_at", "created_at"),
)


def as_action(operation: Operation) -> Operation:
    """The same deed with an action's answers and refusals."""

    def perform(desk: Desk, command: Any) -> Outcome:
        try:
            return operation.perform(desk, command)
        except ValidationFailed as fault:
            raise _flat_fault(fault) from fault

    return replace(
        operation,
        perform=perform,
        answer=lambda desk, outcome: action_answer(operation, desk, outcome),
    )


def action_answer(operation: Operation, desk: Desk, outcome: Outcome) -> dict[str, Any]:
    """Flat fields for whoever branches on one, beside `gift_card`, `transaction` and what else REST answers.

    What only looks, and what touches no card, is flat by itself.
    """
    own = operation.answer(desk, outcome)
    if outcome.card is None or not operation.changes:
        return own
    moved = {} if outcome.transfer is None else _transaction(outcome)
    nested = own if "gift_card" in own else {"gift_card": desk.card_json(outcome.card), **moved}
    code = {} if outcome.code is None else {"code": outcome.code}
    flat = flat_card(desk, outcome.card) | code | _flat_movement(outcome)
    return {**nested, **flat, **_flat_points(outcome), **_flat_converted(outcome)}


def flat_card(desk: Desk, card: Card) -> dict[str, Any]:
    """One card, one value a field; `has_balance`: whether anything of it can be spent now."""
    shown = desk.card_json(card)
    return {
        **{name: shown[name] for name in _AS_THEY_ARE},
        **{name: Money(shown[name], card.currency).text for name in _SUMS},
        "gift_card_id": card.public_id,
        "has_balance": shown["state"] == "active" and card.available > 0,
    }


def _transaction(outcome: Outcome) -> dict[str, Any]:
    assert outcome.card is not None and outcome.transfer is not None
    own = accounts.of_card(outcome.card)
    return {"transaction": transaction_json(outcome.transfer, outcome.card.public_id, own)}


def _flat_movement(outcome: Outcome) -> dict[str, Any]:
    """`amount` is as the card sees it: below zero where value left it."""
    if outcome.transfer is None:
        return {}
    line = _transaction(outcome)["transaction"]
    return {
        "amount": Money(line["amount"], line["currency"]).text,
        "transaction_id": line["id"],
        "transaction_type": line["type"],
        "reference": line["reference"],
    }


def _flat_points(outcome: Outcome) -> dict[str, Any]:
    line: Mapping[str, Any] | None = outcome.result.get("points")
    return {} if line is None else {"points_change": line["points"], "points_balance": line["balance"]}


def _flat_converted(outcome: Outcome) -> dict[str, Any]:
    """What a redemption came to in the other currency that was asked for."""
    told: Mapping[str, Any] | None = outcome.result.get("converted")
    if told is None:
        return {}
    money = Money(told["amount"], told["currency"])
    return {
        "converted_amount": money.text,
        "converted_currency": money.currency,
        "converted_rate": told["rate"],
    }


def _flat_fault(fault: ValidationFailed) -> ValidationFailed:
    errors = [FieldError(_flat_name(one.field), one.message) for one in fault.errors]
    detail = fault.detail
    for before, after in zip(fault.errors, errors, strict=True):
        if detail.startswith(f"{before.field} "):
            detail = after.field + detail.removeprefix(before.field)
    return type(fault)(detail, errors=errors)


def _flat_name(field: str) -> str:
    for nested, flat in FLAT_OF.items():
        if field.startswith(nested):
            return flat + field.removeprefix(nested)
    return field
