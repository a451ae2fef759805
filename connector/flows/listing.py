"""Lists of runs, events and inbound deliveries: newest first, by what was asked, a page at a time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..domain.accounts import Account
from ..store import accounts, contacts
from ..store.columns import is_name
from .paging import Page, close_cursor, limit_of, open_cursor
from .parts import Parts

Read = Callable[[int | None, int], tuple[list[int], list[dict[str, Any]]]]
"""Rows before this number, at most so many: their numbers, and as they are shown."""


def filters_of(
    connection: Any, account: Account, asked: Mapping[str, Any], known: Sequence[str]
) -> dict[str, Any] | None:
    """What the store is asked: names turned to numbers of rows; None where somebody unknown is named."""
    found = {name: asked[name] for name in known if asked.get(name) is not None}
    if not all(is_name(value) for value in found.values() if isinstance(value, str)):
        return None
    if "contact_id" in found:
        whose = contacts.find(connection, account.id, found.pop("contact_id"))
        if whose is None:
            return None
        found["contact"] = whose.id
    if "source" in found:
        found["source"] = accounts.source_number(connection, account.id, found["source"])
        if found["source"] is None:
            return None
    if "event_id" in found:
        found["event"] = found.pop("event_id")
    return found


def page_of(parts: Parts, account: Account, name: str, asked: Mapping[str, Any], read: Read) -> Page:
    """One page of the list `name`; BadRequest for a cursor of another list, or of other filters."""
    limit = limit_of(asked.get("limit"))
    told = sorted((one, str(value)) for one, value in asked.items() if one not in ("cursor", "limit"))
    which = f"{name} {told}"
    after = open_cursor(parts, account, which, asked.get("cursor"))
    numbers, shown = read(None if after is None else int(after[0]), limit + 1)
    if len(numbers) <= limit:
        return Page(shown, None)
    return Page(shown[:limit], close_cursor(parts, account, which, [numbers[limit - 1]]))
