"""Imports: cards from a file, in batches; stopped anywhere, it goes on where it stopped.

How far an import is stands in its job, moved on in the transaction that made the cards.
A job is known by the account and the digest of the file: the same file is imported once.
"""

import dataclasses
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final

from ..domain.accounts import Account, Actor, Caps
from ..domain.codes import normal
from ..domain.errors import CodeTaken, Conflict, ConnectorError
from ..domain.jobs import IMPORT, Job, error_json
from ..domain.jsontext import dumps, read_own
from ..ledger import accounts, posting
from ..operations.issue import OPERATION as ISSUE
from ..operations.kit import IMPORT as SOURCE
from ..operations.kit import Desk
from ..store import jobs
from ..store.writer import Writing
from . import card_rows
from .card_files import Record
from .card_rows import CardRow
from .parts import Parts

AT_ONCE: Final = 100  # some 100 ms of one transaction: a gateway on the same database goes on beside it
GIVEN_WAY: Final = 0.25  # of a batch's time: without it, a gateway beside us on SQLite would find no gap


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that made no card, and why."""

    line: int
    error: ConnectorError


@dataclass(frozen=True, slots=True)
class Progress:
    """What a batch came to: all rows so far, the byte behind the last one, and what failed of this batch."""

    rows: int
    end: int
    failures: Sequence[Failure]


@dataclass(frozen=True, slots=True)
class _Prepared:
    number: int
    record: Record
    card: CardRow | None
    error: ConnectorError | None


Tell = Callable[[Progress], None]
"""Who hears of each batch."""


class _Undone(Exception):
    """The end of a batch of a rehearsal: everything is rolled back."""

    def __init__(self, failures: list[Failure]) -> None:
        super().__init__()
        self.failures = failures


def take_up(parts: Parts, account: Account, origin: Mapping[str, Any], *, digest: str, total: int) -> Job:
    """The file's job: a new one, or the one that was stopped, which is ours from now on, or the ended one.

    `total` is how many rows there may be. Whoever had it before is stopped at its next batch.
    """

    def work(tx: Writing) -> Job:
        tx.at_account(account.clock_offset)
        by = Actor(SOURCE, origin)
        made = jobs.add(tx, account_id=account.id, kind=IMPORT, total=total, by=by, digest=digest)
        found = made or jobs.find_import(tx, account.id, IMPORT, digest)
        job = jobs.lock(tx, found.id)
        assert job is not None
        if job.state == "done":
            return job
        return jobs.change(tx, job, fence=job.fence + 1, state="running", ended_at=None)

    return parts.writer.run(work)


def run(
    parts: Parts,
    account: Account,
    job: Job,
    records: Iterable[Record],
    *,
    is_quiet: bool,
    tell: Tell,
) -> Job:
    """Make the cards of the rows that are left; the ended job. Conflict where another process took over."""
    for batch in _batches(account, records, job.position):
        began = parts.clock.monotonic()
        job, failures = parts.writer.run(partial(_write, parts, account, job, batch, is_quiet))
        _give_way(parts, parts.clock.monotonic() - began)
        tell(Progress(job.position, batch[-1].record.end, failures))

    def end(tx: Writing) -> Job:
        tx.at_account(account.clock_offset)
        held = _held(tx, job)
        return jobs.change(tx, held, state="done", total=held.position, ended_at=tx.now)

    return parts.writer.run(end)


def rehearse(parts: Parts, account: Account, records: Iterable[Record], *, tell: Tell) -> tuple[int, int]:
    """What `run` would come to, with nothing kept: how many rows would be done, how many would fail.

    Remembers the codes of the file, some hundred bytes each: a batch that was undone cannot.
    """
    seen: set[int] = set()
    done = failed = 0
    for batch in _batches(account, records, 0):
        failures: list[Failure] = []
        try:
            parts.writer.run(partial(_try, parts, account, [_unlike(one, seen) for one in batch]))
        except _Undone as end:
            failures = end.failures
        failed += len(failures)
        done += len(batch) - len(failures)
        tell(Progress(done + failed, batch[-1].record.end, failures))
    return done, failed


def rejected(parts: Parts, job: Job) -> Iterator[tuple[Sequence[str], str]]:
    """The cells of every row that failed, and why, in the order of the file."""
    with parts.engines.reading() as connection:
        for content, answer in jobs.failed_inputs(connection, parts.ring, job):
            yield read_own(content)["cells"], answer["error"]["detail"]


def _batches(account: Account, records: Iterable[Record], position: int) -> Iterator[list[_Prepared]]:
    left = islice(enumerate(records, 1), position, None)
    while batch := [_prepared(account, *one) for one in islice(left, AT_ONCE)]:
        yield batch


def _prepared(account: Account, number: int, record: Record) -> _Prepared:
    """Read before the transaction: nobody waits for what needs no database."""
    if record.error is not None:
        return _Prepared(number, record, None, record.error)
    try:
        return _Prepared(number, record, card_rows.read(account, record.values), None)
    except ConnectorError as error:
        return _Prepared(number, record, None, error)


def _unlike(one: _Prepared, seen: set[int]) -> _Prepared:
    """As it is, unless a row before had its code."""
    code = None if one.card is None else one.card.issue.code
    if code is None:
        return one
    mark = hash(normal(code))
    if mark in seen:
        return dataclasses.replace(one, card=None, error=CodeTaken("code stands in a row before this one"))
    seen.add(mark)
    return one


def _give_way(parts: Parts, worked_s: float) -> None:
    """Leave SQLite's one writer to other processes for a moment: they look for it now and then only."""
    if parts.engines.is_sqlite:
        parts.clock.wait(threading.Event(), worked_s * GIVEN_WAY)


