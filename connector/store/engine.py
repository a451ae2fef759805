"""SQLite and PostgreSQL: how a connection is made, and what must hold on each of them.

On SQLite every connection is asked whether it really is WAL, FULL and guards
foreign keys; one that is not never serves. NORMAL would acknowledge commits
before they are on disk.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from ..domain.errors import Unavailable

BUSY_TIMEOUT_MS: Final = 5_000
READ_CONNECTIONS: Final = 16

_PRAGMAS: Final = (
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    ("foreign_keys", "ON", 1),
    ("busy_timeout", str(BUSY_TIMEOUT_MS), BUSY_TIMEOUT_MS),
)


class UnsafeConnection(Exception):
    """A database connection that would not keep what it acknowledges."""


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
        except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as fault:
            raise Unavailable("The database cannot be read right now.") from fault


def open_engines(url: str) -> Engines:
    """Engines for `sqlite:///path` or `postgresql://…` (several hosts allowed)."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        return _postgresql(parsed)
    raise ValueError("the database is neither SQLite nor PostgreSQL")


def _sqlite(url: URL) -> Engines:
    path = Path(url.database or "")
    write = create_engine(url, poolclass=NullPool, connect_args={"check_same_thread": False, "timeout": 5})
    read = create_engine(
        url, pool_size=READ_CONNECTIONS, max_overflow=0, connect_args={"check_same_thread": False}
    )
    event.listen(write, "connect", _prepare_sqlite)
    event.listen(read, "connect", _prepare_sqlite_reader)
    return Engines(write, read, is_sqlite=True, path=path)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we begin and commit ourselves, with BEGIN IMMEDIATE
    cursor = connection.cursor()
    for name, value, wanted in _PRAGMAS:
        cursor.execute(f"PRAGMA {name}={value}")
        found = cursor.execute(f"PRAGMA {name}").fetchone()[0]
        if found != wanted:
            raise UnsafeConnection(f"SQLite answered {name}={found}, but {value} is needed")
    cursor.close()


def _prepare_sqlite_reader(connection: sqlite3.Connection, record: object) -> None:
    _prepare_sqlite(connection, record)
    connection.execute("PRAGMA query_only=ON")


def _postgresql(url: URL) -> Engines:
    url = url.set(drivername="postgresql+psycopg")
    options: dict[str, Any] = {"pool_pre_ping": True, "pool_size": 16, "max_overflow": 16, "pool_timeout": 8}
    settings = "-c timezone=UTC -c lock_timeout=8000 -c idle_in_transaction_session_timeout=60000"
    arguments = {"options": settings, "connect_timeout": 5}
    write = create_engine(url, isolation_level="READ COMMITTED", connect_args=arguments, **options)
    read = create_engine(
        url,
        isolation_level="REPEATABLE READ",
        connect_args={**arguments, "options": settings + " -c default_transaction_read_only=on"},
        **options,
    )
    return Engines(write, read, is_sqlite=False, path=None)
