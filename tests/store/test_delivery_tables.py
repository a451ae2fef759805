"""The tables of deliveries hold what they should: each kind of work has an index of its own."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Index, event, update

from connector.domain.sealing import KeyRing
from connector.store import closing, conditions, delivery_lists, endpoints, resending
from connector.store.delivery_tables import DEAD, OPEN, UNDONE, webhook_deliveries
from connector.store.engine import open_engines
from connector.store.writer import open_writer
from tests.kit.clock import FixedClock
from tests.store.making import make_account
from tests.store.sending import add, an_endpoint


@pytest.mark.parametrize("where", [OPEN, UNDONE, DEAD])
def test_each_kind_of_work_has_an_index_that_both_databases_keep_small(where: str) -> None:
    found = [one for one in webhook_deliveries.indexes if _where(one, "sqlite") == where]

    [index] = found
    assert _where(index, "postgresql") == where
    assert next(iter(index.columns)).name == "endpoint_id"


def test_what_is_asked_of_open_waiting_and_dead_ones_walks_nothing_that_was_delivered(
    sqlite_url: str, ring: KeyRing, clock: FixedClock
) -> None:
    """A million delivered rows of one endpoint cost its list, its end and its recovery nothing."""
    engines = open_engines(sqlite_url)
    writer = open_writer(engines, clock)
    account = writer.run(lambda tx: make_account(tx, "glow-spa"))
    made = an_endpoint(writer, ring, account, ordering="card")
    asked: list[tuple[str, Any]] = []
    for engine in (engines.read, engines.write):
        event.listen(engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))

    since, until = clock.now() - timedelta(days=1), clock.now()
    with engines.reading() as connection:
        delivery_lists.count_open(connection, made.id)
        delivery_lists.counts_open(connection, [made.id])
        for state in ("pending", "retrying", "sending", "dead"):
            for more in ({}, {"endpoint": made.id}):
                delivery_lists.page(connection, account.id, {"state": state, **more}, limit=9)
        closing.lonely(connection, until)
    writer.run(lambda tx: resending.revive(tx, made, since, until, 0, 100))
    writer.run(lambda tx: closing.mark(tx, made.id, "backlog_dropped"))
    writer.run(lambda tx: endpoints.change(tx, made, ordering="none"))
    writer.run(lambda tx: closing.step(tx, made.id))
    writer.run(lambda tx: conditions.delete(tx, made.id, until))
    writer.run(lambda tx: closing.step(tx, made.id))

    deliveries = [(sql, values) for sql, values in asked if "webhook_deliveries" in sql and "SELECT" in sql]
    assert len(deliveries) > 12
    with engines.read.connect() as connection:
        for sql, values in deliveries:
            if "max(webhook_deliveries.id)" in sql:  # the newest: one step of its own index
                continue
            plan = [row[-1] for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, values)]
            steps = [step for step in plan if "webhook_deliveries" in step and "rowid=?" not in step]
            assert not [step for step in steps if "SCAN" in step and "COVERING" not in step], (sql, steps)
            assert not [step for step in steps if "_endpoint_id_id" in step], (sql, steps)
    writer.close()
    engines.dispose()


@pytest.mark.parametrize(
    "filters",
    [
        {"type": "custom.rare"},
        {"outcome": "gone"},
        {"state": "cancelled"},
        {"type": "custom.rare", "outcome": "gone", "state": "cancelled"},
    ],
)
def test_a_list_of_what_is_rare_walks_nothing_of_the_rest(
    sqlite_url: str, ring: KeyRing, clock: FixedClock, filters: dict[str, Any]
) -> None:
    """Nor what is older than `since`: a million deliveries make no page slower."""
    engines = open_engines(sqlite_url)
    writer = open_writer(engines, clock)
    account = writer.run(lambda tx: make_account(tx, "glow-spa"))
    an_endpoint(writer, ring, account)
    add(writer, account, "custom.rare")
    values = {"state": "cancelled", "outcome": "gone"}
    writer.run(lambda tx: tx.execute(update(webhook_deliveries).values(**values)))
    asked: list[tuple[str, Any]] = []
    event.listen(engines.read, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))

    with engines.reading() as connection:
        found = delivery_lists.page(connection, account.id, filters, limit=9)
        recent = delivery_lists.page(connection, account.id, {"since": clock.now()}, limit=9)

    assert len(found) == len(recent) == 1
    with engines.read.connect() as connection:
        for sql, asked_for in [one for one in asked if "FROM" in one[0]]:
            plan = [row[-1] for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, asked_for)]
            assert not [step for step in plan if "SCAN" in step or step.endswith("_id (account_id=?)")], plan
    writer.close()
    engines.dispose()


def _where(index: Index, dialect: str) -> str:
    return str(index.dialect_options[dialect]["where"])
