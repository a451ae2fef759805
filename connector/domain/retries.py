"""What an answer means, and what becomes of a delivery after an attempt: pure tables and functions.

The rule that holds: every attempt ends in exactly one Verdict, whatever the far
side said, and the schedule is never shortened by anything it says.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

SCHEDULE: Final = (
    timedelta(seconds=5),  # a restart on their side is over by then
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),  # somebody was paged
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),  # falls into their next working day
    timedelta(hours=24),  # two nights later: the last
)
TOLD_MAX: Final = timedelta(
    hours=24
)  # the longest step of the schedule: no receiver can push a retry further
QUIET_MAX: Final = timedelta(hours=1)  # one answer must not silence a whole endpoint for a day

OUTCOMES: Final = (
    "delivered",  # 2xx
    "refused",  # an answer that means no: 3xx, 4xx
    "failed",  # an answer that means trouble: 408, 5xx, or no HTTP at all
    "throttled",  # 429, 502, 503, 504
    "timeout",
    "unreachable",  # name, route, connection or TLS
    "refused_by_us",  # the address is not allowed; nothing was dialled
    "gone",  # 410
    "lost",  # our worker died with the attempt in its hands
    "internal",  # our own fault
)
LINE_DOWN: Final = ("dns_unknown", "dns_failed", "connect_no_route", "timeout_connect")
"""Errors that many hosts at once show only when our own line is down."""

_THROTTLED: Final = (429, 502, 503, 504)
_HONOURED: Final = (429, 503)  # the two statuses whose Retry-After counts
_HINTS: Final = {
    401: "The receiver refused our credentials: check the endpoint's secret and its custom headers.",
    403: "The receiver refused our credentials: check the endpoint's secret and its custom headers.",
    404: "The receiver does not know this address: check the endpoint's URL.",
    409: "The receiver calls the message a duplicate: it should answer 2xx to what it already knows.",
    410: "The receiver wants no more messages: the endpoint is switched off.",
    413: "The receiver takes no body of this size: raise its limit to 64 KiB.",
}


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver said yes."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Another attempt, `after` the end of this one."""

    after: timedelta


@dataclass(frozen=True, slots=True)
class Dead:
    """No further attempt by itself. `reason`: `schedule_used_up` or `told_to_stop`."""

    reason: str


@dataclass(frozen=True, slots=True)
class EndpointGone:
    """410: this delivery and every open one of the endpoint is dead, and the endpoint disabled as `gone`."""


Verdict = Delivered | Retry | Dead | EndpointGone


@dataclass(frozen=True, slots=True)
class Effect:
    """What an attempt means for its endpoint.

    `counts`: `success` clears the failures, `failure` adds one, `nothing` leaves
    them. `quiet_for`: nothing is sent to it for so long. `disable`: the reason,
    `gone` or `receiver`, None where it stays as it is.
    """

    counts: str
    quiet_for: timedelta | None = None
    is_slowed: bool = False
    disable: str | None = None


def outcome_of(status: int) -> tuple[str, str | None]:
    """The outcome of an answered attempt and its error (None: none); `status` is 200 to 599."""
    if status < 300:
        return "delivered", None
    if status < 400:
        return "refused", "redirect"
    if status == 410:
        return "gone", "http_410"
    if status in _THROTTLED:
        return "throttled", f"http_{status}"
    if status == 408 or status >= 500:
        return "failed", f"http_{status}"
    return "refused", f"http_{status}"


def hint(status: int | None) -> str | None:
    """What a person should look at after this status; None where the status says enough."""
    return _HINTS.get(status) if status is not None else None


def delay(delivery_id: str, attempt: int) -> timedelta:
    """How long to wait after attempt number `attempt` (1 to 8): the schedule, or up to a fifth more.

    The jitter comes from the delivery and the number, so that it is the same after a restart.
    """
    return _spread(SCHEDULE[attempt - 1], delivery_id, attempt)


