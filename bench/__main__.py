"""`make bench`: every row beside the reference, turn about, in one run.

The rate of a row is told as the median ratio to the reference measured just before it: B, or
the row's own, which stands below it.
"""

import argparse
import importlib
import pkgutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import reference, rows
from bench.figures import Context, Figures, Goal


@dataclass(frozen=True)
class Row:
    """One thing measured, as its file in `bench/rows` says."""

    name: str
    goal: Goal
    measure: Callable[[Context], Figures]
    reference: Callable[[Context], Figures] = reference.measure
    beside: str = ""
    """What a row's own reference is; empty: B."""


def found_rows() -> list[Row]:
    """Every file of `bench/rows`, by name; one without its parts ends the run."""
    names = sorted(found.name for found in pkgutil.iter_modules(rows.__path__))
    modules = [importlib.import_module(f"bench.rows.{name}") for name in names]
    return [
        Row(
            module.NAME,
            module.GOAL,
            module.measure,
            getattr(module, "reference", reference.measure),
            getattr(module, "BESIDE", ""),
        )
        for module in modules
    ]


def measured(measure: Callable[[Context], Figures], asked: argparse.Namespace) -> Figures:
    with tempfile.TemporaryDirectory(prefix="bench-", dir=asked.folder) as folder:
        return measure(Context(asked.seconds, asked.connections, Path(folder), asked.backlog))


def show(name: str, ratio: str, figures: Figures, goal: str, verdict: str) -> None:
    print(
        f"{name:<40} {ratio:>5} {figures.rate:>7.0f}/s {figures.mean_ms:>8.1f} {figures.p50_ms:>7.1f}"
        f" {figures.p99_ms:>7.1f} {figures.errors:>6}  {goal:<24} {verdict}",
        flush=True,
    )


def middle(taken: list[Figures]) -> Figures:
    """The measurement with the median rate; errors of all of them."""
    chosen = sorted(taken, key=lambda figures: figures.rate)[len(taken) // 2]
    values = vars(chosen) | {"errors": sum(figures.errors for figures in taken)}
    return Figures(**values)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement (5)")
    parser.add_argument("--connections", type=int, default=32, help="one request in flight on each (32)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each row (3)")
    parser.add_argument("--backlog", type=int, default=100_000, help="deliveries that wait (100,000)")
    parser.add_argument("--only", default="", help="rows whose name holds this text")
    parser.add_argument("--folder", help="where the databases go (the system's temporary folder)")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    print(f"{'':<40} ratio      rate  mean ms  p50 ms  p99 ms errors  goal")
    measured(reference.measure, asked)  # the machine's first run is never like the others
    base: list[Figures] = []
    errors = 0
    for row in found_rows():
        if asked.only not in row.name:
            continue
        taken: list[Figures] = []
        ratios: list[float] = []
        own: list[Figures] = []  # of its reference
        for _ in range(asked.rounds):
            own.append(measured(row.reference, asked))
            taken.append(measured(row.measure, asked))
            ratios.append(taken[-1].rate / own[-1].rate)
        ratio, figures = statistics.median(ratios), middle(taken)
        missed = row.goal.missed(ratio, figures)
        verdict = f"missed: {', '.join(missed)}" if missed else "met" if row.goal != Goal() else ""
        show(row.name, f"{ratio:.2f}", figures, str(row.goal), verdict)
        errors += figures.errors
        if row.beside:
            show(f"  beside {row.beside}", "1", middle(own), "", "")
        else:
            base += own
    if base:
        show(reference.NAME, "1", middle(base), "", "")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
