"""Holds: amounts of cards that are reserved, then captured or released. No money moves until the capture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from .events import rfc3339

HOLD_STATES: Final = ("open", "captured", "released", "lapsed")


@dataclass(frozen=True, slots=True)
class Hold:
    """An amount (minor units of the card's currency) of one card; `card` is its public id, `card_id` its row.

    `captured` is what was taken of it; `transfer` is the public id of that transfer.
    """

    id: int
    public_id: str
    account_id: int
    card_id: int
    card: str
    amount: int
    state: str
    expires_at: datetime
    created_at: datetime
    captured: int = 0
    reference: str | None = None
    transfer: str | None = None
    ended_at: datetime | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)


def hold_json(hold: Hold) -> dict[str, Any]:
    """A hold as REST and messages show it."""
    return {
        "id": hold.public_id,
        "gift_card_id": hold.card,
        "amount": hold.amount,
        "captured": hold.captured,
        "state": hold.state,
        "reference": hold.reference,
        "transaction_id": hold.transfer,
        "expires_at": rfc3339(hold.expires_at),
        "created_at": rfc3339(hold.created_at),
        "ended_at": None if hold.ended_at is None else rfc3339(hold.ended_at),
        "origin": dict(hold.origin),
    }