def _write(
    parts: Parts, account: Account, job: Job, batch: Sequence[_Prepared], is_quiet: bool, tx: Writing
) -> tuple[Job, list[Failure]]:
    tx.at_account(account.clock_offset)
    held = _held(tx, job)
    desk = _desk(parts, tx, account, {**held.origin, "job_id": held.public_id}, is_quiet=is_quiet)
    rows, failures = [], []
    for one in batch:
        error = _make(desk, one)
        if error is None:
            continue
        content = dumps({"cells": list(one.record.cells)})
        rows.append(jobs.sealed(parts.ring, one.number, "failed", content, {"error": error_json(error)}))
        failures.append(Failure(one.record.line, error))
    jobs.add_lines(tx, held, rows)
    done = held.done + len(batch) - len(rows)
    return jobs.change(tx, held, done=done, failed=held.failed + len(rows)), failures


def _try(parts: Parts, account: Account, batch: Sequence[_Prepared], tx: Writing) -> None:
    tx.at_account(account.clock_offset)
    desk = _desk(parts, tx, account, {}, is_quiet=True)
    errors = [(one, _make(desk, one)) for one in batch]
    raise _Undone([Failure(one.record.line, error) for one, error in errors if error is not None])


def _held(tx: Writing, job: Job) -> Job:
    """The job, locked, if it is still ours and as we left it."""
    held = jobs.lock(tx, job.id)
    assert held is not None
    if held.state == "cancelled":
        raise Conflict(f"The import was cancelled after {held.position} rows.")
    if (held.fence, held.position) != (job.fence, job.position):
        raise Conflict("Another process goes on with this import.")
    return held


def _desk(parts: Parts, tx: Writing, account: Account, origin: Mapping[str, Any], *, is_quiet: bool) -> Desk:
    """By hand, so without caps: what is imported was given out elsewhere already."""
    desk = parts.desk(tx, account, Actor(SOURCE, origin))
    return dataclasses.replace(desk, caps=Caps(), is_quiet=is_quiet)


def _make(desk: Desk, one: _Prepared) -> ConnectorError | None:
    """Make the row's card under a savepoint of its own, or say why not."""
    if one.card is None:
        return one.error
    try:
        with desk.tx.savepoint():
            _open(desk, one.card)
    except ConnectorError as error:
        if error.retryable:
            raise
        return error
    return None


def _open(desk: Desk, row: CardRow) -> None:
    """The card with what it began with, then brought to its balance: the ledger knows both."""
    card = ISSUE.perform(desk, row.issue).card
    assert card is not None
    delta = row.balance - card.balance
    if delta:
        why = posting.Why("adjust", desk.actor.origin, reason="migration")
        card, transfer = posting.post(desk.tx, card, accounts.IMPORT_OPENING, delta, why)
        desk.moved("adjust", card, transfer, ("gift_card.adjusted",), reason="migration")
    if row.disabled_at is not None:
        values = {
            "disabled_at": min(row.disabled_at, desk.now),
            "disabled_finally": row.disabled_finally,
        }
        desk.change("disable", card, values, ("gift_card.disabled",), reason="migration")
