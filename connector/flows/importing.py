"""Imports: cards from a file, in batches; stopped anywhere, it goes on where it stopped.

How far an import is stands in its job, moved on in the transaction that made the cards.
A job is known by the account and the digest of the file: the same file is imported once. A row
that an earlier file made a card of is skipped, so that a file can be mended and imported again.
"""

import dataclasses
import threading
from collections import Counter
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
from .guesses import Guesser, Lookups
from .known_rows import Known, marks_of
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
    """What a batch came to: all rows so far, the byte behind the last one, and what failed of this batch.

    `skipped`: the lines of its rows that were imported before.
    """

    rows: int
    end: int
    failures: Sequence[Failure]
    skipped: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How many rows would be done, would fail, and would be skipped."""

    done: int
    failed: int
    skipped: int


@dataclass(frozen=True, slots=True)
class _Prepared:
    number: int
    record: Record
    card: CardRow | None
    error: ConnectorError | None
    marks: Sequence[str] = ()  # those of `card`


Tell = Callable[[Progress], None]
"""Who hears of each batch."""


class _Undone(Exception):
    """The end of a batch of a rehearsal: everything is rolled back."""

    def __init__(self, failures: list[Failure], skipped: list[int]) -> None:
        super().__init__()
        self.failures = failures
        self.skipped = skipped


def take_up(
    parts: Parts,
    account: Account,
    origin: Mapping[str, Any],
    *,
    digest: str,
    total: int,
    is_again: bool = False,
) -> Job:
    """The file's job: a new one, or the one that was stopped, which is ours from now on, or the ended one.

    `total` is how many rows there may be. Whoever had it before is stopped at its next batch.
    `is_again`: where it has ended, the next one of this file, each of which goes on where it stopped.
    """

    def work(tx: Writing) -> Job:
        tx.at_account(account.clock_offset)
        by = Actor(SOURCE, origin)
        time = 0
        while True:
            name = f"{digest}+{time}" if time else digest
            made = jobs.add(tx, account_id=account.id, kind=IMPORT, total=total, by=by, digest=name)
            found = made or jobs.find_import(tx, account.id, IMPORT, name)
            job = jobs.lock(tx, found.id)
            assert job is not None
            if job.state != "done":
                return jobs.change(tx, job, fence=job.fence + 1, state="running", ended_at=None)
            if not is_again:
                return job
            time += 1

    return parts.writer.run(work)


def run(
    parts: Parts,
    account: Account,
    job: Job,
    records: Iterable[Record],
    *,
    is_quiet: bool,
    tell: Tell,
    is_again: bool = False,
) -> Job:
    """Make the cards of the rows that are left; the ended job. Conflict where another process took over.

    `is_again`: also of rows that an earlier import made cards of.
    """
    for batch in _batches(parts, account, records, job.position):
        began = parts.clock.monotonic()
        with parts.guesses.lookups() as lookups:
            work = partial(_write, parts, account, job, batch, lookups, is_quiet=is_quiet, is_again=is_again)
            job, failures, skipped = parts.writer.run(work)
        _give_way(parts, parts.clock.monotonic() - began)
        tell(Progress(job.position, batch[-1].record.end, failures, skipped))

    def end(tx: Writing) -> Job:
        tx.at_account(account.clock_offset)
        held = _held(tx, job)
        return jobs.change(tx, held, state="done", total=held.position, ended_at=tx.now)

    return parts.writer.run(end)


def rehearse(
    parts: Parts, account: Account, records: Iterable[Record], *, tell: Tell, is_again: bool = False
) -> Rehearsed:
    """What `run` would come to, with nothing kept.

    Remembers the codes and the rows of the file, some hundred bytes each: a batch that was undone cannot.
    """
    codes: set[int] = set()
    met: Counter[str] = Counter()
    rows = failed = skipped = 0
    for batch in _batches(parts, account, records, 0):
        found = _Undone([], [])
        unlike = [_unlike(one, codes) for one in batch]
        with parts.guesses.lookups() as lookups:  # nothing is kept, and yet it tells which codes are taken
            try:
                parts.writer.run(partial(_try, parts, account, unlike, met, lookups, is_again=is_again))
            except _Undone as end:
                found = end
        met.update(one.marks[0] for one in batch if one.marks)
        rows += len(batch)
        failed += len(found.failures)
        skipped += len(found.skipped)
        tell(Progress(rows, batch[-1].record.end, found.failures, found.skipped))
    return Rehearsed(rows - failed - skipped, failed, skipped)


def rejected(parts: Parts, job: Job) -> Iterator[tuple[Sequence[str], str]]:
    """The cells of every row that failed, and why, in the order of the file."""
    with parts.engines.reading() as connection:
        for content, answer in jobs.failed_inputs(connection, parts.ring, job):
            yield read_own(content)["cells"], answer["error"]["detail"]


def _batches(
    parts: Parts, account: Account, records: Iterable[Record], position: int
) -> Iterator[list[_Prepared]]:
    left = islice(enumerate(records, 1), position, None)
    while batch := [_prepared(parts, account, *one) for one in islice(left, AT_ONCE)]:
        yield batch


def _prepared(parts: Parts, account: Account, number: int, record: Record) -> _Prepared:
    """Read before the transaction: nobody waits for what needs no database."""
    if record.error is not None:
        return _Prepared(number, record, None, record.error)
    try:
        card = card_rows.read(account, record.values)
        return _Prepared(number, record, card, None, marks_of(parts.ring, card))
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
    parts: Parts,
    account: Account,
    job: Job,
    batch: Sequence[_Prepared],
    lookups: Lookups,
    tx: Writing,
    *,
    is_quiet: bool,
    is_again: bool,
) -> tuple[Job, list[Failure], list[int]]:
    tx.at_account(account.clock_offset)
    held = _held(tx, job)
    known = Known(tx, account.id, held, [one.marks for one in batch])
    desk = _desk(parts, tx, account, {**held.origin, "job_id": held.public_id}, is_quiet=is_quiet)
    lookups.start(Guesser("", SOURCE, account.slug))
    rows, failures, skipped = [], [], []
    for one in batch:
        if one.marks and known.meet(one.marks) and not is_again:
            skipped.append(one.record.line)
            continue
        error = _make(desk, one, lookups)
        if error is None:
            known.made(one.marks)
            continue
        content = dumps({"cells": list(one.record.cells)})
        rows.append(jobs.sealed(parts.ring, one.number, "failed", content, {"error": error_json(error)}))
        failures.append(Failure(one.record.line, error))
    jobs.add_lines(tx, held, rows)
    known.keep(tx, held)
    counts = {
        "done": held.done + len(batch) - len(rows) - len(skipped),
        "failed": held.failed + len(rows),
        "skipped": held.skipped + len(skipped),
    }
    return jobs.change(tx, held, **counts), failures, skipped


def _try(
    parts: Parts,
    account: Account,
    batch: Sequence[_Prepared],
    met: Counter[str],
    lookups: Lookups,
    tx: Writing,
    *,
    is_again: bool,
) -> None:
    tx.at_account(account.clock_offset)
    desk = _desk(parts, tx, account, {}, is_quiet=True)
    lookups.start(Guesser("", SOURCE, account.slug))
    known = Known(tx, account.id, None, [one.marks for one in batch])
    failures, skipped = [], []
    for one in batch:
        if one.marks and known.meet(one.marks, met[one.marks[0]]) and not is_again:
            skipped.append(one.record.line)
        elif (error := _make(desk, one, lookups)) is not None:
            failures.append(Failure(one.record.line, error))
    raise _Undone(failures, skipped)


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


def _make(desk: Desk, one: _Prepared, lookups: Lookups) -> ConnectorError | None:
    """Make the row's card under a savepoint of its own, or say why not.

    A code that is taken counts as a guess and closes nothing: who imports has the key ring, could
    export every code, and would lose the honest rows of a file.
    """
    if one.card is None:
        return one.error
    code = one.card.issue.code
    try:
        with lookups.counting(() if code is None else {code}), desk.tx.savepoint():
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
