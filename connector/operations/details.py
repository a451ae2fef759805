"""What people write on a card: texts of a length, and details under known names. Faults name the field."""

from collections.abc import Mapping
from typing import Any, Final

from ..domain.cards import Card
from ..domain.spoken import locale_named
from .kit import Desk, Outcome, wrong

RECIPIENT: Final = ("name", "email", "phone", "locale")
SENDER: Final = ("name",)
MAX_TEXT: Final = 2_000
MAX_DETAIL: Final = 320  # the longest address that mail allows


def require_text(field: str, text: str | None) -> None:
    """At most MAX_TEXT characters."""
    if text is not None and len(text) > MAX_TEXT:
        raise wrong(field, f"has {len(text)} characters; {MAX_TEXT} are the most")


def require_known(field: str, given: Mapping[str, Any] | None, known: tuple[str, ...]) -> None:
    """Texts under known names only: they are printed on cards and in mails."""
    for name, value in (given or {}).items():
        if name not in known:
            raise wrong(f"{field}.{name}", f"is not a field of it; there are: {', '.join(known)}")
        if value is not None and not (isinstance(value, str) and len(value) <= MAX_DETAIL):
            raise wrong(f"{field}.{name}", f"is a text of at most {MAX_DETAIL} characters")
        if name == "locale" and value is not None and locale_named(value) is None:
            raise wrong(f"{field}.{name}", "is no locale, such as de or fr-CA")


def card_answer(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    """The answer of a call that changes a card without moving money."""
    assert outcome.card is not None
    return {"gift_card": desk.card_json(outcome.card)}


def give_card(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    """What such a deed gives to a recipe's later steps."""
    assert outcome.card is not None
    return {"card": desk.card_json(outcome.card)}


def removed(card: Card) -> str:
    """Why nothing can be done with a removed card, in words."""
    return f"Card {card.public_id} is removed."
