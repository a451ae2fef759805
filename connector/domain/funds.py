"""Prepaid funds: money paid in beforehand, which issuing draws on and never overdraws."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .events import rfc3339


@dataclass(frozen=True, slots=True)
class Fund:
    """The funds of an account (`program` is ""), or of one of its programs, in one currency.

    Amounts in minor units. `transfer_count` and `head_hash` are the end of the
    chain of its deposits. Below `threshold` a message warns.
    """

    id: int
    public_id: str
    account_id: int
    program: str
    currency: str
    balance: int
    threshold: int | None
    transfer_count: int
    head_hash: str
    created_at: datetime
    updated_at: datetime

    @property
    def is_low(self) -> bool:
        """Whether less is left than the threshold says."""
        return self.threshold is not None and self.balance < self.threshold


def fund_json(fund: Fund) -> dict[str, Any]:
    """Funds as REST and messages show them."""
    return {
        "id": fund.public_id,
        "program": fund.program or None,
        "currency": fund.currency,
        "balance": fund.balance,
        "threshold": fund.threshold,
        "is_low": fund.is_low,
        "created_at": rfc3339(fund.created_at),
        "updated_at": rfc3339(fund.updated_at),
    }
