"""A process that dies at a named point of its second commit, and says what was answered before.

python -m tests.store.killed_at sqlite:///connector.db writer.before_commit
"""

import os
import signal
import sys

from connector.store.engine import open_engines
from connector.store.writer import GroupWriter
from tests.kit.clock import FixedClock
from tests.store.groups import noting


def main(url: str, point: str) -> None:
    passed: list[str] = []

    def die(here: str) -> None:
        passed.append(here)
        if passed.count(point) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    writer = GroupWriter(open_engines(url), FixedClock(), die)
    for name in ("first", "second"):
        sys.stdout.write(writer.run(noting(name)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
