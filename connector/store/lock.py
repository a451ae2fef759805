"""One `serve` on one SQLite file: two would each believe that they are the only writer's process."""

import fcntl
import os
from pathlib import Path
from typing import Self

from ..domain.errors import AlreadyServing


class ServeLock:
    """Held while a process serves `database`; the system lets go when the process dies, however it dies."""

    def __init__(self, database: Path) -> None:
        self._database = database
        file = database.resolve()  # beside the file itself: a link to it is no second database
        self._path = file.with_name(file.name + ".lock")
        self._handle: int | None = None

    def __enter__(self) -> Self:
        """AlreadyServing where another process holds it; OSError where the lock file cannot be had."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _take(handle)
        except OSError as fault:
            os.close(handle)
            if not isinstance(fault, BlockingIOError):
                raise
            raise AlreadyServing(
                f"Another connector serves {self._database} already; stop it first, "
                "or choose another data folder."
            ) from None
        self._handle = handle
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def is_served(database: Path) -> bool:
    """Whether a process serves `database` at this moment; OSError where that cannot be told."""
    file = database.resolve()
    try:
        handle = os.open(file.with_name(file.name + ".lock"), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _take(handle: int) -> None:
    """The lock for this process alone; BlockingIOError where another one has it, not where one only looks."""
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # goes well beside those who look
        else:
            return
