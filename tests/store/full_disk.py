"""A process whose files may not grow: a group of writers at every size that stops them, a line of JSON each.

python -m tests.store.full_disk sqlite:///pattern.db FOLDER
"""

import json
import resource
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Any

from connector.store.writer import Writing
from tests.kit.crowd import Ended
from tests.store.groups import a_group_writer, noting, together
from tests.store.making import note, noted

MEMBERS = 8
STATEMENTS = 3
TEXT = "x" * 6_000  # two pages a row
FRAME = 4096 + 24  # what one page takes in the write-ahead log
STEP = 5


def main(pattern: str, folder: Path) -> None:
    for frames in range(1, 100, STEP):
        path = folder / f"{frames}.db"
        shutil.copyfile(pattern.removeprefix("sqlite:///"), path)
        sys.stdout.write(json.dumps(look(path, frames)) + "\n")


def look(path: Path, frames: int) -> dict[str, Any]:
    """A group of writers while the log may grow by `frames` pages."""
    with a_group_writer(f"sqlite:///{path}") as (writer, engines):
        writer.run(noting("0.before"))
        log = path.with_name(path.name + "-wal")
        limit_files(log.stat().st_size + frames * FRAME)
        ended = together(writer, [partial(write, member) for member in range(MEMBERS)]).wait()
        limit_files(resource.RLIM_INFINITY)
        names = noted(engines) - {"0.before"}
        goes_on = writer.run(noting("0.after")) == "0.after"
    outcomes = {member: outcome(one) for member, one in enumerate(ended)}
    refused = sum(one != "done" for one in outcomes.values())
    return {
        "frames": frames,
        "outcomes": outcomes,
        "rows": {member: sum(name.startswith(f"{member}.") for name in names) for member in range(MEMBERS)},
        "kind": "all refused" if refused == MEMBERS else "some refused" if refused else "none refused",
        "goes_on": goes_on,
    }


def write(member: int, tx: Writing) -> str:
    for statement in range(STATEMENTS):
        note(tx, f"{member}.{statement}", TEXT)
    return "done"


def outcome(one: Ended[str]) -> str:
    return type(one.error).__name__ if one.error is not None else one.value


def limit_files(size: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
