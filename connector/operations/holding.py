"""Holds of a locked card: made, and ended one way or the other. The same for every deed that ends one.

What is held is never more than the sum of the open holds; each that ends without
being captured is told.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ..domain.accounts import Actor
from ..domain.cards import Card
from ..domain.errors import BalanceChanged, HoldNotOpen, NotFound
from ..domain.holds import Hold, hold_json
from ..store import holds

if TYPE_CHECKING:
    from .kit import Desk, Outcome

BY_ITSELF: Final = Actor("schedule", {"by": "schedule"})
"""Who does what nobody asked for: time does."""

HOLD_RELEASED: Final = "gift_card.hold_released"


def reserve(desk: "Desk", card: Card, hold: Hold) -> tuple[Card, Hold]:
    """Make an open hold; the caller has seen that so much is available."""
    made = replace(hold, id=holds.add(desk.tx, hold))
    desk.tx.pause("holding.before_reserve")
    held = _shift(desk, card, hold.amount, messages=1)
    desk.tell_of_card(("gift_card.hold_created",), held, None, desk.contact_of(held), told(made))
    desk.note("hold", held, details={"hold": made.public_id, "amount": made.amount})
    return held, made


def require_hold(desk: "Desk", public_id: str) -> tuple[Card, Hold]:
    """An open hold of the account and its card, locked; NotFound or HoldNotOpen."""
    found = holds.find(desk.tx, desk.account.id, public_id)
    if found is None:
        raise NotFound("There is no such hold in this account.")
    card = desk.require_card(found.card)
    found = holds.find(desk.tx, desk.account.id, public_id)
    if found is None or found.state != "open":
        raise HoldNotOpen(f"Hold {public_id} is {'gone' if found is None else found.state}.")
    return card, found


def take(desk: "Desk", card: Card, hold: Hold, amount: int, transfer: str) -> tuple[Card, Hold]:
    """End a hold as captured, before its money moves: all of it stops being held."""
    _end(desk, hold, "captured", captured=amount, transfer=transfer)
    ended = replace(hold, state="captured", captured=amount, transfer=transfer, ended_at=desk.now)
    return _shift(desk, card, -hold.amount, messages=0), ended


def lapse_due(desk: "Desk", card: Card) -> Card:
    """End the holds of a locked card whose time is over; nobody's deed, so nobody is named for it."""
    due = holds.open_of(desk.tx, card.id, due_at=desk.now)
    return let_go(replace(desk, actor=BY_ITSELF), card, due, "lapsed") if due else card


def end_all(desk: "Desk", card: Card) -> Card:
    """Release every open hold of a card whose life ends: no hold outlives its card."""
    return card if card.held == 0 else let_go(desk, card, holds.open_of(desk.tx, card.id), "released")


def let_go(desk: "Desk", card: Card, ending: Sequence[Hold], state: str) -> Card:
    """End holds without taking anything: `released` or `lapsed`."""
    for hold in ending:
        _end(desk, hold, state)
        ended = replace(hold, state=state, ended_at=desk.now)
        card = _shift(desk, card, -hold.amount, messages=1)
        desk.tell_of_card((HOLD_RELEASED,), card, None, desk.contact_of(card), told(ended))
        act = "release" if state == "released" else "lapse"
        desk.note(act, card, details={"hold": hold.public_id, "amount": hold.amount})
    return card


def told(hold: Hold) -> dict[str, Any]:
    """What messages and answers have of a hold."""
    return {"hold": hold_json(hold)}


def answer(desk: "Desk", outcome: "Outcome") -> dict[str, Any]:
    """What a call about a hold answers; a capture's has its transaction besides."""
    assert outcome.card is not None
    return {**told(outcome.result["hold"]), "gift_card": desk.card_json(outcome.card)}


def _end(desk: "Desk", hold: Hold, state: str, *, captured: int = 0, transfer: str | None = None) -> None:
    if not holds.end(desk.tx, hold, state, captured=captured, transfer=transfer):
        raise HoldNotOpen(f"Hold {hold.public_id} is not open any more.")


def _shift(desk: "Desk", card: Card, delta: int, *, messages: int) -> Card:
    if not holds.move(desk.tx, card, delta, messages):
        raise BalanceChanged(f"Card {card.public_id} was changed meanwhile.")
    return replace(
        card,
        held=card.held + delta,
        message_count=card.message_count + messages,
        updated_at=desk.now,
    )
