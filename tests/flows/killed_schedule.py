"""A process that dies at a named point of its work on a schedule.

python -m tests.flows.killed_schedule FOLDER URL POINT PASSES FORWARD_S: the folder has the recipes in force.
"""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from tests.kit.clock import FixedClock
from tests.kit.house import open_house


def main(folder: str, url: str, point: str, passes: str, forward_s: str) -> None:
    passed: list[str] = []
    is_armed: list[bool] = []

    def die(here: str) -> None:
        if is_armed and here == point:
            passed.append(here)
            if len(passed) == int(passes):
                os.kill(os.getpid(), signal.SIGKILL)

    clock = FixedClock()
    house = open_house(Path(folder), url, recipes={}, pause=die, clock=clock)
    clock.forward(timedelta(seconds=float(forward_s)))
    is_armed.append(True)
    house.gateway.tick()


if __name__ == "__main__":
    main(*sys.argv[1:])
