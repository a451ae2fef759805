"""Connections that keep what they acknowledge, or none."""

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.errors import Unavailable, ValidationFailed
from connector.store.engine import (
    BUSY_TIMEOUT_MS,
    READ_CONNECTIONS,
    Engines,
    UnsafeConnection,
    make_safe,
    open_engines,
    require_same_file,
)
from tests.kit.crowd import at_once


def pragma(engines: Engines, which: str, name: str) -> object:
    with getattr(engines, which).connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


@pytest.mark.parametrize("which", ["write", "read"])
@pytest.mark.parametrize(
    ("name", "wanted"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", BUSY_TIMEOUT_MS)],
)
def test_every_sqlite_connection_is_safe(sqlite_url: str, which: str, name: str, wanted: object) -> None:
    engines = open_engines(sqlite_url)

    assert pragma(engines, which, name) == wanted

    engines.dispose()


def test_a_connection_that_would_lose_what_it_acknowledged_is_refused() -> None:
    """A database in memory knows no write-ahead log, whatever it is asked."""
    connection = sqlite3.connect(":memory:")

    with pytest.raises(UnsafeConnection, match="journal_mode"):
        make_safe(connection)

    connection.close()


class Listened(sqlite3.Connection):
    """A connection that tells when it was refused something."""

    refused = threading.Event()

    def cursor(self, factory: Any = None) -> Any:
        told = self.refused

        class Telling(sqlite3.Cursor):
            def execute(self, *asked: Any) -> Any:
                try:
                    return super().execute(*asked)
                except sqlite3.OperationalError:
                    told.set()
                    raise

        return super().cursor(factory or Telling)


def test_a_new_file_that_somebody_else_has_is_waited_for(tmp_path: Path) -> None:
    """Of two who turn it to WAL at once SQLite tells one at once that it is locked, whatever its patience."""
    first = sqlite3.connect(tmp_path / "new.db", isolation_level=None)
    second = sqlite3.connect(tmp_path / "new.db", check_same_thread=False, timeout=0, factory=Listened)
    first.execute("BEGIN EXCLUSIVE")

    waiting = threading.Thread(target=make_safe, args=(second,))
    waiting.start()
    assert Listened.refused.wait(20)
    first.execute("COMMIT")
    waiting.join(20)

    assert second.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    first.close()
    second.close()


def test_a_file_that_is_no_database_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("a text, longer than a page's head " * 20)
    connection = sqlite3.connect(tmp_path / "text.db")

    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        make_safe(connection)
    connection.close()


def test_a_reader_cannot_write(database_url: str) -> None:
    engines = open_engines(database_url)

    with pytest.raises(Unavailable), engines.reading() as connection:
        connection.execute(text("DELETE FROM accounts"))

    engines.dispose()


def test_a_reader_sees_one_moment(database_url: str) -> None:
    engines = open_engines(database_url)
    add = text("INSERT INTO revisions (sha256, recipe, text, created_at) VALUES ('x', 'r', 't', 0)")
    count = text("SELECT count(*) FROM revisions")

    with engines.reading() as connection:
        before = connection.execute(count).scalar_one()
        with engines.write.begin() as writing:
            writing.execute(add)
        after = connection.execute(count).scalar_one()

    assert before == after == 0
    with engines.reading() as connection:
        assert connection.execute(count).scalar_one() == 1
    engines.dispose()


def test_a_value_that_no_row_can_hold_is_the_askers_fault(database_url: str) -> None:
    engines = open_engines(database_url)
    find = text("SELECT 1 FROM accounts WHERE slug = :slug")

    with pytest.raises(ValidationFailed), engines.reading() as connection:
        connection.execute(find, {"slug": "\ud83d"})

    with engines.reading() as connection:
        assert connection.execute(find, {"slug": "nobody"}).first() is None
    engines.dispose()


def test_a_statement_that_fails_while_reading_is_told_as_unavailable(database_url: str) -> None:
    engines = open_engines(database_url)

    with pytest.raises(Unavailable) as refused, engines.reading() as connection:
        connection.execute(text("SELECT secret FROM nowhere"))

    assert "nowhere" not in refused.value.detail
    engines.dispose()


def test_a_sqlite_file_is_never_made_by_opening_it(tmp_path: Path) -> None:
    engines = open_engines(f"sqlite:///{tmp_path / 'nothing.db'}")

    with pytest.raises(Unavailable), engines.reading():
        pytest.fail("there is nothing to read")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a b.db", "half?.db", "hash#1.db", "100%.db", "ünï.db"])
def test_a_sqlite_file_may_have_any_name(sqlite_url: str, tmp_path: Path, name: str) -> None:
    Path(sqlite_url.removeprefix("sqlite:///")).rename(tmp_path / name)
    engines = open_engines("sqlite:///" + str(tmp_path / name).replace("%", "%25").replace("?", "%3F"))

    with engines.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM accounts")).scalar_one() == 0
    engines.dispose()


def test_a_connection_knows_whether_its_file_is_still_at_its_place(sqlite_url: str, tmp_path: Path) -> None:
    engines = open_engines(sqlite_url)
    assert engines.path is not None

    with engines.write.connect() as connection:
        require_same_file(engines, connection)
        engines.path.rename(tmp_path / "away.db")
        with pytest.raises(FileNotFoundError):
            require_same_file(engines, connection)
        engines.path.touch()
        with pytest.raises(FileNotFoundError):
            require_same_file(engines, connection)
    engines.dispose()


def test_more_readers_than_connections_wait_for_one_another(sqlite_url: str) -> None:
    engines = open_engines(sqlite_url)

    def read() -> int:
        with engines.reading() as connection:
            return int(connection.execute(text("SELECT count(*) FROM accounts")).scalar_one())

    assert [one.value for one in at_once([read] * (3 * READ_CONNECTIONS))] == [0] * (3 * READ_CONNECTIONS)
    engines.dispose()


@pytest.mark.parametrize("url", ["mysql://localhost/x", "oracle://x", "sqlserver://x"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(Exception, match=r"SQLite|plugin|PostgreSQL"):
        open_engines(url)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("postgresql://u:p@one:5432,two:5433/db?target_session_attrs=read-write", "one,two", "5432,5433"),
        ("postgresql://one:5432,two:5433/db", "one,two", "5432,5433"),
        ("postgresql://u:p@one/db", "one", None),
        ("postgresql://u:p%40x@one:1/db", "one", 1),
    ],
)
def test_postgresql_takes_several_hosts(url: str, host: str, port: object) -> None:
    engines = open_engines(url)

    _, arguments = engines.write.dialect.create_connect_args(engines.write.url)

    assert (arguments["host"], arguments.get("port")) == (host, port)
    assert arguments["dbname"] == "db"
    assert not engines.is_sqlite
