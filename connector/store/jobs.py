"""Long work as rows: a job moves on in the transaction that does its lines, so that none is done twice.

Inputs and answers are sealed: they hold people and codes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from ..domain import ids
from ..domain.accounts import Actor
from ..domain.jobs import BULK, ORDER, Job, Line
from ..domain.jsontext import dumps, read_own
from ..domain.sealing import KeyRing
from .columns import is_name
from .prepared import Prepared
from .tables import job_lines, jobs
from .writer import Writing

_INPUT: Final = "job line"
_ANSWER: Final = "job answer"
_READ_AT_ONCE: Final = 500
PLACE: Final = 0
_ADD: Final = Prepared(insert(jobs), returns_id=True)
_ADD_LINE: Final = Prepared(insert(job_lines))
_END_LINE: Final = Prepared(
    update(job_lines)
    .where(
        job_lines.c.job_id == bindparam("job"),
        job_lines.c.number == bindparam("line"),
        job_lines.c.state == "waiting",
    )
    .values(state=bindparam("ended"), input_sealed=None, answer_sealed=bindparam("answer"))
)
_LINES: Final = (
    select(job_lines)
    .where(job_lines.c.job_id == bindparam("job"), job_lines.c.number > bindparam("after"))
    .order_by(job_lines.c.number)
    .limit(bindparam("limit"))
)


def sealed(ring: KeyRing, number: int, state: str, content: str | None, answer: Any = None) -> dict[str, Any]:
    """A line as its row, but for its job: made before the transaction, since sealing takes its time."""
    return {
        "number": number,
        "input_sealed": None if content is None else ring.seal(content.encode(), _INPUT),
        "state": state,
        "answer_sealed": None if answer is None else _closed(ring, answer),
    }


def add(
    tx: Writing,
    *,
    account_id: int,
    kind: str,
    total: int,
    by: Actor,
    digest: str | None = None,
) -> Job | None:
    """A new job without lines yet; None where the account has one of this kind and digest."""
    row: dict[str, Any] = {
        "public_id": ids.new_id(ids.JOB, tx.now),
        "account_id": account_id,
        "kind": kind,
        "state": "queued",
        "total": total,
        "done": 0,
        "failed": 0,
        "skipped": 0,
        "digest": digest,
        "source": by.source,
        "origin": dict(by.origin),
        "scopes": None if by.scopes is None else list(by.scopes),
        "fence": 0,
        "created_at": tx.now,
    }
    if digest is None:
        return Job(id=tx.insert(_ADD, row), **row)
    made = tx.insert_new(jobs, row, ("account_id", "kind", "digest"))
    return None if made is None else Job(id=made, **row)


def add_lines(tx: Writing, job: Job, rows: Sequence[Mapping[str, Any]]) -> None:
    """Lines made by `sealed`."""
    tx.do_all(_ADD_LINE, [{"job_id": job.id, **row} for row in rows])


def find(connection: Connection | Writing, account_id: int, public_id: str) -> Job | None:
    """The account's job with this id, or None."""
    if not is_name(public_id):
        return None
    wanted = select(jobs).where(jobs.c.account_id == account_id, jobs.c.public_id == public_id)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else _job(row)


def find_import(tx: Writing, account_id: int, kind: str, digest: str) -> Job:
    """The job that `add` found there already."""
    wanted = select(jobs).where(jobs.c.account_id == account_id, jobs.c.kind == kind, jobs.c.digest == digest)
    return _job(tx.execute(wanted).mappings().one())


def lock(tx: Writing, job_id: int, *, or_pass: bool = False) -> Job | None:
    """The job by its row's number, ours until the commit; `or_pass`: None where somebody else works on it."""
    wanted = select(jobs).where(jobs.c.id == job_id)
    if not tx.is_alone:
        wanted = wanted.with_for_update(skip_locked=or_pass)
    row = tx.execute(wanted).mappings().first()
    return None if row is None else _job(row)


def waiting(connection: Connection) -> list[tuple[int, int]]:
    """The oldest open job of each account that issues cards: account and job as rows' numbers, by account."""
    wanted = (
        select(jobs.c.account_id, func.min(jobs.c.id))
        .where(jobs.c.ended_at.is_(None), jobs.c.kind.in_((BULK, ORDER)))
        .group_by(jobs.c.account_id)
        .order_by(jobs.c.account_id)
    )
    return [(int(account), int(job)) for account, job in connection.execute(wanted)]


