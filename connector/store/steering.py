"""How a list's statements are kept on the indexes that were chosen for them.

The one rule: SQLite knows nothing of how many rows have a value, and PostgreSQL guesses it
for each column apart; at a million rows either picks a scan of all of them now and then.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, Text, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

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
    "SELECT set_config('work_mem', '96MB', true), set_config('jit', 'off', true),"
    " set_config('max_parallel_workers_per_gather', '0', true)"
)


def ease(connection: Connection) -> None:
    """Until this reading ends, sums over millions of rows stay in memory, and take one processor only.

    Helpers would each build the same tables of a million cards, while webhooks wait.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_WITH_ROOM)


def joins_many(connection: Connection) -> bool:
    """Whether a million lines are joined with their cards at once; else they are summed by card before."""
    return connection.dialect.name == "postgresql"


def steer(connection: Connection) -> None:
    """Until this reading ends, rows are fetched by index alone where there is one."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_BY_INDEX_ONLY)


def shielded(table: Table) -> dict[str, Any]:
    """The columns of a table with the same values, which no index holds."""
    return {column.name: _Shielded(column) for column in table.c}


class _Shielded(FunctionElement[Any]):
    """A column's value, where no index is looked for: asked of a million entries, so as cheap as may be."""

    inherit_cache = True

    def __init__(self, column: Column[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(_Shielded)
def _as_sum(element: _Shielded, compiler: Any, **more: Any) -> str:
    nothing = " || ''" if isinstance(element.type, Text) else " + 0"
    return f"({compiler.process(element.clauses, **more)}{nothing})"


@compiles(_Shielded, "sqlite")
def _as_it_is(element: _Shielded, compiler: Any, **more: Any) -> str:
    """SQLite's plus before a value does nothing, but that it leaves indexes alone."""
    return f"+{compiler.process(element.clauses, **more)}"


def among(connection: Connection, column: Any, few: Any) -> Any:
    """Whether `column`, a primary key, is one of the values that `few`, a SELECT, gives.

    PostgreSQL would take IN for a join, and might turn it round; an array it looks up.
    """
    if connection.dialect.name == "postgresql":
        return column == func.any(func.array(few.scalar_subquery()))
    return column.in_(few)


def count(connection: Connection, rows: Any, most: int) -> int:
    """How many rows a SELECT of one column gives, counted no further than `most`."""
    return count_each(connection, [rows], most)[0]


def count_each(connection: Connection, several: Sequence[Any], most: int) -> list[int]:
    """As `count` of each SELECT, in one question."""
    if not several:
        return []
    inside = [rows.limit(most).subquery() for rows in several]
    counts = [select(func.count()).select_from(one).scalar_subquery() for one in inside]
    return list(connection.execute(select(*counts)).one())
