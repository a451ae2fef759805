"""What the server and the front cost by themselves: a handler that does nothing."""

from typing import Final

from bench.figures import Context, Figures, Goal

NAME: Final = "server alone: an empty handler"
GOAL: Final = Goal()


def measure(context: Context) -> Figures:
    with context.server("bench.empty") as port:
        return context.load(port, "bench.empty:requests")
