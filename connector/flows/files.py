"""Files: the gateway's verbs for cards that come from files and go to them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..domain.accounts import Account, Actor
from ..domain.jobs import Job
from . import exporting, importing
from .card_files import Record
from .importing import Tell
from .parts import Parts


class Files:
    """Imports and exports of one gateway."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def take_up(
        self,
        account: Account,
        origin: Mapping[str, Any],
        *,
        digest: str,
        total: int,
        is_again: bool = False,
    ) -> Job:
        """The job of a file, ours from now on unless it has ended."""
        return importing.take_up(self._parts, account, origin, digest=digest, total=total, is_again=is_again)

    def run(
        self,
        account: Account,
        job: Job,
        records: Iterable[Record],
        *,
        is_quiet: bool,
        tell: Tell,
        is_again: bool = False,
    ) -> Job:
        """Make the cards of the rows that are left; `tell` hears of each batch."""
        how = {"is_quiet": is_quiet, "is_again": is_again}
        return importing.run(self._parts, account, job, records, tell=tell, **how)

    def rehearse(
        self, account: Account, records: Iterable[Record], *, tell: Tell, is_again: bool = False
    ) -> importing.Rehearsed:
        """How many rows would be done, fail and be skipped; nothing is kept."""
        return importing.rehearse(self._parts, account, records, tell=tell, is_again=is_again)

    def rejected(self, job: Job) -> Iterator[tuple[Sequence[str], str]]:
        """The cells of every row that failed, and why."""
        return importing.rejected(self._parts, job)

    def export(self, account: Account, *, after: str | None, shown_to: Actor | None) -> exporting.Export:
        """Every card as a row, behind the card `after`; codes for `shown_to` alone."""
        return exporting.export(self._parts, account, after=after, with_codes_for=shown_to)
