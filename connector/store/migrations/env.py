"""How Alembic runs a migration: on the connection it is handed, in the transaction that is open there."""

from alembic import context

from connector.store.tables import metadata

connection = context.config.attributes["connection"]
# SQLite's DDL is transactional when BEGIN comes first, which the caller sees to; PostgreSQL's always is.
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
if connection.dialect.name == "postgresql":
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7262017)")  # two that start at once take turns
context.run_migrations()
