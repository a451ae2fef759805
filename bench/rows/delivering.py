"""One worker with a full outbox and a fast receiver, beside a bare `HTTPAdapter.send` to the same one.

Claims, signatures, attempts and results on SQLite FULL are included; the bare sender writes nothing.
"""

import logging
import time
from datetime import datetime
from pathlib import Path
from typing import Final

import requests
import structlog
from requests.adapters import HTTPAdapter
from sqlalchemy import func, select

from bench.figures import Context, Figures, Goal, timed
from connector.app import Rooms, assemble
from connector.domain.clock import SystemClock
from connector.domain.endpoint_health import Condition, Health
from connector.flows import setup
from connector.flows.dispatch import Dispatcher
from connector.flows.gateway import Gateway
from connector.store import conditions, migrate, outbox
from connector.store.engine import open_engines
from connector.store.tables import attempts, endpoints, webhook_deliveries
from connector.store.writer import Writing

NAME: Final = "one worker, full outbox, fast receiver"
GOAL: Final = Goal(ratio=0.6)
BESIDE: Final = "a bare HTTPAdapter.send"
ACCOUNT: Final = "glow-spa"
ENDPOINTS: Final = 16  # a delivery each of every message
QUEUED_PER_S: Final = 6_000  # more than it can send, so that the outbox stays full
TOLD_AT_ONCE: Final = 50


def reference(context: Context) -> Figures:
    """Kept connections, one thread: what requests itself can do here."""
    adapter = HTTPAdapter()
    with context.server("bench.receiver") as port:
        prepared = requests.Request("POST", f"http://127.0.0.1:{port}/hook", data=b"x" * 800).prepare()

        def send() -> bool:
            answer = adapter.send(prepared, stream=True, timeout=15, proxies={})
            return answer.status_code == 200 and answer.raw.read() == b""

        return timed(context.seconds, send)


def measure(context: Context) -> Figures:
    with context.server("bench.receiver") as port:
        gateway = build(context.folder, f"http://127.0.0.1:{port}/hook")
        queue(gateway, int(context.seconds * QUEUED_PER_S / ENDPOINTS))
        worker = Dispatcher(gateway.parts)
        begin = time.perf_counter()
        worker.start()
        worker.wake()
        time.sleep(context.seconds)
        worker.stop()
        took = time.perf_counter() - begin
        found = told(gateway, took)
        gateway.close()
    return found


def build(folder: Path, url: str, count: int = ENDPOINTS) -> Gateway:
    """A gateway with endpoints that have shown that they can take their most at once."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    database = f"sqlite:///{folder / 'delivering.db'}"
    engines = open_engines(database)
    migrate.upgrade(engines)
    engines.dispose()
    (folder / "recipes").mkdir()
    networks = ("127.0.0.0/8",)
    rooms = Rooms(
        *(database, (bytes(range(32)),), folder / "recipes", "https://gifts.example.com"),
        allow_networks=networks,
        allow_http=True,
    )
    gateway = assemble(rooms)
    account = setup.ConfiguredAccount(ACCOUNT, "Glow Spa", "USD", "America/New_York", "US", sandbox=False)
    setup.write(gateway.parts, [account], [])
    for _ in range(count):
        gateway.create_endpoint(gateway.account(ACCOUNT), url=url)
    now = SystemClock().now()
    gateway.parts.writer.run(lambda tx: _warm(tx, now))
    return gateway


def _warm(tx: Writing, now: datetime) -> None:
    for number in tx.execute(select(endpoints.c.id)).scalars().all():
        conditions.write(tx, number, Condition(Health(window=4), None, None, now))


def queue(gateway: Gateway, messages: int) -> None:
    """So many messages, each for every endpoint."""
    account = gateway.account(ACCOUNT)
    data = {"gift_card": {"id": "gc_" + "0" * 26, "note": "x" * 500}}

    def tell(tx: Writing) -> None:
        for _ in range(TOLD_AT_ONCE):
            outbox.add(
                tx,
                account_id=account.id,
                account=account.slug,
                sandbox=False,
                message_type="gift_card.issued",
                data=data,
            )

    for _ in range(-(-messages // TOLD_AT_ONCE)):
        gateway.parts.writer.run(tell)


def told(gateway: Gateway, took_s: float) -> Figures:
    """What was delivered and recorded by then."""
    with gateway.parts.engines.reading() as connection:
        records = list(connection.execute(select(attempts.c.record)).scalars())
        delivered = webhook_deliveries.c.state == "delivered"
        arrived = connection.execute(
            select(func.count()).select_from(webhook_deliveries).where(delivered)
        ).scalar_one()
    times = sorted(one["duration_ms"] for one in records)
    return Figures(
        requests=arrived,
        errors=sum(one["outcome"] != "delivered" for one in records),
        rate=arrived / took_s,
        mean_ms=sum(times) / len(times),
        p50_ms=times[len(times) // 2],
        p99_ms=times[len(times) * 99 // 100],
    )
