"""The one write transaction: begin, savepoints, commit. Nobody else begins or commits a write.

On SQLite there is one writer, so concurrent callers share a transaction: each
gets a savepoint, and each is answered only after the commit that they share. One
caller leads; the others wait. On PostgreSQL each caller has its own transaction.

A member's work may run twice (after a lost group, after a deadlock), so it must
have no effect outside the database: such effects go through `after_commit`.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Protocol, TypeVar, cast

import psycopg
from sqlalchemy import Connection, CursorResult, Executable, Insert, Table, exc, literal
from sqlalchemy.dialects import postgresql, sqlite

from ..domain.clock import Clock
from ..domain.errors import OutcomeUnknown, Unavailable
from .engine import Engines

MAX_GROUP: Final = 64
GATHER_S: Final = 0.002  # what a commit costs on a small disk: waiting longer would cost more than it saves
TRIES: Final = 3
_RETRY_AFTER: Final = timedelta(seconds=1)
_SERIALIZATION_STATES: Final = ("40001", "40P01")

T = TypeVar("T")

Pause = Callable[[str], None]
"""A named pause point, handed in: empty in production, where tests force a race."""


def no_pause(_point: str) -> None:
    """Production's pause: none."""


class DatabaseFault(Exception):
    """The database failed a statement. Not caught below the writer: the transaction may be gone."""


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
        self._unset: list[str] = []
        self.wall = now
        self.now = now
        self.pause = pause
        self.afterwards: list[Callable[[], None]] = []

    def at_account(self, offset: timedelta) -> None:
        """From here on, `now` is the account's own time."""
        self.now = self.wall + offset

    def after_commit(self, call: Callable[[], None]) -> None:
        self.afterwards.append(call)

    def execute(
        self, statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run one statement; any failure of the database leaves as DatabaseFault."""
        if self._unset:
            self._set_savepoints()
        try:
            return cast("CursorResult[Any]", self._connection.execute(statement, values))
        except exc.DBAPIError as fault:
            raise DatabaseFault(str(fault.orig)) from fault

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
        found = self.execute(_insert_new(table, tuple(unique), self._is_sqlite), values).scalar()
        return None if found is None else int(found)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What happens inside is undone as one if it raises, messages to be sent included.

        Set at the first statement inside: most recipes look at an event and do nothing.
        """
        self._names += 1
        name, kept = f"s{self._names}", len(self.afterwards)
        self._unset.append(name)
        try:
            yield
        except DatabaseFault:
            raise
        except BaseException:
            del self.afterwards[kept:]
            if not self._forget(name):
                self._run(f"ROLLBACK TO SAVEPOINT {name}")
                self._run(f"RELEASE SAVEPOINT {name}")
            raise
        if not self._forget(name):
            self._run(f"RELEASE SAVEPOINT {name}")

    def undo_all(self) -> None:
        """Back to where this work began, after a failed statement that left the transaction standing."""
        self.afterwards.clear()
        self._run("ROLLBACK TO SAVEPOINT s1")
        self._run("RELEASE SAVEPOINT s1")

    def _set_savepoints(self) -> None:
        for name in self._unset:
            self._run(f"SAVEPOINT {name}")
        self._unset.clear()

    def _forget(self, name: str) -> bool:
        """Whether the savepoint was never set, since nothing ran inside."""
        if not self._unset or self._unset[-1] != name:
            return False
        self._unset.pop()
        return True

    def _run(self, sql: str) -> None:
        """On the driver itself: SQLAlchemy would spend ten times what the database does."""
        try:
            cast("Any", self._connection.connection.dbapi_connection).execute(sql)
        except (sqlite3.Error, psycopg.Error) as fault:
            raise DatabaseFault(str(fault)) from fault


@cache
def _insert_new(table: Table, unique: tuple[str, ...], is_sqlite: bool) -> Insert:
    insert = sqlite.insert if is_sqlite else postgresql.insert
    marker = table.c.id if "id" in table.c else literal(0)
    return insert(table).on_conflict_do_nothing(index_elements=list(unique)).returning(marker)


class Writer(Protocol):
    """Runs work in a write transaction and returns its value after the commit."""

    def run(self, work: Callable[[Writing], T]) -> T:
        """All of `work` is durable when this returns, none of it where it raises.

        Raises what `work` raises; Unavailable where the database could not do it.
        """

    def close(self) -> None:
        """Let go of the connections; nothing may be running."""


class _Member:
    """One caller's work and what became of it."""

    def __init__(self, work: Callable[[Writing], Any]) -> None:
        self.work = work
        self.turn = threading.Event()
        self.is_settled = False
        self.is_done = False
        self.value: Any = None
        self.error: BaseException | None = None
        self.afterwards: list[Callable[[], None]] = []

    def outcome(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.value


class _GroupLost(Exception):
    """The transaction that members shared is gone: nothing of it may be answered."""


class GroupWriter:
    """SQLite: one connection, one transaction for all who ask at the same time."""

    def __init__(self, engines: Engines, clock: Clock, pause: Pause = no_pause) -> None:
        self._engines = engines
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._waiting: deque[_Member] = deque()
        self._is_led = False
        self._last_size = 1
        self._connection: Connection | None = None
        self.commits = 0
        """How many commits, and so syncs, there were."""

    def run(self, work: Callable[[Writing], T]) -> T:
        member = _Member(work)
        with self._lock:
            self._waiting.append(member)
            leads = not self._is_led
            self._is_led = True
            if not leads:
                self._arrived.notify()
        if not leads:
            member.turn.wait()
        if not member.is_done:
            self._lead()
        return cast("T", member.outcome())

    def close(self) -> None:
        with self._lock:
            self._drop_connection()

    def _lead(self) -> None:
        """Run one group, the leader's own work first; then hand over to the next who waits."""
        group: list[_Member] = []
        try:
            self._run_group(group)
        finally:
            with self._lock:
                heir = self._waiting[0] if self._waiting else None
                self._is_led = heir is not None
            for member in group:
                if not member.is_settled and member.error is None:
                    member.error = Unavailable("The write was interrupted; nothing was changed.")
                member.is_done = True
                member.turn.set()
            if heir is not None:
                heir.turn.set()
        for member in group:
            if member.error is None:
                for call in member.afterwards:
                    call()

    def _run_group(self, group: list[_Member]) -> None:
        try:
            self._begin()
        except DatabaseFault as fault:
            group.extend(self._take_all())
            for member in group:
                member.error = unavailable(fault)
            self._drop_connection()  # the file may have been moved or replaced: the next opens it anew
            return
        try:
            while (following := self._next(len(group))) is not None:
                group.append(following)
                self._attempt(following)
            self._commit()
        except (_GroupLost, DatabaseFault):
            self._rollback()
            for member in group:
                self._run_alone(member)
        for member in group:
            member.is_settled = True
        self._last_size = len(group)

    def _next(self, taken: int) -> _Member | None:
        """The next in the queue; waits a moment where the group before this one was larger."""
        with self._lock:
            if taken >= MAX_GROUP:
                return None
            if not self._waiting and taken < self._last_size:
                self._arrived.wait(GATHER_S)
            return self._waiting.popleft() if self._waiting else None

    def _take_all(self) -> list[_Member]:
        with self._lock:
            taken = list(self._waiting)
            self._waiting.clear()
            return taken

    def _attempt(self, member: _Member) -> None:
        tx = Writing(self._open(), self._clock.now(), is_sqlite=True, pause=self._pause)
        member.value = member.error = None
        try:
            with tx.savepoint():
                member.value = member.work(tx)
        except DatabaseFault as fault:
            if not self._stands():
                raise _GroupLost from fault
            tx.undo_all()
            member.error = unavailable(fault)
        except BaseException as error:  # noqa: BLE001 - it is the caller's, and is raised there
            member.error = error
        member.afterwards = tx.afterwards

    def _run_alone(self, member: _Member) -> None:
        """After its group was lost: once more, in a transaction of its own."""
        try:
            self._begin()
            self._attempt(member)
            if member.error is None:
                self._commit()
            else:
                self._rollback()
        except (_GroupLost, DatabaseFault) as fault:
            self._rollback()
            member.error = unavailable(fault)

    def _open(self) -> Connection:
        if self._connection is None:
            try:
                self._connection = self._engines.write.connect()
            except exc.DBAPIError as fault:
                raise DatabaseFault(str(fault.orig)) from fault
        return self._connection

    def _begin(self) -> None:
        self._driver("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        self._driver("COMMIT")
        self.commits += 1

    def _rollback(self) -> None:
        """Leave nothing open; a connection that cannot even do that is thrown away."""
        try:
            if self._stands():
                self._driver("ROLLBACK")
        except DatabaseFault:
            self._drop_connection()

    def _stands(self) -> bool:
        """Whether SQLite still has our transaction: a full disk ends it behind our back."""
        if self._connection is None:
            return False
        return bool(cast("Any", self._connection.connection.dbapi_connection).in_transaction)

    def _driver(self, sql: str) -> None:
        connection = cast("Any", self._open().connection.dbapi_connection)
        try:
            connection.execute(sql)
        except sqlite3.Error as fault:
            raise DatabaseFault(str(fault)) from fault

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


class DirectWriter:
    """PostgreSQL: a transaction for each caller; conflicts that it reports are tried again."""

    def __init__(self, engines: Engines, clock: Clock, pause: Pause = no_pause) -> None:
        self._engines = engines
        self._clock = clock
        self._pause = pause

    def run(self, work: Callable[[Writing], T]) -> T:
        for tries_left in range(TRIES - 1, -1, -1):
            try:
                return self._run_once(work)
            except DatabaseFault as fault:
                if tries_left == 0 or not _is_conflict(fault):
                    raise unavailable(fault) from fault
        raise AssertionError("unreachable: the last try returns or raises")

    def close(self) -> None:
        """The pool belongs to the engines."""

    def _run_once(self, work: Callable[[Writing], T]) -> T:
        try:
            with self._engines.write.connect() as connection:
                connection.begin()
                tx = Writing(connection, self._clock.now(), is_sqlite=False, pause=self._pause)
                value = work(tx)
                self._commit(connection)
        except (exc.DBAPIError, exc.TimeoutError) as fault:
            raise DatabaseFault(str(fault)) from fault
        for call in tx.afterwards:
            call()
        return value

    def _commit(self, connection: Connection) -> None:
        try:
            connection.commit()
        except exc.DBAPIError as fault:
            if fault.connection_invalidated:  # it may have arrived before the line went dead
                raise OutcomeUnknown from fault
            raise


def open_writer(engines: Engines, clock: Clock, pause: Pause = no_pause) -> GroupWriter | DirectWriter:
    """The writer that fits the database."""
    return GroupWriter(engines, clock, pause) if engines.is_sqlite else DirectWriter(engines, clock, pause)


def unavailable(_fault: BaseException) -> Unavailable:
    """The database could not do it, nothing happened: what the caller is told (its text may name paths)."""
    return Unavailable(
        "The database cannot be written right now; nothing was changed.", retry_after=_RETRY_AFTER
    )


def _is_conflict(fault: DatabaseFault) -> bool:
    cause = fault.__cause__
    original = getattr(cause, "orig", None)
    return getattr(original, "sqlstate", None) in _SERIALIZATION_STATES
