"""Somebody with the database's own tools: what its keys and checks forbid is written all the same."""

from typing import Any

from sqlalchemy import text

from .house import House


def sql(house: House, statement: str, **values: Any) -> None:
    """Run one statement on the house's database, past the product and past the constraints."""
    engines = house.gateway.parts.engines
    with engines.write.connect() as connection:
        if engines.is_sqlite:
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.exec_driver_sql(
                "ALTER TABLE transfers DROP CONSTRAINT IF EXISTS ck_transfers_one_chain"
            )
        connection.execute(text(statement), values)
        connection.commit()
        if not engines.is_sqlite:
            connection.exec_driver_sql("SET session_replication_role = DEFAULT")
            connection.commit()
