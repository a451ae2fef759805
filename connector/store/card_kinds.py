"""When the cards that are asked for can have been made: what a list would skip at a million cards.

The one rule: what is said here holds for every card there is. It may hold for more: where a
card was once so, and none is any more.
"""

from typing import Any

from sqlalchemy import Connection, Table, func, select

from .card_filters import Asked
from .kind_tables import WEEK_US, card_ends, card_kinds

Span = tuple[int | None, int | None]


def made_between(connection: Connection, account_id: int, asked: Asked) -> Span | None:
    """The first and the last moment at which such a card can have been made; None: there is no such card.

    A moment that is None is not known.
    """
    found = []
    if asked.kind:
        terms = [card_kinds.c[name] == value for name, value in asked.kind.items()]
        found.append(_made(connection, account_id, asked, card_kinds, 4 * WEEK_US, terms))
    if "expires_at" in asked.spans:
        terms = _within(card_ends.c.ends, asked.spans["expires_at"], WEEK_US)
        found.append(_made(connection, account_id, asked, card_ends, WEEK_US, terms))
    spans = [span for span in found if span is not None]
    if len(spans) < len(found):
        return None
    firsts = [first for first, _ in spans if first is not None]
    lasts = [last for _, last in spans if last is not None]
    return max(firsts, default=None), min(lasts, default=None)


def _made(
    connection: Connection, account_id: int, asked: Asked, table: Table, step: int, terms: list[Any]
) -> Span | None:
    """As `made_between`, by one of the tables, whose `made` counts in steps."""
    made = table.c.made
    here = [table.c.account_id == account_id, *terms]
    here += _within(made, asked.spans.get("created_at", (None, None)), step)
    first, last = connection.execute(select(func.min(made), func.max(made)).where(*here)).one()
    if first is None:
        return None
    # Step 0 has the cards of before 1970 too.
    return first * step if first > 0 else None, (last + 1) * step - 1 if last >= 0 else None


def _within(column: Any, span: Span, step: int) -> list[Any]:
    least, most = (None if one is None else _steps(one, step) for one in span)
    return [*([] if least is None else [column >= least]), *([] if most is None else [column <= most])]


def _steps(moment: int, step: int) -> int:
    """As both databases divide: towards 1970."""
    return moment // step if moment >= 0 else -(-moment // step)
