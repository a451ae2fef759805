"""Transfers: the immovable lines of the ledger, and the chain that makes tampering show.

A transfer is one row: what is debited, what is credited, how much. It touches at
most one card, carries that card's running number, and the hash of the line before.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from .events import rfc3339
from .jsontext import dumps

TRANSFER_TYPES: Final = (
    "issue",
    "redeem",
    "exchange",
    "deposit",
    "withdraw",
    "load",
    "adjust",
    "refund",
    "transfer",
    "capture",
    "expire",
    "revive",
    "cash_out",
    "convert",
)

NO_HASH: Final = "0" * 64
"""What stands before a chain's first line."""


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """The line of an invoice that a transfer is about: what sold the card's value, or was paid with it.

    By the numbers that the invoice's own program gave them; `line` None: the invoice whole.
    """

    invoice: str
    line: str | None = None

    @property
    def as_json(self) -> dict[str, Any]:
        return {"id": self.invoice, "line": self.line}


@dataclass(frozen=True, slots=True)
class Transfer:
    """One line: `amount` (minor units, above 0) leaves `debit` and arrives at `credit`.

    `rate` is that of a movement between two currencies, as it was used. `invoice` stands beside
    the line, not in it: it may be told later, and mended.
    """

    public_id: str
    account_id: int
    type: str
    debit: str
    credit: str
    amount: int
    currency: str
    created_at: datetime
    previous_hash: str
    number: int | None = None
    balance_after: int | None = None
    related: str | None = None
    reference: str | None = None
    reason: str | None = None
    note: str | None = None
    rate: str | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    invoice: InvoiceLine | None = None

    @property
    def hash(self) -> str:
        """SHA-256 over every column of the line (its invoice is none) and the hash of the one before."""
        line = [
            self.previous_hash,
            self.public_id,
            self.account_id,
            self.type,
            self.debit,
            self.credit,
            self.amount,
            self.currency,
            rfc3339(self.created_at),
            self.number,
            self.balance_after,
            self.related,
            self.reference,
            self.reason,
            self.note,
            self.rate,
            dict(self.origin),
        ]
        return hashlib.sha256(dumps(line).encode()).hexdigest()


def transaction_json(transfer: Transfer, card: str, card_account: str) -> dict[str, Any]:
    """A transfer as REST and messages show it: signed as the card sees it."""
    sign = 1 if transfer.credit == card_account else -1
    return {
        "id": transfer.public_id,
        "gift_card_id": card,
        "type": transfer.type,
        "amount": sign * transfer.amount,
        "currency": transfer.currency,
        "balance_after": transfer.balance_after,
        "reference": transfer.reference,
        "reason": transfer.reason,
        "created_at": rfc3339(transfer.created_at),
        "note": transfer.note,
        "rate": transfer.rate,
        "origin": dict(transfer.origin),
        "related_transaction_id": transfer.related,
        "invoice": None if transfer.invoice is None else transfer.invoice.as_json,
    }
