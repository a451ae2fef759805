"""Cards: their states, and what each state allows. Pure functions over facts.

States are never stored: they follow from five facts, the first match wins.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from .errors import CardDisabled, CardExpired, CardNotYetUsable

STATES: Final = ("pending", "active", "depleted", "expired", "disabled", "removed")
KINDS: Final = ("promotional", "paid")
SOURCES: Final = ("recipe", "api", "action", "import", "manual", "purchase")


@dataclass(frozen=True, slots=True)
class Life:
    """The facts from which a card's state follows."""

    balance: int
    usable_at: datetime | None = None
    expires_at: datetime | None = None
    disabled_at: datetime | None = None
    removed_at: datetime | None = None


def state_of(life: Life, now: datetime) -> str:
    """One of STATES: removed, disabled, expired, pending, depleted, else active."""
    if life.removed_at is not None:
        return "removed"
    if life.disabled_at is not None:
        return "disabled"
    if life.expires_at is not None and life.expires_at <= now:
        return "expired"
    if life.usable_at is not None and life.usable_at > now:
        return "pending"
    return "depleted" if life.balance == 0 else "active"


def require_usable(life: Life, card: str, now: datetime) -> None:
    """Pass if value may be taken from the card or put on it now, else the Conflict that says why not."""
    state = state_of(life, now)
    if state in ("removed", "disabled"):
        raise CardDisabled(f"Card {card} is {state}.")
    if state == "expired":
        raise CardExpired(f"Card {card} expired at {life.expires_at}.")
    if state == "pending":
        raise CardNotYetUsable(f"Card {card} is usable from {life.usable_at}.")
