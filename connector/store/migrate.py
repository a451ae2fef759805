"""Migrations: numbered, forwards only, each whole or not at all, also on SQLite."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ..domain.errors import NewerDatabase, Unavailable
from .engine import BUSY_TIMEOUT_MS, Engines, open_engines
from .lock import is_served

PATIENCE_MS: Final = 10 * 60 * 1_000
"""How long an upgrade waits for another one of the same SQLite file."""

_ALEMBIC: Final = threading.Lock()  # it keeps what it works on in its module
_FOLDER: Final = Path(__file__).parent / "migrations"


def newest() -> str:
    """The revision that this program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def current(engines: Engines) -> str | None:
    """The revision that the database has; None: an empty one, or none yet."""
    if engines.path is not None and not engines.path.exists():
        return None
    with engines.reading() as connection:
        return _revision(connection)


def require_current(url: str, *, is_serving: bool) -> None:
    """Bring an SQLite database up to date; Unavailable names the command for one that is behind.

    Not beneath another process that serves it, unless this one does: `is_serving`.
    """
    engines = open_engines(url)
    try:
        has = current(engines)
        if has == newest():
            return
        _require_known(has)
        if not engines.is_sqlite:
            raise Unavailable(f"{_behind(has)} Run: connector db upgrade")
        if not is_serving:
            _require_unserved(engines, has)
        upgrade(engines)
    finally:
        engines.dispose()


def bring_up(url: str) -> str | None:
    """Bring the database to `newest`, whichever it is; the revision it had. Unavailable as above."""
    engines = open_engines(url)
    try:
        had = current(engines)
        if had != newest():
            _require_unserved(engines, had)
        upgrade(engines)
        return had
    finally:
        engines.dispose()


def upgrade(engines: Engines) -> str:
    """Bring the database to `newest`, in one transaction; the revision it has then.

    Makes an SQLite file that is not there yet. NewerDatabase where its revision is
    unknown here: a newer program made it.
    """
    if engines.path is not None:
        engines.path.touch(mode=0o600)  # names and notes of customers: for nobody else on this machine
    with engines.write.connect() as connection, _patient(connection, engines):
        if engines.is_sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # two that start at once take turns
        _require_known(_revision(connection))
        with _ALEMBIC:
            _run(connection)
        if engines.is_sqlite:
            connection.exec_driver_sql("COMMIT")
        else:
            connection.commit()
    return newest()


@contextmanager
def _patient(connection: Connection, engines: Engines) -> Iterator[None]:
    """Whoever has the turn before us may have a million cards to go through."""
    if not engines.is_sqlite:
        yield
        return
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {PATIENCE_MS}")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def _behind(has: str | None) -> str:
    return f"The database is at revision {has or 'empty'}, this program needs {newest()}."


def _require_unserved(engines: Engines, has: str | None) -> None:
    """An older program's statements need not fit new tables."""
    if engines.path is not None and is_served(engines.path):
        raise Unavailable(f"{_behind(has)} Another connector serves it: stop that one first.")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _require_known(revision: str | None) -> None:
    known = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]
    if revision is not None and revision not in known:
        raise NewerDatabase(f"The database has revision {revision}; this connector knows up to {newest()}.")


def _run(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
