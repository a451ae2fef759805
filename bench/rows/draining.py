"""A backlog drains at the worker's rate, and the worker's memory stays as it was.

An error is memory that grew by more than it may: what waits is to stay in the database.
"""

import re
import time
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, insert, select

from bench.figures import Context, Figures, Goal
from bench.rows.delivering import ACCOUNT, BESIDE, ENDPOINTS, build, reference, told
from connector.domain.clock import SystemClock
from connector.flows.dispatch import Dispatcher
from connector.flows.gateway import Gateway
from connector.store.tables import attempts, messages, webhook_deliveries
from connector.store.turns import FIRST
from connector.store.writer import Writing

__all__ = ["BESIDE", "GOAL", "NAME", "measure", "reference"]

NAME: Final = "a backlog drains with flat memory"
GOAL: Final = Goal(ratio=0.6)
MAY_GROW_MIB: Final = 32.0
LOOK_S: Final = 0.5
MOST_S: Final = 60.0  # of a longer backlog the rates by parts tell the rest
BATCH: Final = 1_000
PARTS: Final = 6
WARM_S: Final = 3.0  # its threads and connections are there by then


def measure(context: Context) -> Figures:
    with context.server("bench.receiver") as port:
        gateway = build(context.folder, f"http://127.0.0.1:{port}/hook")
        fill(gateway, context.backlog // ENDPOINTS)
        worker = Dispatcher(gateway.parts)
        begin = time.perf_counter()
        worker.start()
        worker.wake()
        first, most = 0.0, 0.0
        arrived = [0]
        while time.perf_counter() - begin < MOST_S:
            time.sleep(LOOK_S)
            most = max(most, resident_mib())
            if not first and time.perf_counter() - begin > WARM_S:
                first = resident_mib()
            arrived.append(ended(gateway))
            if arrived[-1] >= context.backlog // ENDPOINTS * ENDPOINTS:
                break
        took = time.perf_counter() - begin
        worker.stop()
        found = told(gateway, took)
        gateway.close()
    grew = most - first if first else 0.0
    step = max(1, len(arrived) // PARTS)
    rates = [round((after - before) / (LOOK_S * step)) for before, after in pairwise(arrived[::step])]
    print(f"  {found.requests} of {context.backlog} deliveries in {took:.0f} s, by parts: {rates} a second")
    print(f"  {first:.0f} MiB after {WARM_S:.0f} s, {most:.0f} MiB at most")
    return Figures(**{**vars(found), "errors": found.errors + (grew > MAY_GROW_MIB)})


def fill(gateway: Gateway, count: int) -> None:
    """So many messages, each with a delivery for every endpoint, as rows: by the outbox it takes an hour."""
    account, now = gateway.account(ACCOUNT), SystemClock().now()
    numbers = range(1, ENDPOINTS + 1)
    for start in range(0, count, BATCH):
        made = range(start + 1, min(start + BATCH, count) + 1)

        def put(tx: Writing, made: range = made) -> None:
            tx.execute(insert(messages), [_message(account.id, number, now) for number in made])
            rows = [_delivery(account.id, number, endpoint, now) for number in made for endpoint in numbers]
            tx.execute(insert(webhook_deliveries), rows)

        gateway.parts.writer.run(put)


def _message(account_id: int, number: int, now: datetime) -> dict[str, Any]:
    kept = {"id": number, "public_id": f"msg_{number:026d}", "account_id": account_id, "created_at": now}
    return {**kept, "type": "gift_card.issued", "body": b"x" * 800}


def _delivery(account_id: int, message: int, endpoint: int, now: datetime) -> dict[str, Any]:
    number = (message - 1) * ENDPOINTS + endpoint
    at = now - timedelta(hours=1) + timedelta(milliseconds=message)
    return {
        "id": number,
        "public_id": f"whd_{number:026d}",
        "account_id": account_id,
        "message_id": message,
        "endpoint_id": endpoint,
        "state": "pending",
        "tries": 0,
        "by_hand": 0,
        "lane": FIRST,
        "trigger": "schedule",
        "due_at": at,
        "fence": 0,
        "created_at": at,
    }


def ended(gateway: Gateway) -> int:
    """How many deliveries have ended; an attempt each, so the last one's number says it."""
    with gateway.parts.engines.reading() as connection:
        return int(connection.execute(select(func.coalesce(func.max(attempts.c.id), 0))).scalar_one())


def resident_mib() -> float:
    """Of this process."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0
