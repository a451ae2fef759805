"""What an error is: the root of the tree, a wrong field, a wrong place in a file.

The one rule: whoever raises or catches takes all of it from domain/errors.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of a request that is wrong; `field` is its path, `card.amount`."""

    field: str
    message: str


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong in a file; line and column count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class ConnectorError(Exception):
    """The root. `detail` is for people; `code` is for programs and never changes.

    `about`: what the operator's log says of it besides, and nobody who asked is told.
    """

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.about: Mapping[str, str] = {}
