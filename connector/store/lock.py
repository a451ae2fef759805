"""One `serve` on one SQLite file: two would each believe that they are the only writer's process."""

import fcntl
import os
from pathlib import Path
from typing import Self

from ..domain.errors import AlreadyServing


class ServeLock:
    """Held while a process serves `database`; the system lets go when the process dies, however it dies."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._handle: int | None = None

    def __enter__(self) -> Self:
        """AlreadyServing where another process holds it."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise AlreadyServing(
                f"Another connector serves {self._path.with_suffix('')} already; stop it first."
            ) from None
        self._handle = handle
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
