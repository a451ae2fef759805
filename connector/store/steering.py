"""How a list's statements are kept on the indexes that were chosen for them.

The one rule: SQLite knows nothing of how many rows have a value, and PostgreSQL guesses it
for each column apart; at a million rows either picks a scan of all of them now and then.
"""

from typing import Any, Final

from sqlalchemy import Connection, Table, Text, func, literal_column, select

_OFF: Final = (
    *("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"),
    *("enable_sort", "enable_incremental_sort", "jit"),  # where no index has the order, it sorts all the same
)
_BY_INDEX_ONLY: Final = (
    "SELECT "
    + ", ".join(f"set_config('{name}', 'off', true)" for name in _OFF)
    + ", set_config('max_parallel_workers_per_gather', '0', true)"
)


_WITH_ROOM: Final = (
    "SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true),"
    " set_config('max_parallel_workers_per_gather', '0', true)"
)


def ease(connection: Connection) -> None:
    """Until this reading ends, sums over millions of rows stay in memory, and take one processor only.

    Helpers would each build the same tables of a million cards, while webhooks wait.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_WITH_ROOM)


def steer(connection: Connection) -> None:
    """Until this reading ends, rows are fetched by index alone where there is one."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_BY_INDEX_ONLY)


def shielded(table: Table) -> dict[str, Any]:
    """The columns of a table with the same values, which no index holds."""
    return {
        column.name: column + "" if isinstance(column.type, Text) else column.op("+")(literal_column("0"))
        for column in table.c
    }


def among(connection: Connection, column: Any, few: Any) -> Any:
    """Whether `column`, a primary key, is one of the values that `few`, a SELECT, gives.

    PostgreSQL would take IN for a join, and might turn it round; an array it looks up.
    """
    if connection.dialect.name == "postgresql":
        return column == func.any(func.array(few.scalar_subquery()))
    return column.in_(few)


def count(connection: Connection, rows: Any, most: int) -> int:
    """How many rows a SELECT of one column gives, counted no further than `most`."""
    inside = rows.limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(inside)).scalar_one())
