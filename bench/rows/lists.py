"""Pages of cards and transactions by every pair of filters, on a small ledger, one after another.

On a large one, of either database: python -m bench.lists.
"""

import itertools
import statistics
import time
from datetime import UTC, datetime
from typing import Final

from bench.figures import Context, Figures, Goal
from bench.lists import opened, questions
from bench.made_ledger import ACCOUNT

NAME: Final = "lists: any pair of filters, 5,000 cards"
GOAL: Final = Goal(p99_ms=100)
CARDS: Final = 5_000


def measure(context: Context) -> Figures:
    gateway = opened(f"sqlite:///{context.folder / 'lists.db'}", CARDS, context.folder)
    asked = list(questions(gateway, gateway.account(ACCOUNT), datetime.now(UTC), is_full=False))
    took: list[float] = []
    begin = time.perf_counter()
    for question in itertools.cycle(asked):
        start = time.perf_counter()
        question.ask()
        took.append(1_000 * (time.perf_counter() - start))
        if time.perf_counter() - begin >= context.seconds:
            break
    gateway.close()
    took.sort()
    return Figures(
        requests=len(took),
        errors=0,
        rate=1_000 * len(took) / sum(took),
        mean_ms=statistics.fmean(took),
        p50_ms=took[len(took) // 2],
        p99_ms=took[min(len(took) - 1, len(took) * 99 // 100)],
    )
