"""History: the gateway's verbs for what has happened: the ledger's lines, holds, the audit trail, reports.

The one rule: nothing here changes anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..domain.accounts import Account
from . import card_history, reports, trail, transactions
from .paging import Page
from .parts import Parts


@dataclass(frozen=True, slots=True)
class History:
    """What has happened in an account. `asked` are a list's filters, limit and cursor."""

    parts: Parts

    def transaction(self, account: Account, public_id: str) -> dict[str, Any]:
        return transactions.transaction(self.parts, account, public_id)

    def list_transactions(self, account: Account, asked: Mapping[str, Any]) -> Page:
        return transactions.list_transactions(self.parts, account, asked)

    def card_transactions(self, account: Account, card: str, asked: Mapping[str, Any]) -> Page:
        return transactions.card_transactions(self.parts, account, card, asked)

    def hold(self, account: Account, public_id: str) -> dict[str, Any]:
        return card_history.hold(self.parts, account, public_id)

    def holds_of(self, account: Account, card: str, asked: Mapping[str, Any]) -> Page:
        return card_history.holds_of(self.parts, account, card, asked)

    def audit_of(self, account: Account, card: str, asked: Mapping[str, Any]) -> Page:
        return card_history.audit_of(self.parts, account, card, asked)

    def trail(self, account: Account | None, asked: Mapping[str, Any]) -> Page:
        return trail.page(self.parts, account, asked)

    def report(self, account: Account, name: str, asked: Mapping[str, Any]) -> reports.Report:
        """One of flows/reports.REPORTS."""
        return reports.report(self.parts, account, name, asked)
