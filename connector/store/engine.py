"""SQLite and PostgreSQL: how a connection is made, and what must hold on each of them.

On SQLite every connection is asked whether it really is WAL, FULL and guards
foreign keys; one that is not never serves. NORMAL would acknowledge commits
before they are on disk. And none serves from a file that is not at its place any
more: a database that was moved away would go on taking writes that nobody finds.
"""

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, exc
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool, QueuePool

from ..domain.errors import Unavailable, ValidationFailed

BUSY_TIMEOUT_MS: Final = 5_000
BUSY_TRIES: Final = 100
READ_CONNECTIONS: Final = 16

_PRAGMAS: Final = (
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    ("foreign_keys", "ON", 1),
    ("busy_timeout", str(BUSY_TIMEOUT_MS), BUSY_TIMEOUT_MS),
)


class UnsafeConnection(Unavailable):
    """A database connection that would not keep what it acknowledges; the sentence names the setting."""


Reading = Connection
"""An open connection that only reads, as `Engines.reading` gives it."""


@dataclass(frozen=True)
class Engines:
    """`write` for the one writer, `read` for everybody who only looks."""

    write: Engine
    read: Engine
    is_sqlite: bool
    path: Path | None

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.write.dispose()
        self.read.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment of the database and cannot write."""
        try:
            with self.read.connect() as connection:
                if self.is_sqlite:
                    connection.exec_driver_sql("BEGIN")
                yield connection
        except exc.DataError as fault:
            raise ValidationFailed("No row can hold a value that was asked for.") from fault
        except (exc.DBAPIError, exc.TimeoutError) as fault:
            raise Unavailable("The database cannot be read right now.") from fault


def open_engines(url: str) -> Engines:
    """Engines for `sqlite:///path` or `postgresql://…` (several hosts allowed).

    A SQLite file must be there already: migrate.upgrade makes it, and nothing else
    does, since an empty one in the place of one that was moved away would serve.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        return _postgresql(parsed)
    raise ValueError("the database is neither SQLite nor PostgreSQL")


def require_same_file(engines: Engines, connection: Connection) -> None:
    """Pass if an SQLite connection's file is the one at its path still, else OSError."""
    if engines.path is not None:
        _require_same_file(engines.path, connection.info["file"])


class _WithIndexes(SQLiteCompiler):
    """Writes hints: `INDEXED BY`, where a statement names the index that it is to use."""

    def get_from_hint_text(self, _table: Any, text: str | None) -> str | None:
        return text


def _sqlite(url: URL) -> Engines:
    path = Path(url.database or "")
    write = create_engine(url, poolclass=NullPool, creator=_opener(path))
    read = create_engine(
        url, poolclass=QueuePool, pool_size=READ_CONNECTIONS, max_overflow=0, creator=_opener(path)
    )

    for engine in (write, read):
        engine.dialect.statement_compiler = _WithIndexes

    def note_file(_connection: object, record: Any) -> None:
        try:
            record.info["file"] = _file_at(path)
        except OSError as fault:
            raise sqlite3.OperationalError(str(fault)) from fault

    def check_file(_connection: object, record: Any, _proxy: object) -> None:
        try:
            _require_same_file(path, record.info["file"])
        except OSError as fault:
            raise exc.DisconnectionError(str(fault)) from fault  # the pool opens another one

    event.listen(write, "connect", make_safe)
    event.listen(read, "connect", _make_safe_reader)
    event.listen(read, "checkout", check_file)
    for engine in (write, read):
        event.listen(engine, "connect", note_file)
        event.listen(engine, "handle_error", _tell_bad_values)
    return Engines(write, read, is_sqlite=True, path=path)


def _opener(path: Path) -> Callable[[], sqlite3.Connection]:
    """Opens the file that is there; never makes one."""

    def connect() -> sqlite3.Connection:
        uri = f"file:{quote(str(path))}?mode=rw"
        return sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000)

    return connect


def _file_at(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _require_same_file(path: Path, file: tuple[int, int]) -> None:
    if _file_at(path) != file:
        raise FileNotFoundError(f"{path} is another file now than the one that was opened")


def _tell_bad_values(context: ExceptionContext) -> None:
    """Drivers refuse some values with errors that are not the database's: make them DataError everywhere."""
    fault = context.original_exception
    if isinstance(fault, OverflowError | UnicodeError):
        raise exc.DataError(context.statement, None, fault) from fault


def make_safe(connection: sqlite3.Connection, _record: object = None) -> None:
    """Set what must hold and ask whether it does; UnsafeConnection where it does not."""
    connection.isolation_level = None  # we begin and commit ourselves, with BEGIN IMMEDIATE
    cursor = connection.cursor()
    for name, value, wanted in _PRAGMAS:
        _set(cursor, name, value)
        found = cursor.execute(f"PRAGMA {name}").fetchone()[0]
        if found != wanted:
            raise UnsafeConnection(f"SQLite answered {name}={found}, but {value} is needed")
    cursor.close()


def _set(cursor: sqlite3.Cursor, name: str, value: str) -> None:
    """Set a PRAGMA. Of two who turn a new file to WAL at once one is told `locked`, whatever its patience."""
    for left in reversed(range(BUSY_TRIES)):
        try:
            cursor.execute(f"PRAGMA {name}={value}")
            return
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or not left:
                raise
            threading.Event().wait(BUSY_TIMEOUT_MS / 1000 / BUSY_TRIES)


def _make_safe_reader(connection: sqlite3.Connection, record: object) -> None:
    make_safe(connection, record)
    connection.execute("PRAGMA query_only=ON")


_SEVERAL_HOSTS: Final = re.compile(
    r"(?P<login>postgresql(?:\+psycopg)?://(?:[^@/]*@)?)(?P<hosts>[^/?@]*,[^/?@]*)(?P<rest>.*)"
)


def _parse(url: str) -> URL:
    """libpq's own form of several hosts is what people write; SQLAlchemy wants `?host=…&host=…`."""
    written = _SEVERAL_HOSTS.fullmatch(url)
    if written is None:
        return make_url(url)
    alone = make_url(written["login"] + written["rest"])
    return alone.update_query_dict({"host": tuple(written["hosts"].split(","))})


def _postgresql(url: URL) -> Engines:
    url = url.set(drivername="postgresql+psycopg")
    options: dict[str, Any] = {"pool_pre_ping": True, "pool_size": 16, "max_overflow": 16, "pool_timeout": 8}
    settings = "-c timezone=UTC -c lock_timeout=8000 -c idle_in_transaction_session_timeout=60000"
    # A server that vanishes without a word must not hold its callers for the system's quarter of an hour.
    line = {
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    }
    arguments: dict[str, Any] = {"options": settings, "connect_timeout": 5, **line}
    # Of several hosts only the one that takes writes: the first that answers may be the standby.
    primary = {**arguments, "target_session_attrs": "read-write"}
    write = create_engine(url, isolation_level="READ COMMITTED", connect_args=primary, **options)
    read = create_engine(
        url,
        isolation_level="REPEATABLE READ",
        connect_args={**arguments, "options": settings + " -c default_transaction_read_only=on"},
        **options,
    )
    for engine in (write, read):
        event.listen(engine, "handle_error", _tell_bad_values)
    return Engines(write, read, is_sqlite=False, path=None)
