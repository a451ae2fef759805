"""How a refusal says a sum: as whoever asked writes sums.

The one rule: REST counts in minor units, and its sentences do too; actions, recipes and
command lines are written in major units, and 100000 there would read as a hundred thousand.
"""

from typing import Final

from ..domain.cards import Card
from ..domain.errors import InsufficientBalance
from ..domain.money import Money
from .kit import Desk

IN_MINOR_UNITS: Final = ("api",)


def said(desk: Desk, minor: int, currency: str) -> str:
    """`1500 USD` to REST, `15.00 USD` to all others."""
    return f"{minor} {currency}" if desk.actor.source in IN_MINOR_UNITS else str(Money(minor, currency))


def number(desk: Desk, minor: int, currency: str) -> str:
    """The same without its currency, which the sentence has named: `1500`, `15.00`."""
    return said(desk, minor, currency).removesuffix(f" {currency}")


def too_little(desk: Desk, card: Card, asked: int, beside: str = "") -> InsufficientBalance:
    """The refusal of `asked` minor units that the card does not have; `beside` is said after them."""
    there, amount = said(desk, card.available, card.currency), number(desk, asked, card.currency)
    return InsufficientBalance(f"Card {card.public_id} has {there} available, {amount}{beside} asked.")
