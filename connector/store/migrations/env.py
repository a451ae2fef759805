"""How Alembic runs a migration: on the connection it is handed, in the transaction that is open there."""

from alembic import context

from connector.store.tables import metadata

connection = context.config.attributes["connection"]
# SQLite's DDL is transactional when BEGIN comes first, which the caller sees to; PostgreSQL's always is.
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
if connection.dialect.name == "postgresql":
    # Two that start at once take turns, and the one before may have a million rows to go through. For a table
    # that others use, it waits no longer than anybody: they would all stand behind it.
    connection.exec_driver_sql("SET LOCAL lock_timeout = '10min'")
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7262017)")
    connection.exec_driver_sql("SET LOCAL lock_timeout TO DEFAULT")
context.run_migrations()
