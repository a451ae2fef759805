"""Pages of a list: cursors that nobody can make up, and that stay right while rows are added.

A cursor holds the values of the last row's sort columns, for one list of one account.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..domain.accounts import Account
from ..domain.errors import BadRequest, FieldError
from ..domain.jsontext import dumps, loads
from ..domain.signing import hmac_sha256, same
from .parts import Parts

MAX_LIMIT: Final = 250
DEFAULT_LIMIT: Final = 50
_SEAL_BYTES: Final = 9
# Four symbols carry three bytes; a lone one in the last group carries nothing and is no base64.
_CURSOR: Final = re.compile(r"(?:[A-Za-z0-9_-]{4}){3,240}(?:[A-Za-z0-9_-]{2,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `next_cursor` is None on the last."""

    data: list[dict[str, Any]]
    next_cursor: str | None

    def as_json(self) -> dict[str, Any]:
        return {"data": self.data, "next_cursor": self.next_cursor}


def limit_of(limit: int | None) -> int:
    """How many rows a page has; BadRequest outside 1 to 250."""
    if limit is None:
        return DEFAULT_LIMIT
    if not 1 <= limit <= MAX_LIMIT:
        raise bad("limit", f"must be a whole number from 1 to {MAX_LIMIT}")
    return limit


def close_cursor(parts: Parts, account: Account | None, which: str, values: Sequence[Any]) -> str:
    """A cursor behind the row with these sort values, in the list `which` (its name and order)."""
    text = dumps([_owner(account), which, list(values)]).encode()
    return _written(_seals(parts, text)[0] + text)


def open_cursor(parts: Parts, account: Account | None, which: str, cursor: str | None) -> list[Any] | None:
    """The sort values again; BadRequest for what we did not make, or made for another list or account."""
    if cursor is None:
        return None
    if not _CURSOR.fullmatch(cursor):
        raise bad("cursor", "is not one of ours")
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    sealed, text = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
    if _written(raw) != cursor or not any(same(sealed, seal) for seal in _seals(parts, text)):
        raise bad("cursor", "is not one of ours")
    owner, list_name, values = loads(text)
    if owner != _owner(account):
        raise bad("cursor", "is not one of ours")
    if list_name != which:
        raise bad("cursor", "belongs to another list, or to another order of this one")
    return list(values)


def page_of_few(
    parts: Parts, account: Account | None, which: str, every: Sequence[dict[str, Any]], name: str, asked: Any
) -> Page:
    """One page of what is few enough to be read whole, in the order of the field `name`.

    `asked`: limit, cursor.
    """
    limit = limit_of(asked.get("limit"))
    after = open_cursor(parts, account, which, asked.get("cursor"))
    rest = sorted(
        (one for one in every if after is None or one[name] > after[0]), key=lambda one: str(one[name])
    )
    last = rest[limit - 1][name] if len(rest) > limit else None
    return Page(rest[:limit], None if last is None else close_cursor(parts, account, which, [last]))


def with_filters(which: str, asked: Mapping[str, Any]) -> str:
    """The list `which` by these filters: a cursor of it is none of the same list by others."""
    kept = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asked.items()
        if name not in ("limit", "cursor") and value is not None
    }
    return f"{which} {hashlib.sha256(dumps(kept).encode()).hexdigest()[:16]}"


def bad(name: str, message: str) -> BadRequest:
    """A parameter of the query that is wrong."""
    return BadRequest(f"{name} {message}", errors=[FieldError(name, message)])


def _owner(account: Account | None) -> int:
    """Whose list it is; a list over all accounts is nobody's."""
    return 0 if account is None else account.id


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _seals(parts: Parts, text: bytes) -> list[bytes]:
    """By the newest key first: a cursor outlives the turn to a new key."""
    return [hmac_sha256(key, b"cursor" + text)[:_SEAL_BYTES] for key in parts.ring.link_keys()]
