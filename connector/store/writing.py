"""An open write transaction as the rooms see it. Beginning and committing are the writer's alone.

A statement that the database failed may have ended the transaction behind our
back, and the next INSERT would commit alone: after a failure nothing more runs.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, cast

import psycopg
from sqlalchemy import Connection, CursorResult, Executable, Table, exc, literal_column
from sqlalchemy.dialects import postgresql, sqlite

from ..domain.errors import ValidationFailed
from .prepared import Prepared

_LOCK_NOT_AVAILABLE: Final = "55P03"
_SERIALIZATION_STATES: Final = ("40001", "40P01")
_PIPELINED_FROM: Final = 3  # statements: below, setting the pipe up costs what it saves

Pause = Callable[[str], None]
"""A named pause point, handed in: empty in production, where tests force a race."""


def no_pause(_point: str) -> None:
    """Production's pause: none."""


class DatabaseFault(Exception):
    """The database failed a statement. Not caught below the writer: the transaction may be gone."""

    @property
    def is_conflict(self) -> bool:
        """Whether two transactions were in each other's way, and trying again helps."""
        return self._state in _SERIALIZATION_STATES

    @property
    def is_lock_timeout(self) -> bool:
        """Whether another transaction held a row for longer than we wait."""
        return self._state == _LOCK_NOT_AVAILABLE

    @property
    def _state(self) -> str | None:
        return getattr(getattr(self.__cause__, "orig", self.__cause__), "sqlstate", None)


