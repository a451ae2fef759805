"""Whether the database would take a commit now, and whether its tables are ours."""

import sqlite3
from pathlib import Path

from sqlalchemy import text

from connector.store.engine import Engines, open_engines
from connector.store.health import is_current, is_writable
from connector.store.writer import open_writer
from tests.kit.clock import FixedClock
from tests.kit.databases import PostgresMaker


def writable(engines: Engines) -> bool:
    writer = open_writer(engines, FixedClock())
    try:
        return is_writable(writer)
    finally:
        writer.close()


def test_a_database_that_stands_is_writable_and_current(engines: Engines) -> None:
    assert writable(engines)
    assert is_current(engines)


def test_asking_changes_nothing_and_can_be_repeated(engines: Engines) -> None:
    for _ in range(50):
        assert writable(engines) and is_current(engines)


def test_another_revision_is_not_ours(engines: Engines) -> None:
    with engines.write.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert writable(engines)
    assert not is_current(engines)


def test_an_empty_database_is_not_current(tmp_path: Path, postgres_maker: PostgresMaker) -> None:
    (tmp_path / "empty.db").touch()
    for url in (f"sqlite:///{tmp_path / 'empty.db'}", postgres_maker.empty()):
        engines = open_engines(url)
        assert not writable(engines), "it has no table to write to"
        assert not is_current(engines)
        engines.dispose()


def test_a_database_that_is_gone_is_neither(sqlite_url: str, tmp_path: Path) -> None:
    engines = open_engines(sqlite_url)
    assert engines.path is not None
    engines.path.rename(tmp_path / "away.db")

    assert not writable(engines)
    assert not is_current(engines)
    assert not engines.path.exists()
    engines.dispose()


def test_a_file_that_is_no_database_is_neither(tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    path.write_bytes(b"no database at all, for sure" * 200)
    engines = open_engines(f"sqlite:///{path}")

    assert not writable(engines)
    assert not is_current(engines)


def test_a_server_that_takes_no_connection_is_neither() -> None:
    engines = open_engines("postgresql://nobody@127.0.0.1:1/nothing")

    assert not writable(engines)
    assert not is_current(engines)


def test_a_standby_that_only_reads_is_not_writable(postgres_url: str) -> None:
    engines = open_engines(postgres_url)
    with engines.write.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    engines.dispose()

    assert not writable(engines)
    assert is_current(engines)
    engines.dispose()


def test_a_database_that_another_process_keeps_is_said_to_be_busy(sqlite_url: str) -> None:
    engines = open_engines(sqlite_url)
    assert engines.path is not None
    holder = sqlite3.connect(engines.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    assert is_current(engines), "who reads is not kept waiting"

    holder.execute("ROLLBACK")
    holder.close()
    assert writable(engines)
    engines.dispose()
