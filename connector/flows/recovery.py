"""Recover: everything of an endpoint since a moment that is dead, or was never made, sent again. A job.

The one rule: how far it is stands in its row, written with what was done, so that it goes on wherever
it stopped, and does nothing twice.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.errors import ConnectorError
from ..domain.events import rfc3339
from ..domain.jobs import RECOVER, Job, job_json
from ..domain.jsontext import dumps, read_own
from ..logs import log
from ..store import endpoints, jobs, resending
from ..store.writer import Writing
from .endpoint_fields import wrong
from .parts import Parts
from .perform import Answered, Idempotency, once
from .subscribe import require

REACHES: Final = timedelta(days=30)
AT_ONCE: Final = 500


def recover(
    parts: Parts,
    account: Account,
    actor: Actor,
    endpoint: str,
    *,
    since: datetime,
    until: datetime | None = None,
    missed: bool = False,
    key: Idempotency | None = None,
) -> Answered:
    """Begin it: 202 and the job. `missed`: what was never made, as while the endpoint was disabled, too."""
    now = parts.clock.now() + account.clock_offset  # messages are told in the account's own time
    if since < now - REACHES:
        raise wrong("since", f"must be in the last {REACHES.days} days")
    end = now + timedelta.resolution if until is None else until  # what is told this moment counts
    if end <= since:
        raise wrong("until", "must be after since")

    def deed(tx: Writing) -> Answered:
        found = require(endpoints.find(tx, account.id, endpoint))
        job = jobs.add(tx, account_id=account.id, kind=RECOVER, total=0, by=actor)
        assert job is not None
        asked = {
            "endpoint": found.public_id,
            "since": since.isoformat(),
            "until": end.isoformat(),
            "missed": missed,
            "after": 0,
            "after_message": 0,
        }
        jobs.keep_place(tx, parts.ring, job, dumps(asked))
        parts.desk(tx, account, actor).note("recover_webhooks", None, subject=found.public_id)
        tx.after_commit(parts.wake_jobs)
        about = {"endpoint_id": found.public_id, "since": rfc3339(since), "until": rfc3339(end)}
        return Answered(202, {**job_json(job), **about, "missed": missed})

    return once(parts, account, deed, key)


def run_due(parts: Parts) -> int:
    """One batch of each job that waits; how many deliveries were looked at."""
    with parts.engines.reading() as connection:
        found = jobs.of_kind(connection, RECOVER)
    return sum(_guarded(parts, number) for number in found)


def _guarded(parts: Parts, number: int) -> int:
    """One job's batch; a job that fails holds up no other, and one with a fault of its own ends."""
    try:
        return parts.writer.run(partial(_step, parts, number))
    except ConnectorError as error:
        log.error("recover_left", job=number, error=error.code)
    except Exception as fault:  # noqa: BLE001 - a poisonous job must not stop the others
        log.error("recover_failed", job=number, error=type(fault).__name__)
        parts.writer.run(partial(_give_up, number))
    return 0


def _give_up(number: int, tx: Writing) -> None:
    job = jobs.lock(tx, number, or_pass=True)
    if job is not None and job.ended_at is None:
        jobs.change(tx, job, state="cancelled", failed=1, ended_at=tx.wall)


def _step(parts: Parts, number: int, tx: Writing) -> int:
    job = jobs.lock(tx, number, or_pass=True)
    if job is None or job.ended_at is not None:
        return 0
    place = read_own(jobs.place_of(tx, parts.ring, job))
    endpoint = endpoints.lock(tx, job.account_id, place["endpoint"])
    if endpoint is None:  # deleted meanwhile
        jobs.change(tx, job, state="cancelled", ended_at=tx.wall)
        return 0
    since, until = (datetime.fromisoformat(place[name]) for name in ("since", "until"))
    looked, place["after"] = resending.revive(tx, endpoint, since, until, place["after"], AT_ONCE)
    made = looked
    if not looked and place["missed"]:
        looked, made, place["after_message"] = resending.make_missed(
            tx, endpoint, since, until, place["after_message"], AT_ONCE
        )
    _moved(parts, tx, job, place, made, is_over=not looked)
    tx.after_commit(parts.wake_outbox)
    return looked


def _moved(parts: Parts, tx: Writing, job: Job, place: dict[str, Any], made: int, *, is_over: bool) -> None:
    jobs.keep_place(tx, parts.ring, job, dumps(place))
    jobs.change(
        tx,
        job,
        done=job.done + made,
        total=job.done + made,
        state="done" if is_over else "running",
        ended_at=tx.wall if is_over else None,
    )
