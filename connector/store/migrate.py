"""Migrations: numbered, forwards only, each whole or not at all, also on SQLite."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from .engine import Engines

_FOLDER: Final = Path(__file__).parent / "migrations"


def newest() -> str:
    """The revision that this program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def current(engines: Engines) -> str | None:
    """The revision that the database has; None: an empty one."""
    with engines.write.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engines: Engines) -> str:
    """Bring the database to `newest`, in one transaction; the revision it has then.

    One that a newer program made is refused by Alembic: its revision is unknown here.
    """
    with engines.write.connect() as connection:
        if engines.is_sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # two that start at once take turns
        _run(connection)
        if engines.is_sqlite:
            connection.exec_driver_sql("COMMIT")
        else:
            connection.commit()
    return newest()


def _run(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    return config
