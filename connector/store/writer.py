"""The one write transaction: begin, savepoints, commit. Nobody else begins or commits a write.

On SQLite there is one writer, so concurrent callers share a transaction: each
gets a savepoint, and each is answered only after the commit that they share. One
caller leads; the others wait. On PostgreSQL each caller has its own transaction.

A member's work may run twice (after a lost group, after a deadlock), so it must
have no effect outside the database: such effects go through `after_commit`.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final, Protocol, TypeVar, cast

from sqlalchemy import Connection, exc

from ..domain.clock import Clock
from ..domain.errors import OutcomeUnknown, Unavailable
from ..logs import log
from .engine import Engines, UnsafeConnection, require_same_file
from .writing import DatabaseFault, Pause, Writing, ask, no_pause

__all__ = ["DatabaseFault", "DirectWriter", "GroupWriter", "Pause", "Writer", "Writing", "ask", "no_pause"]

MAX_GROUP: Final = 64
GATHER_S: Final = 0.002  # what a commit costs on a small disk: waiting longer would cost more than it saves
TRIES: Final = 3
_RETRY_AFTER: Final = timedelta(seconds=1)

T = TypeVar("T")


class Writer(Protocol):
    """Runs work in a write transaction and returns its value after the commit.

    Its own pause points: `writer.before_commit`, and `writer.after_commit` before
    anybody is answered.
    """

    def run(self, work: Callable[[Writing], T]) -> T:
        """All of `work` is durable when this returns, none of it where it raises.

        Raises what `work` raises; Unavailable where the database could not do it;
        OutcomeUnknown where nobody can know.
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
        _call_all(self.afterwards)
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
            leads = not self._is_led
            if leads:
                self._is_led = True
            else:
                self._waiting.append(member)
                self._arrived.notify()
        if not leads:
            self._await_turn(member)
        if not member.is_done:
            self._lead(member)
        return cast("T", member.outcome())

    @property
    def waiting(self) -> int:
        """How many callers wait for the group after the one that runs."""
        return len(self._waiting)

    def close(self) -> None:
        with self._lock:
            self._drop_connection()

    def _await_turn(self, member: _Member) -> None:
        """Wait for the outcome, or to be the next who leads."""
        try:
            member.turn.wait()
        except BaseException:  # an interrupt in the main thread: nobody else may wait for us
            with self._lock:
                is_heir = member.turn.is_set() and not member.is_done
                if is_heir:
                    self._hand_over()
                elif member in self._waiting:
                    self._waiting.remove(member)
            raise

    def _hand_over(self) -> None:
        """Let the next who waits lead; the lock is held."""
        heir = self._waiting.popleft() if self._waiting else None
        self._is_led = heir is not None
        if heir is not None:
            heir.turn.set()

    def _lead(self, leader: _Member) -> None:
        """Run one group, the leader's own work first; then hand over to the next who waits."""
        group = [leader]
        try:
            self._run_group(group)
        except BaseException as fault:  # an interrupt, or a bug of ours
            is_open = self._stands()
            self._rollback()
            for member in group:
                if not member.is_settled:
                    member.error = unavailable(fault) if is_open else OutcomeUnknown()
            raise
        finally:
            for member in group:
                member.is_done = True
            with self._lock:
                self._hand_over()
            for member in group:
                member.turn.set()

    def _run_group(self, group: list[_Member]) -> None:
        try:
            self._begin()
        except DatabaseFault as fault:
            group.extend(self._take_all())
            _refuse(group, fault)
            self._drop_connection()  # the file may have been moved or replaced: the next opens it anew
            return
        try:
            self._attempt(group[0])
            while (following := self._next(len(group))) is not None:
                group.append(following)
                self._attempt(following)
            self._commit()
            _settle(group)
        except (_GroupLost, DatabaseFault):
            self._rollback()
            self._run_each_alone(group)
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
        except Exception as error:  # noqa: BLE001 - it is the caller's own, and is raised there
            member.error = error
        member.afterwards = tx.afterwards

    def _run_each_alone(self, group: list[_Member]) -> None:
        """After their group was lost: each once more, in a transaction of its own."""
        for place, member in enumerate(group):
            try:
                self._begin()
            except DatabaseFault as fault:  # waiting as long again for each would keep the last for minutes
                _refuse(group[place:], fault)
                self._drop_connection()
                return
            self._run_alone(member)

    def _run_alone(self, member: _Member) -> None:
        try:
            self._attempt(member)
            if member.error is None:
                self._commit()
            else:
                self._rollback()
        except (_GroupLost, DatabaseFault) as fault:
            self._rollback()
            _refuse([member], fault)
        _settle([member])

    def _open(self) -> Connection:
        if self._connection is None:
            try:
                self._connection = self._engines.write.connect()
            except (exc.DBAPIError, UnsafeConnection) as fault:
                raise DatabaseFault(str(fault)) from fault
        return self._connection

    def _begin(self) -> None:
        self._require_same_file()
        self._driver("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        self._pause("writer.before_commit")
        # Whoever joined the group asked after it began, and perhaps after the file had gone.
        self._require_same_file()
        self._driver("COMMIT")
        self.commits += 1
        self._pause("writer.after_commit")

    def _require_same_file(self) -> None:
        try:
            require_same_file(self._engines, self._open())
        except OSError as fault:
            raise DatabaseFault(str(fault)) from fault

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
        try:
            self._open().exec_driver_sql(sql)
        except exc.DBAPIError as fault:
            raise DatabaseFault(str(fault.orig)) from fault

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
                if tries_left == 0 or not fault.is_conflict:
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
                tx.require_whole()
                self._commit(connection)
        except (exc.DBAPIError, exc.TimeoutError) as fault:
            raise DatabaseFault(str(fault)) from fault
        _call_all(tx.afterwards)
        return value

    def _commit(self, connection: Connection) -> None:
        self._pause("writer.before_commit")
        try:
            connection.commit()
        except exc.DBAPIError as fault:
            if fault.connection_invalidated:  # it may have arrived before the line went dead
                raise OutcomeUnknown from fault
            raise
        self._pause("writer.after_commit")


def open_writer(engines: Engines, clock: Clock, pause: Pause = no_pause) -> GroupWriter | DirectWriter:
    """The writer that fits the database."""
    return GroupWriter(engines, clock, pause) if engines.is_sqlite else DirectWriter(engines, clock, pause)


def unavailable(_fault: BaseException) -> Unavailable:
    """The database could not do it, nothing happened: what the caller is told (its text may name paths)."""
    return Unavailable(
        "The database cannot be written right now; nothing was changed.", retry_after=_RETRY_AFTER
    )


def _refuse(members: Iterable[_Member], fault: BaseException) -> None:
    for member in members:
        member.error = unavailable(fault)
        member.is_settled = True


def _settle(members: Iterable[_Member]) -> None:
    for member in members:
        member.is_settled = True


def _call_all(calls: Iterable[Callable[[], None]]) -> None:
    """After the commit: the work is done, so what goes wrong here must not tell the caller otherwise."""
    for call in calls:
        try:
            call()
        except Exception as fault:  # noqa: BLE001 - hints and log lines: nothing that money depends on
            log.error("after_commit_failed", error=type(fault).__name__)
