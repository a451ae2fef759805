"""An open write transaction as the rooms see it. Beginning and committing are the writer's alone.

A statement that the database failed may have ended the transaction behind our
back, and the next INSERT would commit alone: after a failure nothing more runs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import Connection, CursorResult, Executable, Insert, Table, exc, literal
from sqlalchemy.dialects import postgresql, sqlite

from ..domain.errors import ValidationFailed

_LOCK_NOT_AVAILABLE: Final = "55P03"
_SERIALIZATION_STATES: Final = ("40001", "40P01")

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
        return getattr(getattr(self.__cause__, "orig", None), "sqlstate", None)


class Writing:
    """An open write transaction, as the rooms above see it.

    `now` is the moment the work began, moved by the account's clock where a
    sandbox moved it (`at_account`). After `after_commit(call)`, `call` runs once
    the commit is on disk, and never if it fails.
    """

    def __init__(self, connection: Connection, now: datetime, *, is_sqlite: bool, pause: Pause) -> None:
        self._connection = connection
        self._is_sqlite = is_sqlite
        self._names = 0
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

    def insert(self, statement: Insert, values: Mapping[str, Any]) -> int:
        """Insert one row; its number."""
        key = self.execute(statement, values).inserted_primary_key
        assert key is not None
        return int(key[0])

    def insert_new(self, table: Table, values: Mapping[str, Any], unique: Sequence[str]) -> int | None:
        """Insert a row unless its `unique` columns are taken; its number (0 where it has none), or None.

        Waits for a transaction that is about to take them.
        """
        insert = sqlite.insert if self._is_sqlite else postgresql.insert
        marker = table.c.id if "id" in table.c else literal(0)
        statement = insert(table).on_conflict_do_nothing(index_elements=list(unique)).returning(marker)
        found = self.execute(statement, values).scalar()
        return None if found is None else int(found)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What happens inside is undone as one if it raises, messages to be sent included."""
        self._names += 1
        name, kept = f"s{self._names}", len(self.afterwards)
        self._run(f"SAVEPOINT {name}")
        try:
            yield
            self.require_whole()
        except DatabaseFault:
            raise
        except BaseException:
            del self.afterwards[kept:]
            self._run(f"ROLLBACK TO SAVEPOINT {name}")
            self._run(f"RELEASE SAVEPOINT {name}")
            raise
        self._run(f"RELEASE SAVEPOINT {name}")

    def undo_all(self) -> None:
        """Back to where this work began, after a failed statement that left the transaction standing."""
        self.afterwards.clear()
        self._fault = None
        self._run("ROLLBACK TO SAVEPOINT s1")
        self._run("RELEASE SAVEPOINT s1")

    def _run(self, sql: str) -> None:
        self.require_whole()
        try:
            self._connection.exec_driver_sql(sql)
        except exc.DBAPIError as fault:
            raise self._failed(fault) from fault

    def _failed(self, fault: exc.DBAPIError) -> DatabaseFault:
        self._fault = DatabaseFault(str(fault.orig))
        self._fault.__cause__ = fault
        return self._fault
