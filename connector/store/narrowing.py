"""Which rows of a long list can match at all, where one of its filters has few: only these are looked at.

One rule: what is asked here narrows, and decides nothing. The list's own statement has every condition
again, so that a filter with many rows may be left out of it.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Select

from .steering import steer

FEW: Final = 1_000  # numbers: two milliseconds to fetch, and to look up again


def narrowed(connection: Connection, candidates: Iterable[Select[Any]], few: int = FEW) -> set[int] | None:
    """The rows that every candidate with few gives; None: each has many, or there is none.

    A candidate selects numbers of rows by an index, each once or more, in any order.
    """
    steer(connection)
    found: set[int] | None = None
    for candidate in candidates:
        rows = connection.execute(candidate.limit(few + 1)).scalars().all()
        if len(rows) > few:
            continue
        found = set(rows) if found is None else found & set(rows)
        if not found:
            break
    return found
