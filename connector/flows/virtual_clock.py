"""A sandbox's clock, moved forward so that what takes months is seen in a minute, in its order.

The one rule: it stops at each moment that has something to do, and that is done before
it goes on: a wait of three days ends before the card that it gives expires.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..domain.accounts import Account
from ..domain.errors import FieldError, NotSandbox, ValidationFailed
from ..domain.events import rfc3339
from ..recipes.values import Duration, EvaluationFailed, later, read_duration
from ..store import accounts, coming
from . import scheduled, timetable
from .parts import Parts
from .perform import Answered, Idempotency, once

LONGEST: Final = timedelta(days=3_660)  # ten years: the longest life that anybody gives a card
FURTHEST: Final = datetime(9_000, 1, 1, tzinfo=UTC)  # from there a life of a card still ends in the calendar
STOPS: Final = 1_000  # in one call; a schedule that is due every minute has as many in 17 hours
WITHIN_S: Final = 20.0  # what a caller waits for an answer; the rest is asked for again

_ISO: Final = re.compile(
    r"P(?=.)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?"
    r"(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?",
    re.ASCII,
)
_SECONDS: Final = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Way:
    """How far it goes, and by when it must answer, in monotonic seconds."""

    account: Account
    to: datetime
    deadline: float


def advance(parts: Parts, account: Account, by: object) -> dict[str, Any]:
    """Move the clock forward `by` seconds, or a duration in words or ISO 8601; NotSandbox.

    `now`, `did` (how much of each kind), the `drafts` that would have been due on the way, and whether
    it `is_there`: what has too much to do in one call stops before, and `left_s` says how far it is.
    """
    return _go(parts, account, _goal(parts, account, by))


def advance_once(parts: Parts, account: Account, by: object, key: Idempotency | None) -> Answered:
    """As `advance`. The moment to go to is settled under the key: asked again, it goes no further."""
    settled = once(parts, account, lambda _: Answered(200, {"to": rfc3339(_goal(parts, account, by))}), key)
    if settled.error is not None:
        return settled
    told = _go(parts, account, datetime.fromisoformat(settled.body["to"]))
    return replace(settled, body=told)


def _goal(parts: Parts, account: Account, by: object) -> datetime:
    if not account.sandbox:
        raise NotSandbox(f"Account {account.slug} is live: its clock is the world's.")
    return read(by, _now(parts, account), ZoneInfo(account.timezone))


def _go(parts: Parts, account: Account, to: datetime) -> dict[str, Any]:
    began = _now(parts, account)
    way = _Way(account, to, parts.clock.monotonic() + WITHIN_S)
    scheduled.note_all(parts, account)
    did = _work(parts, way)
    for _ in range(STOPS):
        now = _now(parts, account)
        if now >= way.to or parts.clock.monotonic() > way.deadline:
            break
        _move(parts, account, min(_next(parts, account, now) or way.to, way.to))
        did += _work(parts, way)
    now = _now(parts, account)
    left = max(way.to - now, timedelta(0))
    return {
        "account": account.slug,
        "now": rfc3339(now),
        "is_there": not left,
        "left_s": math.ceil(left.total_seconds()),
        "did": dict(sorted(did.items())),
        "drafts": scheduled.drafts_due(parts, account, began, now),
    }


def read(by: object, now: datetime, zone: ZoneInfo) -> datetime:
    """The moment that lies so far ahead, or ValidationFailed."""
    try:
        to = later(now, _duration(by), zone)
    except EvaluationFailed as fault:
        raise _wrong(fault.detail) from fault
    if not timedelta(0) < to - now <= LONGEST:
        raise _wrong(f"must be more than nothing and at most {LONGEST.days} days: a clock never goes back")
    if to > FURTHEST:
        raise _wrong(f"leads beyond {rfc3339(FURTHEST)}, which is where a sandbox's clock ends")
    return to


def _duration(by: object) -> Duration:
    if isinstance(by, int | Decimal) and not isinstance(by, bool) and 0 <= by < 10**9:
        return Duration(seconds=int(by))
    text = by.strip() if isinstance(by, str) else ""
    if _SECONDS.fullmatch(text):
        return Duration(seconds=int(text))
    iso = _ISO.fullmatch(text)
    if iso is not None:
        years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in iso.groups())
        return Duration(years * 12 + months, weeks * 7 + days, hours * 3_600 + minutes * 60 + seconds)
    found = read_duration(text)
    if found is None:
        raise _wrong("must be seconds, or a duration such as P90D, PT12H or `90 days`")
    return found


def _work(parts: Parts, way: _Way) -> Counter[str]:
    """All that is due by now, until nothing more is."""
    did: Counter[str] = Counter()
    while done := timetable.turn(parts, way.account):
        did += done
        if parts.clock.monotonic() > way.deadline:
            break
    return did


def _next(parts: Parts, account: Account, now: datetime) -> datetime | None:
    with parts.engines.reading() as connection:
        found = coming.next_moment(connection, account.id, now, timetable.TELL_AHEAD)
    moments = (found, scheduled.next_at(parts, account))
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


def _now(parts: Parts, account: Account) -> datetime:
    with parts.engines.reading() as connection:
        return parts.clock.now() + accounts.by_id(connection, account.id).clock_offset


def _move(parts: Parts, account: Account, to: datetime) -> None:
    parts.writer.run(lambda tx: accounts.move_clock(tx, account.id, to))


def _wrong(message: str) -> ValidationFailed:
    return ValidationFailed(f"advance {message}", errors=[FieldError("advance", message)])
