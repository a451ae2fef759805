"""Which deliveries are taken next, whatever else lies in the table; and that each of them ends."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connector.domain.accounts import Account
from connector.domain.retries import SCHEDULE
from connector.domain.sealing import KeyRing
from connector.store import endpoints, leases, outbox
from connector.store.engine import Engines, open_engines
from connector.store.leases import AT_ONCE, Leased
from tests.kit.clock import FixedClock
from tests.store.making import AnyWriter

LEASE = timedelta(seconds=45)


def listeners(writer: AnyWriter, ring: KeyRing, account: Account, count: int) -> list[int]:
    values: dict[str, Any] = {
        "account_id": account.id,
        "url": "https://example.com/",
        "event_types": ["*"],
        "secret": "whsec_one",
        "description": None,
        "metadata": {},
    }
    return [writer.run(lambda tx: endpoints.add(tx, ring, **values)).id for _ in range(count)]


def tell(writer: AnyWriter, account: Account, count: int) -> None:
    values: dict[str, Any] = {"account_id": account.id, "account": account.slug, "sandbox": False}
    for _ in range(count):
        writer.run(lambda tx: outbox.add(tx, message_type="ping", data={}, **values))


def take(writer: AnyWriter, clock: FixedClock, limit: int, after: int = 0) -> list[Leased]:
    return writer.run(lambda tx: leases.lease(tx, now=clock.now(), lease_for=LEASE, limit=limit, after=after))


def test_an_endpoint_with_a_backlog_never_has_more_than_its_share_in_flight(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    listeners(writer, ring, account, 1)
    tell(writer, account, 3 * AT_ONCE)

    first = take(writer, clock, 100)

    assert len(first) == AT_ONCE
    assert take(writer, clock, 100) == [], "until one of them has ended"


def test_the_ring_reaches_every_endpoint_before_any_comes_twice(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock
) -> None:
    made = listeners(writer, ring, account, 5)
    tell(writer, account, 2)

    first = take(writer, clock, 3)
    second = take(writer, clock, 2, after=max(one.endpoint.id for one in first))

    assert [one.endpoint.id for one in (*first, *second)] == made


def test_a_delivery_that_kills_every_worker_ends(
    writer: AnyWriter, ring: KeyRing, account: Account, clock: FixedClock, engines: Engines
) -> None:
    listeners(writer, ring, account, 1)
    tell(writer, account, 1)

    lost = 0
    while take(writer, clock, 1):
        lost += 1
        clock.forward(LEASE)
        assert lost < 100, "it never ends"

    assert lost == len(SCHEDULE) + 1
    with engines.reading() as connection:
        [row] = connection.execute(text("SELECT state, reason, tries FROM webhook_deliveries")).all()
        assert tuple(row) == ("dead", "lost", len(SCHEDULE) + 1)
        assert leases.next_due(connection) is None


@pytest.mark.parametrize("statement", ["claim", "look"])
def test_what_was_delivered_long_ago_is_not_read_again(
    sqlite_url: str, tmp_path: Any, statement: str
) -> None:
    """The plan walks the partial index over open rows, never the table: asked of SQLite, which says so."""

    engines = open_engines(sqlite_url)
    dialect = engines.read.dialect
    sql = {
        "claim": str(leases._DUE_OF_ONE.compile(dialect=dialect)),
        "look": str(leases._HOP.compile(dialect=dialect)),
    }[statement]
    with engines.read.connect() as connection:
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, (1,) * sql.count("?")).all()
    engines.dispose()

    steps = [row[-1] for row in plan if "webhook_deliveries" in row[-1]]
    assert steps
    for step in steps:
        assert "ix_webhook_deliveries_endpoint_id_due_at" in step, step
        assert not step.startswith("SCAN webhook_deliveries USING INDEX sqlite_"), step
