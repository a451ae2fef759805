"""Calls between processes on PostgreSQL: that something was queued, for whoever works on it.

The one rule: a call is a hint. It is told after the commit, not with it: PostgreSQL would make all
commits that call wait for each other. One that is lost costs the time until the next look.
"""

import contextlib
from collections.abc import Callable
from typing import Any, Final

import psycopg
from sqlalchemy import exc

from ..domain.errors import Unavailable
from .engine import Engines

_CHANNEL: Final = "connector_outbox"
_HEARS_FOR_S: Final = 5.0  # then it looks whether it is to end


def tell(engines: Engines) -> None:
    """Call everybody who hears. Nobody does on SQLite, where one process does all the work."""
    if engines.is_sqlite:
        return
    with contextlib.suppress(exc.SQLAlchemyError), engines.write.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(f"NOTIFY {_CHANNEL}")


def hear(engines: Engines, is_over: Callable[[], bool], called: Callable[[], None]) -> None:
    """Do `called` at each call, and once at the start, for what was queued before; until `is_over`.

    Raises Unavailable where the line breaks.
    """
    try:
        with engines.write.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            driver: Any = connection.connection.dbapi_connection
            try:
                driver.execute(f"LISTEN {_CHANNEL}")
                called()
                while not is_over():
                    for _ in driver.notifies(timeout=_HEARS_FOR_S, stop_after=1):
                        called()
            finally:
                connection.invalidate()  # whoever had it next would hear on
    except (exc.SQLAlchemyError, psycopg.Error) as fault:
        raise Unavailable("The database cannot be heard right now.") from fault
