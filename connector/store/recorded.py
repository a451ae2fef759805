"""What was recorded lately, to hold recipes against: the newest events of a type, the newest people.

One rule: by the index that a list goes by, newest first, and never more than was asked for.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, select

from ..domain.jsontext import read_own
from .tables import contacts, events

AT_ONCE: Final = 50
_MAX_LETTERS: Final = 8 * 1024 * 1024  # of envelopes: some payloads have a megabyte, and a look must stay one


def latest_events(
    connection: Connection, account_id: int, event_type: str, limit: int
) -> Iterator[Mapping[str, Any]]:
    """The envelopes of the account's newest events of a type, at most `limit`; read as they are taken."""
    wanted = select(events.c.id, events.c.envelope).where(
        events.c.account_id == account_id, events.c.type == event_type
    )
    before: int | None = None
    letters, seen = 0, 0
    while seen < limit and letters < _MAX_LETTERS:
        page = wanted if before is None else wanted.where(events.c.id < before)
        size = min(AT_ONCE, limit - seen)
        rows = connection.execute(page.order_by(events.c.id.desc()).limit(size)).all()
        for row in rows:
            letters += len(row.envelope)
            yield read_own(row.envelope)
        if len(rows) < size:
            return
        seen, before = seen + size, rows[-1].id


def latest_attributes(connection: Connection, account_id: int, limit: int) -> Iterator[Mapping[str, Any]]:
    """The attributes of the account's newest people, merged and erased ones aside."""
    wanted = (
        select(contacts.c.attributes)
        .where(contacts.c.account_id == account_id)
        .where(contacts.c.merged_into.is_(None), contacts.c.erased_at.is_(None))
        .order_by(contacts.c.id.desc())
        .limit(limit)
    )
    for row in connection.execute(wanted):
        yield row.attributes
