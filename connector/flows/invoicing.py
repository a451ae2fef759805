"""A transaction's invoice line, told or mended after the deed: what the till did not know yet.

The one rule: nothing of the ledger changes, and the audit trail has every word that was said.
"""

from collections.abc import Mapping
from typing import Any

from ..domain.accounts import Account, Actor
from ..domain.errors import NotFound
from ..operations import invoicing
from ..store import cards, invoices, transfer_lists
from ..store.writer import Writing
from .parts import Parts
from .perform import Answered, Idempotency, once
from .transactions import line_json


def link(
    parts: Parts,
    account: Account,
    actor: Actor,
    transaction: str,
    told: Mapping[str, Any],
    key: Idempotency | None = None,
) -> Answered:
    """`told`: invoice, None: of none any more; and invoice_line. NotFound, ValidationFailed."""
    line = invoicing.require_line(told.get("invoice"), told.get("invoice_line"))

    def deed(tx: Writing) -> Answered:
        found = transfer_lists.find(tx, account.id, transaction)
        if found is None:
            raise NotFound("There is no such transaction in this account.")
        if found.transfer.invoice != line:
            invoices.link(tx, account.id, transaction, line)
            card = None if found.card is None else cards.find(tx, account.id, found.card)
            details = {"transaction_id": transaction, "invoice": None if line is None else line.as_json}
            parts.desk(tx, account, actor).note("link_invoice", card, subject=transaction, details=details)
        said = transfer_lists.find(tx, account.id, transaction)
        assert said is not None
        return Answered(200, line_json(said))

    return once(parts, account, deed, key)
