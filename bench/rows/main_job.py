"""The main job: a signed webhook in, a recipe decides, a card on the ledger, a message in the outbox."""

from typing import Final

from bench.figures import Context, Figures, Goal

NAME: Final = "main job: webhook to card and message"
GOAL: Final = Goal(ratio=0.5, p99_to_mean=2.0)


def measure(context: Context) -> Figures:
    with context.server("bench.job", str(context.folder)) as port:
        return context.load(port, "bench.job:requests")