def of_kind(connection: Connection, kind: str) -> list[int]:
    """The open jobs of a kind, as rows' numbers, oldest first."""
    wanted = select(jobs.c.id).where(jobs.c.ended_at.is_(None), jobs.c.kind == kind).order_by(jobs.c.id)
    return [int(one) for one in connection.execute(wanted).scalars()]


def keep_place(tx: Writing, ring: KeyRing, job: Job, text: str) -> None:
    """Write how far a job without lines of its own is, on its line 0, which no list shows."""
    sealed_text = ring.seal(text.encode(), _INPUT)
    at = (job_lines.c.job_id == job.id) & (job_lines.c.number == PLACE)
    if not tx.execute(update(job_lines).where(at).values(input_sealed=sealed_text)).rowcount:
        add_lines(tx, job, [sealed(ring, PLACE, "waiting", text)])


def place_of(tx: Writing, ring: KeyRing, job: Job) -> str:
    """What `keep_place` kept of a locked job."""
    at = (job_lines.c.job_id == job.id) & (job_lines.c.number == PLACE)
    return ring.open(tx.execute(select(job_lines.c.input_sealed).where(at)).scalar_one(), _INPUT).decode()


def next_lines(tx: Writing, ring: KeyRing, job: Job, limit: int) -> list[Line]:
    """The lines that a locked job comes to next, in order; some may have failed at the door."""
    values = {"job": job.id, "after": job.position, "limit": limit}
    return [
        Line(
            row.number,
            row.state,
            None if row.input_sealed is None else ring.open(row.input_sealed, _INPUT).decode(),
        )
        for row in tx.execute(_LINES, values)
    ]


def end_line(tx: Writing, ring: KeyRing, job: Job, number: int, state: str, answer: Any) -> None:
    """What came of a line; what was to be done is forgotten."""
    tx.do(_END_LINE, {"job": job.id, "line": number, "ended": state, "answer": _closed(ring, answer)})


def change(tx: Writing, job: Job, **values: Any) -> Job:
    """Write `values` (fields of Job) to a locked job."""
    tx.execute(update(jobs).where(jobs.c.id == job.id).values(values))
    return replace(job, **values)


def forget_inputs(tx: Writing, job: Job) -> None:
    """Drop what the lines that nobody will come to were to do."""
    is_left = (job_lines.c.job_id == job.id) & (job_lines.c.state == "waiting")
    tx.execute(update(job_lines).where(is_left).values(input_sealed=None))


def page(connection: Connection, account_id: int, *, before: int | None, limit: int) -> list[Job]:
    """At most `limit` jobs of the account, newest first, in front of the row number `before`."""
    wanted = select(jobs).where(jobs.c.account_id == account_id)
    if before is not None:
        wanted = wanted.where(jobs.c.id < before)
    return [
        _job(row) for row in connection.execute(wanted.order_by(jobs.c.id.desc()).limit(limit)).mappings()
    ]


def lines(connection: Connection, ring: KeyRing, job: Job, *, after: int, limit: int) -> list[Line]:
    """At most `limit` lines behind the number `after`, with their answers."""
    values = {"job": job.id, "after": after, "limit": limit}
    return [
        Line(
            row.number,
            row.state,
            answer=None if row.answer_sealed is None else read_own(_opened(ring, row.answer_sealed)),
        )
        for row in connection.execute(_LINES, values)
    ]


def failed_inputs(connection: Connection, ring: KeyRing, job: Job) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What the failed lines of an import were to do, and why it was not done, in order."""
    after = 0
    while True:
        values = {"job": job.id, "after": after, "limit": _READ_AT_ONCE}
        found = connection.execute(_LINES, values).all()
        for row in found:
            if row.input_sealed is not None and row.answer_sealed is not None:
                content = ring.open(row.input_sealed, _INPUT).decode()
                yield content, read_own(_opened(ring, row.answer_sealed))
        if len(found) < _READ_AT_ONCE:
            return
        after = found[-1].number


def _closed(ring: KeyRing, answer: Any) -> str:
    return ring.seal(dumps(answer).encode(), _ANSWER)


def _opened(ring: KeyRing, text: str) -> str:
    return ring.open(text, _ANSWER).decode()


def _job(row: RowMapping) -> Job:
    return Job(
        id=row["id"],
        public_id=row["public_id"],
        account_id=row["account_id"],
        kind=row["kind"],
        state=row["state"],
        total=row["total"],
        done=row["done"],
        failed=row["failed"],
        skipped=row["skipped"],
        digest=row["digest"],
        source=row["source"],
        origin=row["origin"],
        scopes=row["scopes"],
        fence=row["fence"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
    )
