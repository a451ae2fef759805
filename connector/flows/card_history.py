"""What was held on a card, and what was done to it: by whom, by which key, run or user, and why."""

from collections.abc import Mapping
from typing import Any, Final

from ..domain.accounts import Account
from ..domain.cards import Card
from ..domain.errors import NotFound
from ..domain.events import rfc3339
from ..domain.holds import hold_json
from ..store import audit, cards, holds
from ..store.audit import Entry
from .paging import Page, close_cursor, limit_of, open_cursor
from .parts import Parts

HOLDS: Final = "holds"
AUDIT: Final = "audit"


def hold(parts: Parts, account: Account, public_id: str) -> dict[str, Any]:
    """One hold by its id, or NotFound."""
    with parts.engines.reading() as connection:
        found = holds.find(connection, account.id, public_id)
    if found is None:
        raise NotFound("There is no such hold in this account.")
    return hold_json(found)


def holds_of(parts: Parts, account: Account, card: str, asked: Mapping[str, Any]) -> Page:
    """A card's holds, newest first. `asked`: limit, cursor."""
    limit, before = _where(parts, account, HOLDS, card, asked)
    with parts.engines.reading() as connection:
        of_card = _require(cards.find(connection, account.id, card))
        found = holds.page(connection, of_card.id, before=before, limit=limit + 1)
    last = found[limit - 1].id if len(found) > limit else None
    return _page(parts, account, HOLDS, card, [hold_json(one) for one in found[:limit]], last)


def audit_of(parts: Parts, account: Account, card: str, asked: Mapping[str, Any]) -> Page:
    """What was done to a card, newest first. `asked`: limit, cursor."""
    limit, before = _where(parts, account, AUDIT, card, asked)
    with parts.engines.reading() as connection:
        of_card = _require(cards.find(connection, account.id, card))
        found = audit.page(connection, of_card.id, before=before, limit=limit + 1)
    last = found[limit - 1].id if len(found) > limit else None
    return _page(parts, account, AUDIT, card, [entry_json(one, card) for one in found[:limit]], last)


def entry_json(entry: Entry, card: str) -> dict[str, Any]:
    """A row of the trail of `card`, which may be about a transaction of it.

    `act` is the deed's name, `origin` names the key, run, user or command, `details` says what changed.
    """
    return {
        "gift_card_id": card,
        "act": entry.act,
        "transaction_id": entry.transfer,
        "source": entry.source,
        "origin": dict(entry.origin),
        "reason": entry.reason,
        "note": entry.note,
        "details": None if entry.details is None else dict(entry.details),
        "created_at": rfc3339(entry.created_at),
    }


def _require(found: Card | None) -> Card:
    if found is None:
        raise NotFound("There is no such card in this account.")
    return found


def _where(
    parts: Parts, account: Account, which: str, card: str, asked: Mapping[str, Any]
) -> tuple[int, int | None]:
    after = open_cursor(parts, account, f"{which} {card}", asked.get("cursor"))
    return limit_of(asked.get("limit")), None if after is None else int(after[0])


def _page(
    parts: Parts, account: Account, which: str, card: str, shown: list[dict[str, Any]], last: int | None
) -> Page:
    return Page(shown, None if last is None else close_cursor(parts, account, f"{which} {card}", [last]))
