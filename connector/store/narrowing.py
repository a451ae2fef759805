"""Which rows of a long list can match at all, where one of its filters has few: only these are looked at.

One rule: what is asked here narrows, and decides nothing. The list's own statement has every condition
again, so that a filter with many rows may be left out of it.

A list between two moments is read in the order of its moments, so that an index leads to where it begins.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, literal, select, tuple_

from .columns import Moment
from .steering import shielded, steer

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


def is_between(filters: Mapping[str, Any]) -> bool:
    """Whether a list is asked for between two moments, or on one side of one."""
    return "since" in filters or "until" in filters


def newest_first(
    connection: Connection,
    wanted: Select[Any],
    table: Table,
    filters: Mapping[str, Any],
    *,
    found: Collection[int] | None,
    before: int | None,
    is_timed: bool = False,
) -> Select[Any]:
    """Of the rows `found` (None: of all), newest first, behind the row number `before`.

    By their numbers; where the list `is_timed` or between two moments (`since`, `until`) by when they
    were made. The two orders are one but where a clock was set back.
    """
    number, at = table.c.id, table.c.created_at
    if found is not None:
        wanted = wanted.where(number.in_(found))
    if not (is_timed or is_between(filters)):
        wanted = wanted if before is None else wanted.where(number < before)
        return wanted.order_by(number.desc())
    last = None if before is None else connection.execute(select(at).where(number == before)).scalar()
    if found is not None:  # few, and so by their numbers; the index of moments would be walked for them
        at = shielded(table)["created_at"]
    if "since" in filters:
        wanted = wanted.where(at >= literal(filters["since"], Moment))
    if before is not None:  # further down than `until` already
        wanted = wanted.where(tuple_(at, number) < tuple_(literal(last, Moment), literal(before)))
    elif "until" in filters:
        wanted = wanted.where(at < literal(filters["until"], Moment))
    return wanted.order_by(at.desc(), number.desc())
