"""Honest requests beside 500 silent clients, 500 that drip a head and 500 that drip a body."""

from typing import Final

from bench.figures import Context, Figures, Goal

NAME: Final = "the same beside 1,500 slow clients"
GOAL: Final = Goal(p99_ms=250)


def measure(context: Context) -> Figures:
    with context.server("bench.empty") as port:
        return context.load(port, "bench.empty:requests", extra=["--slow", "500"])
