"""Jobs that issue cards: thousands by one request, or those of an order; one bad line spoils no other.

A batch of lines is done and marked in one transaction on the locked job: whoever is
killed in between has done nothing, and the next who comes goes on from there.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.cards import card_json
from ..domain.errors import Conflict, ConnectorError, NotFound, RateLimited
from ..domain.jobs import BULK, ORDER, Job, Line, error_json, job_json, line_json, without_people
from ..domain.jsontext import dumps, read_own
from ..logs import log
from ..operations.issue import OPERATION as ISSUE
from ..operations.kit import Desk, Outcome
from ..store import accounts, cards, jobs, keys
from ..store.writer import DatabaseFault, Writing
from . import assigning
from .access import is_live
from .guesses import Guesser, Lookups
from .paging import Page, close_cursor, limit_of, open_cursor
from .parts import Parts
from .perform import Answered, Idempotency, once

MAX_LINES: Final = 10_000
AT_ONCE: Final = 50  # some 50 ms of one transaction: who waits behind it does not notice
CODES_SHOWN_FOR: Final = timedelta(hours=72)  # as long as a first answer is given again
_JOBS: Final = "jobs"


@dataclass(frozen=True, slots=True)
class Asked:
    """One line as the door read it: an issue's fields, or why they are none."""

    values: Mapping[str, Any]
    error: ConnectorError | None = None


@dataclass(frozen=True, slots=True)
class Jobs:
    """An account's jobs as the gateway offers them; a Worker does them."""

    parts: Parts

    def submit(
        self, account: Account, actor: Actor, lines: Sequence[Asked], key: Idempotency | None = None
    ) -> Answered:
        """A job that issues a card for each line."""
        return submit(self.parts, account, actor, lines, key)

    def one(self, account: Account, public_id: str) -> dict[str, Any]:
        return one(self.parts, account, public_id)

    def every(self, account: Account, limit: int | None = None, cursor: str | None = None) -> Page:
        return every(self.parts, account, limit, cursor)

    def lines(self, account: Account, public_id: str, **asked: Any) -> Page:
        """A job's lines; `caller` (a key's id) is shown the codes of what it asked for."""
        return lines(self.parts, account, public_id, **asked)

    def cancel(self, account: Account, public_id: str, key: Idempotency | None = None) -> Answered:
        return cancel(self.parts, account, public_id, key)


def submit(
    parts: Parts, account: Account, actor: Actor, lines: Sequence[Asked], key: Idempotency | None
) -> Answered:
    """Queue a card for each line; 202 and the job. Lines that are wrong already have failed."""
    rows = [_row(parts, number, line) for number, line in enumerate(lines, 1)]

    def deed(tx: Writing) -> Answered:
        tx.at_account(account.clock_offset)
        job = jobs.add(tx, account_id=account.id, kind=BULK, total=len(rows), by=actor)
        assert job is not None  # it has no digest that could be taken
        jobs.add_lines(tx, job, rows)
        tx.after_commit(parts.wake_jobs)
        return Answered(202, job_json(job))

    return once(parts, account, deed, key)


def one(parts: Parts, account: Account, public_id: str) -> dict[str, Any]:
    """One job, or NotFound."""
    with parts.engines.reading() as connection:
        return job_json(_require(jobs.find(connection, account.id, public_id)))


def every(parts: Parts, account: Account, limit: int | None, cursor: str | None) -> Page:
    """The account's jobs, newest first."""
    most = limit_of(limit)
    after = open_cursor(parts, account, _JOBS, cursor)
    with parts.engines.reading() as connection:
        before = None if after is None else int(after[0])
        found = jobs.page(connection, account.id, before=before, limit=most + 1)
    following = None
    if len(found) > most:
        following = close_cursor(parts, account, _JOBS, [found[most - 1].id])
    return Page([job_json(job) for job in found[:most]], following)


def lines(
    parts: Parts, account: Account, public_id: str, *, caller: str, limit: int | None, cursor: str | None
) -> Page:
    """A job's lines in order, with what came of them: their cards as they are now.

    Codes are shown to the key that asked for the job, for as long as an answer is given
    again; afterwards a reveal shows them.
    """
    most, which = limit_of(limit), f"lines of {public_id}"
    after = open_cursor(parts, account, which, cursor)
    with parts.engines.reading() as connection:
        job = _require(jobs.find(connection, account.id, public_id))
        start = 0 if after is None else int(after[0])
        found = jobs.lines(connection, parts.ring, job, after=start, limit=most + 1)
        made = cards.several(connection, account.id, [_card(line)["id"] for line in found if _card(line)])
    now = parts.clock.now() + account.clock_offset
    is_own = bool(caller) and job.origin.get("key_id") == caller
    shows = is_own and _is_fresh(job, now)
    shown = {card.public_id: card_json(card, now=now, sandbox=account.sandbox) for card in made}
    following = close_cursor(parts, account, which, [found[most - 1].number]) if len(found) > most else None
    data = [
        line_json(line, job, shown.get(_card(line).get("id", "")), shows_code=shows) for line in found[:most]
    ]
    return Page(data, following)


def cancel(parts: Parts, account: Account, public_id: str, key: Idempotency | None) -> Answered:
    """Do no more of a job; cards that it made stay. Conflict where it is done already."""

    def deed(tx: Writing) -> Answered:
        tx.at_account(account.clock_offset)
        found = _require(jobs.find(tx, account.id, public_id))
        job = _require(jobs.lock(tx, found.id))
        if job.state == "done":
            raise Conflict(f"Job {job.public_id} is done; there is nothing left to cancel.")
        return Answered(200, job_json(_cancelled(tx, job)))

    return once(parts, account, deed, key)


