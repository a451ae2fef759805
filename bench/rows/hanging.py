"""A thousand endpoints of which fifty hang, beside the same thousand of which none does.

Told is what the other 950 wait between the commit and their attempt: the rate is one over the
95th part of a hundred of it, so that the ratio says how much longer that became.
"""

import time
from typing import Final

from sqlalchemy import select, update

from bench.figures import Context, Figures, Goal
from bench.rows.delivering import ACCOUNT, build
from connector.flows.dispatch import Dispatcher
from connector.flows.gateway import Gateway
from connector.store import outbox
from connector.store.tables import attempts, endpoints, webhook_deliveries
from connector.store.writer import Writing

NAME: Final = "1,000 endpoints of which 50 hang: p95"
BESIDE: Final = "the same, and none hangs"
GOAL: Final = Goal(ratio=0.83)
ENDPOINTS: Final = 1_000
HANGING: Final = 50
TOLD_PER_S: Final = 200
STEP_S: Final = 0.02


def reference(context: Context) -> Figures:
    return _measured(context, 0)


def measure(context: Context) -> Figures:
    return _measured(context, HANGING)


def _measured(context: Context, hanging: int) -> Figures:
    with context.server("bench.receiver") as port, context.server("bench.receiver", "hang") as dead:
        url, lost = (f"http://127.0.0.1:{one}/hook" for one in (port, dead))
        gateway = build(context.folder, url, ENDPOINTS)
        gateway.parts.writer.run(lambda tx: _arrange(tx, hanging, lost))
        worker = Dispatcher(gateway.parts)
        worker.start()
        _tell(gateway, worker, context.seconds)
        worker.stop(1.0)
        found = _waits(gateway, hanging)
        gateway.close()
    return found


def _arrange(tx: Writing, hanging: int, lost: str) -> None:
    """Each wants a type of its own; the first ones are at a receiver that hangs."""
    for number in tx.execute(select(endpoints.c.id)).scalars().all():
        values = {"event_types": [f"custom.e{number % ENDPOINTS}"], "rate_limit": None}
        tx.execute(update(endpoints).where(endpoints.c.id == number).values(values))
    tx.execute(update(endpoints).where(endpoints.c.id <= hanging).values(url=lost))


def _tell(gateway: Gateway, worker: Dispatcher, seconds: float) -> None:
    """A steady flow, each message for one endpoint, all of them in turn."""
    account = gateway.account(ACCOUNT)
    told, begin = 0, time.perf_counter()
    while (passed := time.perf_counter() - begin) < seconds:
        due = int(passed * TOLD_PER_S) - told

        def tell(tx: Writing, first: int = told, count: int = due) -> None:
            for number in range(first, first + count):
                outbox.add(
                    tx,
                    account_id=account.id,
                    account=account.slug,
                    sandbox=False,
                    message_type=f"custom.e{number * 7 % ENDPOINTS}",
                    data={},
                )

        if due:
            gateway.parts.writer.run(tell)
            worker.wake()
            told += due
        time.sleep(STEP_S)


def _waits(gateway: Gateway, hanging: int) -> Figures:
    wanted = (
        select(attempts.c.started_at, webhook_deliveries.c.created_at)
        .join(webhook_deliveries, webhook_deliveries.c.id == attempts.c.delivery_id)
        .where(webhook_deliveries.c.endpoint_id > max(hanging, HANGING))
    )
    with gateway.parts.engines.reading() as connection:
        rows = connection.execute(wanted).all()
    waits = sorted(1_000 * (row.started_at - row.created_at).total_seconds() for row in rows)
    p95 = max(waits[len(waits) * 95 // 100], 0.001)
    return Figures(
        requests=len(waits),
        errors=0,
        rate=1_000 / p95,
        mean_ms=sum(waits) / len(waits),
        p50_ms=waits[len(waits) // 2],
        p99_ms=waits[len(waits) * 99 // 100],
    )
