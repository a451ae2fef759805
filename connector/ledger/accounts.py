"""The chart: which ledger accounts there are, per business and currency.

Balances are stored for cards only; every other account is the sum of its
transfers, since a stored balance of a hot one would make all issuing wait.
"""

from typing import Final

from ..domain.cards import Card

REDEEMED: Final = "redeemed"
"""What customers have spent."""

DEPOSITS: Final = "deposits"
"""What was paid in as prepaid funds."""

EXPIRED: Final = "expired"
FX: Final = "fx"
CASH_OUT: Final = "cash_out"
TRANSFER: Final = "transfer"
IMPORT_OPENING: Final = "import_opening"

_CARD: Final = "card:"


def card(public_id: str) -> str:
    """The account of one card: `card:gc_…`."""
    return _CARD + public_id


def is_card(account: str) -> bool:
    """Whether a ledger account is some card's."""
    return account.startswith(_CARD)


def of_card(found: Card) -> str:
    return card(found.public_id)


def funding(program: str | None) -> str:
    """Money that was paid in for cards of a program (`-`: of none)."""
    return f"funding:{program or '-'}"


def prepaid(program: str) -> str:
    """Funds that were paid in beforehand, for cards of a program (`-`: of the account); never below zero."""
    return f"prepaid:{program or '-'}"


def is_prepaid(account: str) -> bool:
    """Whether a ledger account is that of prepaid funds."""
    return account.startswith("prepaid:")


def adjust(reason: str) -> str:
    """Where corrections come from and go to, by reason."""
    return f"adjust:{reason}"


def promo(origin: str) -> str:
    """Value given away: by a recipe, or through a door (`api`, `manual`, `action`)."""
    return f"promo:{origin}"
