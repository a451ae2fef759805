"""What is due, oldest first, and yet of many accounts.

The one rule: where one account has more than there is room for, half of the room is for the others.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select

from .writer import Writing


def oldest(
    connection: Connection | Writing, due: Select[Any], account: ColumnElement[int], limit: int
) -> list[Any]:
    """At most `limit` of what `due` selects, in its order: its first column. `account` is its second.

    Costs one query while there is room for all that is due.
    """
    found: list[tuple[Any, int]] = []
    room = limit
    while room:
        others = due.where(account.not_in({of for _, of in found})) if found else due
        taken = [(row[0], row[1]) for row in connection.execute(others.limit(room))]
        found = found[: limit - len(taken)] + taken  # in place of what was found last
        room = room // 2 if len(taken) == room else 0
    return [what for what, _ in found]
