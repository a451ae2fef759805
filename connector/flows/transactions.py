"""The lines of the ledger for the doors: one by its id, a card's own, all of an account's."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ..domain.accounts import Account
from ..domain.errors import NotFound
from ..domain.jsontext import dumps
from ..domain.money import EXPONENT
from ..domain.transfers import TRANSFER_TYPES, transaction_json
from ..ledger import accounts as chart
from ..store import cards, contacts, transfer_lists
from ..store.transfer_lists import Filters, ListedLine
from .paging import Page, bad, close_cursor, limit_of, open_cursor
from .parts import Parts

TRANSACTIONS: Final = "transactions"
FILTERS: Final = (
    *("gift_card_id", "contact_id", "type", "reason", "reference", "invoice", "invoice_line"),
    *("recipe", "currency", "since", "until"),
)
_AS_THEY_ARE: Final = tuple(name for name in FILTERS if name not in ("gift_card_id", "contact_id"))


def transaction(parts: Parts, account: Account, public_id: str) -> dict[str, Any]:
    """One line by its id, or NotFound."""
    with parts.engines.reading() as connection:
        found = transfer_lists.find(connection, account.id, public_id)
    if found is None:
        raise NotFound("There is no such transaction in this account.")
    return line_json(found)


def card_transactions(parts: Parts, account: Account, card: str, asked: Mapping[str, Any]) -> Page:
    """One card's lines, as `list_transactions`; NotFound where the account has no such card."""
    with parts.engines.reading() as connection:
        if cards.find(connection, account.id, card) is None:
            raise NotFound("There is no such card in this account.")
    return list_transactions(parts, account, {**asked, "gift_card_id": card})


def list_transactions(parts: Parts, account: Account, asked: Mapping[str, Any]) -> Page:
    """Lines that fit everything in `asked` (FILTERS, limit, cursor), newest first. BadRequest."""
    limit = limit_of(asked.get("limit"))
    which = f"{TRANSACTIONS} {_digest(asked)}"
    after = open_cursor(parts, account, which, asked.get("cursor"))
    with parts.engines.reading() as connection:
        filters = _filters(connection, account, asked)
        found = transfer_lists.page(connection, account.id, filters, after=after, limit=limit + 1)
    shown = [line_json(one) for one in found[:limit]]
    if len(found) <= limit:
        return Page(shown, None)
    return Page(shown, close_cursor(parts, account, which, found[limit - 1].place))


def line_json(line: ListedLine) -> dict[str, Any]:
    """A line as REST shows it, signed as its card sees it; one of no card as its prepaid funds do.

    `gift_card_id` is None there.
    """
    transfer = line.transfer
    if line.card is not None:
        return transaction_json(transfer, line.card, chart.card(line.card))
    own = transfer.debit if chart.is_prepaid(transfer.debit) else transfer.credit
    return {**transaction_json(transfer, "", own), "gift_card_id": None}


def _filters(connection: Any, account: Account, asked: Mapping[str, Any]) -> Filters:
    values = {name: asked[name] for name in _AS_THEY_ARE if asked.get(name) is not None}
    if values.get("type", TRANSFER_TYPES[0]) not in TRANSFER_TYPES:
        raise bad("type", f"is one of {', '.join(TRANSFER_TYPES)}")
    if "currency" in values and values["currency"] not in EXPONENT:
        raise bad("currency", "is no currency of ISO 4217")
    if "invoice_line" in values and "invoice" not in values:
        raise bad("invoice_line", "is of an invoice: ask for that too")
    if asked.get("gift_card_id") is not None:
        card = cards.find(connection, account.id, asked["gift_card_id"])
        values["card_id"] = -1 if card is None else card.id
    if asked.get("contact_id") is not None:
        contact = contacts.find(connection, account.id, asked["contact_id"])
        values["contact_id"] = -1 if contact is None else contact.id
    return Filters(**values)


def _digest(asked: Mapping[str, Any]) -> str:
    kept = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asked.items()
        if name not in ("limit", "cursor") and value is not None
    }
    return hashlib.sha256(dumps(kept).encode()).hexdigest()[:16]