class Writing:
    """An open write transaction, as the rooms above see it.

    `now` is the moment the work began, moved by the account's clock where a
    sandbox moved it (`at_account`). After `after_commit(call)`, `call` runs once
    the commit is on disk, and never if it fails.
    """

    def __init__(self, connection: Connection, now: datetime, *, is_sqlite: bool, pause: Pause) -> None:
        self._connection = connection
        self._is_sqlite = is_sqlite
        self._driver = cast("Any", connection.connection.dbapi_connection)
        self._names = 0
        self._unset: list[str] = []
        self._fault: DatabaseFault | None = None
        self.wall = now
        self.now = now
        self.pause = pause
        self.afterwards: list[Callable[[], None]] = []

    def at_account(self, offset: timedelta) -> None:
        """From here on, `now` is the account's own time."""
        self.now = self.wall + offset

    def after_commit(self, call: Callable[[], None]) -> None:
        """Run `call` once the commit is on disk. What it raises is dropped: the work is done all the same."""
        self.afterwards.append(call)

    def execute(
        self, statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run one statement.

        Any failure of the database leaves as DatabaseFault; a value that no column
        of any database can hold (NUL, half a surrogate pair) as ValidationFailed.
        """
        self.require_whole()
        if self._unset:
            self._set_savepoints()
        try:
            return cast("CursorResult[Any]", self._connection.execute(statement, values))
        except exc.DataError as fault:
            raise ValidationFailed("A value cannot be stored.") from fault
        except exc.DBAPIError as fault:
            raise self._failed(fault) from fault

    def require_whole(self) -> None:
        """Pass if every statement so far was done, else DatabaseFault, even where somebody swallowed it."""
        if self._fault is not None:
            raise DatabaseFault("an earlier statement failed") from self._fault.__cause__

    @property
    def is_alone(self) -> bool:
        """Whether nobody else can be writing: rows need no lock of their own then."""
        return self._is_sqlite

    def insert(self, statement: Prepared, values: Mapping[str, Any]) -> int:
        """Insert one row with a Prepared that `returns_id`; its number."""
        cursor = self._drive(statement, values)
        return int(cursor.lastrowid if self._is_sqlite else cursor.fetchone()[0])

    def do(self, statement: Prepared, values: Mapping[str, Any]) -> int:
        """Run one prepared statement; how many rows it touched."""
        return int(self._drive(statement, values).rowcount)

    def do_all(self, statement: Prepared, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run one prepared statement for each of `rows`, all of the same columns."""
        self.do_each(statement, rows)

    def do_each(self, statement: Prepared, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """As `do_all`; how many rows each touched."""
        return [int(cursor.rowcount) for cursor in self._drive_each(statement, rows)]

    def fetch(self, statement: Prepared, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows that a prepared statement gives, by column."""
        compiled = statement.compiled(self._connection.dialect, values)
        return [compiled.row(raw) for raw in self._drive(statement, values).fetchall()]

    def fetch_each(
        self, statement: Prepared, asked: Sequence[Mapping[str, Any]]
    ) -> list[list[dict[str, Any]]]:
        """As `fetch` for each of `asked`; over a network all of them in one go there and back."""
        if not asked:
            return []
        compiled = statement.compiled(self._connection.dialect, asked[0])
        return [
            [compiled.row(raw) for raw in cursor.fetchall()] for cursor in self._drive_each(statement, asked)
        ]

    def insert_new(self, table: Table, values: Mapping[str, Any], unique: Sequence[str]) -> int | None:
        """Insert a row unless its `unique` columns are taken; its number (0 where it has none), or None.

        Waits for a transaction that is about to take them.
        """
        found = self._drive(_insert_new(table, tuple(unique), self._is_sqlite), values).fetchone()
        return None if found is None else int(found[0])

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What happens inside is undone as one if it raises, messages to be sent included."""
        self._names += 1
        name, kept = f"s{self._names}", len(self.afterwards)
        self._unset.append(name)
        try:
            yield
            self.require_whole()
        except DatabaseFault:
            raise
        except BaseException:
            del self.afterwards[kept:]
            if not self._forget(name):
                self._say(f"ROLLBACK TO SAVEPOINT {name}")
                self._say(f"RELEASE SAVEPOINT {name}")
            raise
        if not self._forget(name):
            self._say(f"RELEASE SAVEPOINT {name}")

    def undo_all(self) -> None:
        """Back to where this work began, after a failed statement that left the transaction standing."""
        self.afterwards.clear()
        self._fault = None
        self._unset.clear()
        self._say("ROLLBACK TO SAVEPOINT s1")
        self._say("RELEASE SAVEPOINT s1")

    def _set_savepoints(self) -> None:
        waiting, self._unset = self._unset, []
        for name in waiting:
            self._say(f"SAVEPOINT {name}")

    def _forget(self, name: str) -> bool:
        """Whether the savepoint was never set, since nothing ran inside."""
        if name not in self._unset:
            return False
        self._unset.remove(name)
        return True

    def _drive(self, statement: Prepared, values: Mapping[str, Any]) -> Any:
        """A prepared statement on the driver: its cursor."""
        compiled = statement.compiled(self._connection.dialect, values)
        self.require_whole()
        if self._unset:
            self._set_savepoints()
        try:
            return self._driver.execute(compiled.sql, compiled.parameters(values))
        except (sqlite3.DataError, psycopg.DataError, UnicodeEncodeError, OverflowError) as fault:
            raise ValidationFailed("A value cannot be stored.") from fault
        except (sqlite3.Error, psycopg.Error) as fault:
            raise self._failed(fault) from fault

    def _drive_each(self, statement: Prepared, asked: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
        """A prepared statement on the driver, with each of these values: a cursor for each, in turn."""
        if self._is_sqlite or len(asked) < _PIPELINED_FROM:
            yield from (self._drive(statement, values) for values in asked)
            return
        compiled = statement.compiled(self._connection.dialect, asked[0])
        self.require_whole()
        if self._unset:
            self._set_savepoints()
        try:
            cursor = self._driver.cursor()
            cursor.executemany(compiled.sql, [compiled.parameters(one) for one in asked], returning=True)
        except (psycopg.DataError, UnicodeEncodeError, OverflowError) as fault:
            raise ValidationFailed("A value cannot be stored.") from fault
        except psycopg.Error as fault:
            raise self._failed(fault) from fault
        yield cursor
        while cursor.nextset():
            yield cursor

    def _say(self, sql: str) -> None:
        """On the driver itself: SQLAlchemy would spend ten times what the database does."""
        self.require_whole()
        try:
            self._driver.execute(sql)
        except (sqlite3.Error, psycopg.Error) as fault:
            raise self._failed(fault) from fault

    def _failed(self, fault: Exception) -> DatabaseFault:
        self._fault = DatabaseFault(str(getattr(fault, "orig", fault)))
        self._fault.__cause__ = fault
        return self._fault


def ask(connection: Connection | Writing, statement: Prepared, values: Mapping[str, Any]) -> Sequence[Any]:
    """The rows of a prepared SELECT, by column, in a write transaction or on a connection for reading."""
    if isinstance(connection, Writing):
        return connection.fetch(statement, values)
    return connection.execute(statement.statement, values).mappings().all()


@cache
def _insert_new(table: Table, unique: tuple[str, ...], is_sqlite: bool) -> Prepared:
    insert = sqlite.insert if is_sqlite else postgresql.insert
    marker = table.c.id if "id" in table.c else literal_column("0")
    return Prepared(insert(table).on_conflict_do_nothing(index_elements=list(unique)).returning(marker))
