"""Lists and details for the doors: filters, cursors."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..domain.accounts import Account
from ..domain.cards import Card, card_json
from ..domain.codes import normal
from ..domain.errors import BadRequest, FieldError, NotFound
from ..domain.jsontext import dumps, loads
from ..domain.money import EXPONENT
from ..domain.signing import hmac_sha256, same
from ..store import accounts, cards, contacts
from .parts import Parts

MAX_LIMIT: Final = 250
DEFAULT_LIMIT: Final = 50
_SEAL_BYTES: Final = 9
# Four symbols carry three bytes; a lone one in the last group carries nothing and is no base64.
_CURSOR: Final = re.compile(r"(?:[A-Za-z0-9_-]{4}){3,50}(?:[A-Za-z0-9_-]{2,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `next_cursor` is None on the last."""

    data: list[dict[str, Any]]
    next_cursor: str | None

    def as_json(self) -> dict[str, Any]:
        return {"data": self.data, "next_cursor": self.next_cursor}


def card(parts: Parts, account: Account, public_id: str) -> dict[str, Any]:
    """One card by its id, or NotFound."""
    with parts.engines.reading() as connection:
        found = cards.find(connection, account.id, public_id)
    if found is None:
        raise NotFound("There is no such card in this account.")
    return _shown(parts, account, found)


def card_by_code(parts: Parts, account: Account, code: str) -> dict[str, Any]:
    """One card by its code, or NotFound: the same for a code of nobody's and of another account's."""
    with parts.engines.reading() as connection:
        found = cards.find_by_code(connection, parts.ring, account.id, normal(code))
    if found is None:
        raise NotFound("There is no card with this code in this account.")
    return _shown(parts, account, found)


def list_cards(parts: Parts, account: Account, asked: Mapping[str, str]) -> Page:
    """Cards, newest first. `asked` are the query's parameters; an unknown one or a bad value is a 400."""
    limit = _limit(asked)
    before = _open_cursor(parts, account, asked.get("cursor"))
    with parts.engines.reading() as connection:
        conditions = []
        for name, value in sorted(asked.items()):
            if name in ("limit", "cursor"):
                continue
            if name == "contact_id":
                contact = contacts.find(connection, account.id, value)
                conditions.append(cards.of_contact(-1 if contact is None else contact.id))
            else:
                conditions.append(_condition(name, value))
        found = cards.page(connection, account.id, conditions=conditions, before=before, limit=limit + 1)
    shown = [_shown(parts, account, one) for one in found[:limit]]
    following = found[limit - 1].id if len(found) > limit else None
    return Page(shown, None if following is None else _close_cursor(parts, account, following))


def _condition(name: str, value: str) -> Any:
    if name == "currency" and value in EXPONENT:
        return cards.in_currency(value)
    if name == "last4" and len(value) == 4 and value.isascii():
        return cards.ends_with(value.upper())
    if name == "balance_status" and value in cards.BALANCE_STATUSES:
        return cards.has_balance_status(value)
    if name in ("currency", "last4", "balance_status"):
        raise _bad(name, f"{value[:40]!r} is not a value of it")
    raise _bad(name, "is not a parameter of this list")


def _limit(asked: Mapping[str, str]) -> int:
    text = asked.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_LIMIT):
        raise _bad("limit", f"must be a whole number from 1 to {MAX_LIMIT}")
    return int(text)


def _close_cursor(parts: Parts, account: Account, row: int) -> str:
    text = dumps([account.id, row]).encode()
    return _written(_seals(parts, text)[0] + text)


def _open_cursor(parts: Parts, account: Account, cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not _CURSOR.fullmatch(cursor):
        raise _bad("cursor", "is not one of ours")
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    sealed, text = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
    if _written(raw) != cursor or not any(same(sealed, seal) for seal in _seals(parts, text)):
        raise _bad("cursor", "is not one of ours")
    owner, row = loads(text)
    if owner != account.id:
        raise _bad("cursor", "is not one of ours")
    return int(row)


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _seals(parts: Parts, text: bytes) -> list[bytes]:
    """By the newest key first: a cursor outlives the turn to a new key."""
    return [hmac_sha256(key, b"cursor" + text)[:_SEAL_BYTES] for key in parts.ring.link_keys()]


def _shown(parts: Parts, account: Account, found: Card) -> dict[str, Any]:
    now = parts.clock.now() + account.clock_offset
    return card_json(found, now=now, sandbox=account.sandbox)


def _bad(name: str, message: str) -> BadRequest:
    return BadRequest(f"{name} {message}", errors=[FieldError(name, message)])


def every_account(parts: Parts) -> list[Account]:
    """All accounts, by slug."""
    with parts.engines.reading() as connection:
        return accounts.every(connection)
