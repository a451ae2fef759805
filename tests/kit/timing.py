"""Whether two kinds of request can be told apart by how long they take, whatever the machine does meanwhile.

The rule that holds: they are asked in turn, in pairs whose order is drawn, so that a
machine that grows slower is slower for both.
"""

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from time import perf_counter_ns

MOST_Z = 4.0  # one honest run in sixteen thousand is further off
AUC_WITHIN = 0.03  # at 2x3,000 as far as MOST_Z


@dataclass(frozen=True)
class Compared:
    """`auc`: how often one of the second kind took longer than one of the first; 0.5 where nothing tells."""

    count: int
    z: float
    auc: float
    medians_us: tuple[float, float]

    @property
    def tells_nothing(self) -> bool:
        return abs(self.z) < MOST_Z and abs(self.auc - 0.5) < AUC_WITHIN

    def __str__(self) -> str:
        first, second = self.medians_us
        return f"2x{self.count}: z {self.z:+.2f}, AUC {self.auc:.4f}, medians {first:.1f} and {second:.1f} us"


def compare(first: Callable[[int], object], second: Callable[[int], object], count: int) -> Compared:
    """Ask each `count` times, a few before them uncounted; each is told how manieth it is."""
    order = random.Random(count)  # not a secret: which of a pair comes first
    asked = (first, second)
    for number in range(min(50, count)):
        first(number)
        second(number)
    took: tuple[list[int], list[int]] = ([], [])
    for number in range(count):
        for kind in order.sample((0, 1), 2):
            start = perf_counter_ns()
            asked[kind](number)
            took[kind].append(perf_counter_ns() - start)
    return compared(*took)


def compared(first: Sequence[int], second: Sequence[int]) -> Compared:
    """Mann-Whitney's U of two samples of nanoseconds, ties counted half."""
    ranked = sorted([(ns, 0) for ns in first] + [(ns, 1) for ns in second])
    total, ties, place = 0.0, 0, 0
    for _, same in groupby(ranked, key=lambda one: one[0]):
        kinds = [kind for _, kind in same]
        total += sum(kinds) * (place + (len(kinds) + 1) / 2)
        ties += len(kinds) ** 3 - len(kinds)
        place += len(kinds)
    a, b = len(first), len(second)
    above = total - b * (b + 1) / 2
    spread = math.sqrt(a * b / 12 * (a + b + 1 - ties / ((a + b) * (a + b - 1))))
    z = (above - a * b / 2) / spread if spread else 0.0
    medians = (statistics.median(first) / 1_000, statistics.median(second) / 1_000)
    return Compared(min(a, b), z, above / (a * b), medians)
