"""What a row measures, what it should reach, and what it gets to measure with."""

import json
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

START_S: Final = 30.0


@dataclass(frozen=True)
class Figures:
    """One measurement: requests a second, and how long they took in milliseconds."""

    requests: int
    errors: int
    rate: float
    mean_ms: float
    p50_ms: float
    p99_ms: float


def timed(seconds: float, work: Callable[[], bool]) -> Figures:
    """`work` again and again, one after another; it says whether it came out right."""
    took: list[float] = []
    errors = 0
    begin = time.perf_counter()
    while not took or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        errors += not work()
        took.append(1_000 * (time.perf_counter() - start))
    took.sort()
    return Figures(
        requests=len(took),
        errors=errors,
        rate=1_000 * len(took) / sum(took),
        mean_ms=statistics.fmean(took),
        p50_ms=took[len(took) // 2],
        p99_ms=took[min(len(took) - 1, len(took) * 99 // 100)],
    )


@dataclass(frozen=True)
class Goal:
    """What is asked of a row; None: nothing. `ratio` is to the reference's rate."""

    ratio: float | None = None
    p99_ms: float | None = None
    p99_to_mean: float | None = None

    def __str__(self) -> str:
        wanted = (
            (self.ratio, f"≥ {self.ratio} B"),
            (self.p99_ms, f"p99 ≤ {self.p99_ms:g} ms" if self.p99_ms else ""),
            (self.p99_to_mean, f"p99 ≤ {self.p99_to_mean} × mean"),
        )
        return ", ".join(text for value, text in wanted if value is not None)

    def missed(self, ratio: float, figures: Figures) -> list[str]:
        """The parts of the goal that `figures`, at `ratio` to the reference, do not reach."""
        found = []
        if self.ratio is not None and ratio < self.ratio:
            found.append("rate")
        if self.p99_ms is not None and figures.p99_ms > self.p99_ms:
            found.append("p99")
        if self.p99_to_mean is not None and figures.p99_ms > self.p99_to_mean * figures.mean_ms:
            found.append("p99 to mean")
        return found


@dataclass(frozen=True)
class Context:
    """What `measure` gets: how long, how many connections, an empty folder of its own, how long a backlog."""

    seconds: float
    connections: int
    folder: Path
    backlog: int = 100_000

    @contextmanager
    def server(self, module: str, *arguments: str) -> Iterator[int]:
        """`python -m module arguments…`, which prints its port as its first line; ended at the end."""
        command = [sys.executable, "-m", module, *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                yield int(process.stdout.readline())
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(START_S)

    def load(self, port: int, requests: str, argument: str = "", extra: Sequence[str] = ()) -> Figures:
        """What the load generator, a process of its own, measured.

        `requests` is `module:function`; the function takes `argument` and yields the
        requests' bytes.
        """
        command = [sys.executable, "-m", "bench.load", str(port), requests, argument]
        command += ["--seconds", str(self.seconds), "--connections", str(self.connections), *extra]
        told = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, timeout=self.seconds + START_S
        )
        return Figures(**json.loads(told.stdout))
