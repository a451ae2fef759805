"""A backlog drains at the worker's rate, and the worker's memory stays as it was.

An error is memory that grew by more than it may: what waits is to stay in the database.
"""

import re
import threading
import time
from pathlib import Path
from typing import Final

from sqlalchemy import select, text

from bench.figures import Context, Figures, Goal
from bench.rows.delivering import BESIDE, ENDPOINTS, build, queue, reference, told
from connector.flows.dispatch import Dispatcher
from connector.store.tables import OPEN, webhook_deliveries

__all__ = ["BESIDE", "GOAL", "NAME", "measure", "reference"]

NAME: Final = "a backlog drains with flat memory"
GOAL: Final = Goal(ratio=0.6)
MAY_GROW_MIB: Final = 32.0
LOOK_S: Final = 0.5
_OPEN: Final = select(webhook_deliveries.c.id).where(text(OPEN)).limit(1)
WARM_S: Final = 3.0  # its threads and connections are there by then


def measure(context: Context) -> Figures:
    with context.server("bench.receiver") as port:
        gateway = build(context.folder, f"http://127.0.0.1:{port}/hook")
        queue(gateway, context.backlog // ENDPOINTS)
        worker = Dispatcher(gateway.parts)
        begin = time.perf_counter()
        worker.start()
        worker.wake()
        first, most = 0.0, 0.0
        ended = threading.Event()
        while not ended.wait(LOOK_S):
            most = max(most, resident_mib())
            if not first and time.perf_counter() - begin > WARM_S:
                first = resident_mib()
            with gateway.parts.engines.reading() as connection:
                if connection.execute(_OPEN).first() is None:
                    ended.set()
        took = time.perf_counter() - begin
        worker.stop()
        found = told(gateway, took)
        gateway.close()
    grew = most - first if first else 0.0
    print(f"  {found.requests} deliveries; {first:.0f} MiB after {WARM_S:.0f} s, {most:.0f} MiB at most")
    return Figures(**{**vars(found), "errors": found.errors + (grew > MAY_GROW_MIB)})


def resident_mib() -> float:
    """Of this process."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0
