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
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