def next_try(
    status: int | None,
    outcome: str,
    attempt: int,
    told: timedelta | None,
    delivery_id: str,
    told_to_stop: str | None = None,
) -> Verdict:
    """What becomes of a delivery whose attempt ended so.

    `status` is None where no answer came; `attempt` counts from 1 along the schedule
    (attempts by hand do not move it); `told` is what parse_retry_after read;
    `told_to_stop` is the answer's `webhook-delivery` header.
    """
    if outcome == "delivered":
        return Delivered()
    if status == 410:
        return EndpointGone()
    if told_to_stop == "abort-message":
        return Dead("told_to_stop")
    if attempt > len(SCHEDULE):
        return Dead("schedule_used_up")
    planned = SCHEDULE[attempt - 1]
    if told is not None and status in _HONOURED:
        planned = max(planned, min(told, TOLD_MAX))
    return Retry(_spread(planned, delivery_id, attempt))


def effect_on_endpoint(
    status: int | None, outcome: str, told: timedelta | None, told_to_stop: str | None = None
) -> Effect:
    """What the attempt means for the endpoint; arguments as for next_try."""
    disable = "gone" if status == 410 else "receiver" if told_to_stop == "disable" else None
    if outcome == "delivered":
        return Effect("success", disable=disable)
    if outcome == "throttled":
        quiet = min(told, QUIET_MAX) if told and status in _HONOURED else None  # 0 tells no time
        return Effect("nothing", quiet_for=quiet, is_slowed=quiet is None, disable=disable)
    if outcome in ("lost", "internal", "gone"):
        return Effect("nothing", disable=disable)
    return Effect("failure", disable=disable)


def _spread(planned: timedelta, delivery_id: str, attempt: int) -> timedelta:
    digest = hashlib.sha256(f"{delivery_id}.{attempt}".encode("utf-8", "surrogatepass")).digest()
    return planned * (1 + int.from_bytes(digest[:6]) / 2**48 / 5)


_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK: Final = r"(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)"
_DATES: Final = tuple(
    re.compile(pattern, re.ASCII | re.IGNORECASE)
    for pattern in (  # the three forms that RFC 9110, section 5.6.7, asks a recipient to read
        rf"[a-z]{{3}}, (?P<day>\d\d) (?P<month>[a-z]{{3}}) (?P<year>\d{{4}}) {_CLOCK} GMT",
        rf"[a-z]{{6,9}}, (?P<day>\d\d)-(?P<month>[a-z]{{3}})-(?P<year>\d\d) {_CLOCK} GMT",
        rf"[a-z]{{3}} (?P<month>[a-z]{{3}}) (?P<day>[ \d]\d) {_CLOCK} (?P<year>\d{{4}})",
    )
)
_SECONDS: Final = re.compile(r"[0-9]+")


def parse_retry_after(values: Sequence[str], now: datetime) -> timedelta | None:
    """What Retry-After asks for: the largest of the headers, at most a day; None where none is valid.

    Digits (any number of them) or an HTTP date. A sign, fraction, exponent, `nan`
    or other scripts' digits make a header count as absent; a past date is nothing.
    """
    told = [one for one in (_read_told(value.strip(" \t"), now) for value in values) if one is not None]
    return max(told) if told else None


def _read_told(text: str, now: datetime) -> timedelta | None:
    if _SECONDS.fullmatch(text):
        digits = text.lstrip("0") or "0"
        # Compared by length first: int() refuses 4,301 digits, and timedelta overflows long before.
        return min(timedelta(seconds=int(digits)), TOLD_MAX) if len(digits) <= 9 else TOLD_MAX
    for form in _DATES:
        written = form.fullmatch(text)
        if written is not None:
            at = _moment(written, now)
            return min(max(at - now, timedelta(0)), TOLD_MAX) if at is not None else None
    return None


def _moment(written: re.Match[str], now: datetime) -> datetime | None:
    part = written.groupdict()
    month = part["month"].lower()
    if month not in _MONTHS:
        return None
    year = int(part["year"])
    if len(part["year"]) == 2:
        year += now.year // 100 * 100
        if year > now.year + 50:  # RFC 9110: a two-digit year so far ahead means the past century
            year -= 100
    clock = (int(part["h"]), int(part["m"]), min(int(part["s"]), 59))  # :60 is a leap second
    try:
        return datetime(year, _MONTHS.index(month) + 1, int(part["day"]), *clock, tzinfo=UTC)
    except ValueError:
        return None
