"""Reveal: show a card's code again. Nobody is told; the audit trail keeps who saw it."""

from dataclasses import dataclass
from typing import Any

from ..store import cards
from .details import require_text
from .kit import Desk, Operation, Outcome, field_of


@dataclass(frozen=True, slots=True)
class Reveal:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    reason: str | None = field_of("text", "why, for the audit trail", default=None)


def perform(desk: Desk, command: Reveal) -> Outcome:
    """The card's code in the outcome, and a row in the audit trail; the card stays as it is."""
    require_text("reason", command.reason)
    card = desk.require_card(command.card, locked=False)
    desk.note("reveal", card, reason=command.reason)
    return Outcome(card, code=cards.open_code(desk.tx, desk.ring, card))


def _answer(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    assert outcome.card is not None
    shown = {**desk.card_json(outcome.card), "url": desk.url_of(outcome.card)}
    return {"code": outcome.code, "gift_card": shown}


OPERATION = Operation(
    name="reveal",
    title="Reveal a gift card's code",
    command=Reveal,
    perform=perform,
    scope="cards:reveal",
    answer=_answer,
    rest_path="/gift-cards/{card}/reveal",
    verb="reveal",
    changes=False,
)