class Worker:
    """Does the jobs that issue cards, a batch of each account in turn: a huge job holds up nobody else's."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._after = 0  # the account that was served last, as a row's number

    def turn(self) -> int:
        """One batch of the next account's oldest job; how many lines ended. 0: nothing to do here."""
        with self._parts.engines.reading() as connection:
            waiting = jobs.waiting(connection)
        behind = [one for one in waiting if one[0] > self._after]
        for account_id, job_id in behind + [one for one in waiting if one not in behind]:
            self._after = account_id  # before the work: a batch that fails is tried after the others'
            with self._parts.guesses.lookups() as lookups:
                ended = self._parts.writer.run(partial(_batch, self._parts, job_id, lookups))
            if ended:
                return ended
        return 0


def _batch(parts: Parts, job_id: int, lookups: Lookups, tx: Writing) -> int:
    job = jobs.lock(tx, job_id, or_pass=True)
    if job is None or job.ended_at is not None:
        return 0
    account = accounts.by_id(tx, job.account_id)
    tx.at_account(account.clock_offset)
    key = keys.by_public_id(tx, str(job.origin.get("key_id", "")))
    if key is not None and not is_live(key, tx.wall):
        # Whoever takes a key back, because it was stolen perhaps, means what it has queued, too.
        log.warning("job_cancelled", job=job.public_id, reason="its key was revoked or has ended")
        _cancelled(tx, job)
        return 1
    scopes = None if job.scopes is None else tuple(job.scopes)
    root = "" if key is None else key.root
    actor = Actor(job.source, {**job.origin, "job_id": job.public_id}, scopes, root)
    desk = parts.desk(tx, account, actor)
    lookups.start(Guesser("", str(job.origin.get("key_id") or job.public_id), account.slug))
    ended = {"done": job.done, "failed": job.failed}
    batch = jobs.next_lines(tx, parts.ring, job, AT_ONCE)
    for line in batch:
        state = line.state if line.content is None else _do(parts, desk, job, line, lookups)
        ended[state] += 1
    is_over = job.position + len(batch) >= job.total
    jobs.change(
        tx,
        job,
        **ended,
        state="done" if is_over else "running",
        ended_at=tx.now if is_over else None,
    )
    return len(batch)


def _do(parts: Parts, desk: Desk, job: Job, line: Line, lookups: Lookups) -> str:
    """Issue one card under a savepoint of its own; the state that its line has ended in.

    A code that a line chooses is a guess of its key, as at the door. Past the budget
    such lines fail and the job goes on: it may be that the budget is never free.
    """
    answer: dict[str, Any]
    told = _values(line.content or "{}") if job.kind == BULK else read_own(line.content or "{}")
    try:
        with desk.tx.savepoint():
            outcome = _made(desk, job, told, lookups)
            assert outcome.card is not None
            # No more than names it: what people wrote stands on the card, and is erased there.
            answer = {"gift_card": {"id": outcome.card.public_id, "code": outcome.code}}
    except DatabaseFault:
        raise
    except ConnectorError as error:
        if error.retryable and not isinstance(error, RateLimited):
            raise  # the batch is undone, and done again later
        answer = {"error": without_people(error_json(error), told)}
    except Exception as fault:  # noqa: BLE001 - a line that meets a bug of ours must not hold up the rest
        log.error("job_line_failed", job=job.public_id, line=line.number, error=type(fault).__name__)
        answer = {"error": error_json(ConnectorError("This line met an error of ours; it is in the log."))}
    state = "done" if "gift_card" in answer else "failed"
    jobs.end_line(desk.tx, parts.ring, job, line.number, state, answer)
    return state


def _made(desk: Desk, job: Job, told: Mapping[str, Any], lookups: Lookups) -> Outcome:
    if job.kind == ORDER:
        return assigning.make(desk, told, lambda code: lookups.looking({code}))
    command = ISSUE.command(**told)
    with nullcontext() if command.code is None else lookups.looking({command.code}):
        return ISSUE.perform(desk, command)


def _row(parts: Parts, number: int, line: Asked) -> dict[str, Any]:
    if line.error is not None:
        error = without_people(error_json(line.error), line.values)
        return jobs.sealed(parts.ring, number, "failed", None, {"error": error})
    values = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in line.values.items()
    }
    return jobs.sealed(parts.ring, number, "waiting", dumps(values))


def _values(content: str) -> dict[str, Any]:
    """The fields again, each as it was read at the door."""
    fields = ISSUE.fields
    return {
        name: datetime.fromisoformat(value) if fields[name].kind == "moment" else value
        for name, value in read_own(content).items()
    }


def _cancelled(tx: Writing, job: Job) -> Job:
    if job.state == "cancelled":
        return job
    jobs.forget_inputs(tx, job)
    return jobs.change(tx, job, state="cancelled", ended_at=tx.now)


def _card(line: Line) -> Mapping[str, Any]:
    """What is kept of the card that a line made: its id and code; nothing where it made none."""
    return (line.answer or {}).get("gift_card") or {}


def _is_fresh(job: Job, now: datetime) -> bool:
    return job.ended_at is None or now - job.ended_at < CODES_SHOWN_FOR


def _require(job: Job | None) -> Job:
    if job is None:
        raise NotFound("There is no such job in this account.")
    return job
