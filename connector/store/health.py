"""Whether the database can be written right now, and whether its tables are ours."""

from sqlalchemy import exc, text

from .engine import Engines
from .migrate import current, newest


def is_writable(engines: Engines) -> bool:
    """Take and give back the right to write: true of a database that would take a commit."""
    try:
        with engines.write.connect() as connection:
            if engines.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                connection.exec_driver_sql("ROLLBACK")
            else:
                read_only = connection.execute(text("SHOW transaction_read_only")).scalar_one()
                return bool(read_only == "off")
    except (exc.DBAPIError, exc.TimeoutError):
        return False
    return True


def is_current(engines: Engines) -> bool:
    """Whether every migration has been applied, and none that we do not know."""
    try:
        return current(engines) == newest()
    except (exc.DBAPIError, exc.TimeoutError):
        return False
