"""What is kept of an attempt: the Answer.

The rule that holds: nothing in an Answer is longer than its limit, and none of
the secrets that we sent comes back in it, whatever the receiver echoes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ..domain.retries import outcome_of, parse_retry_after
from .exchange import AttemptFault, Exchange
from .heads import Head
from .redaction import REDACTED, Redaction

MAX_ANSWER_HEADERS: Final = 10
_MAX_HEADER_TEXT: Final = 1024
_MAX_LOCATION: Final = 200
_STOPS: Final = ("abort-message", "disable")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Answer:
    """How an attempt ended.

    `status` is None where no answer came. `outcome` is one of domain/retries.OUTCOMES;
    `error` a short code (`redirect`, `http_500`, `tls_expired`), None for a plain 2xx;
    `detail` a few words more: the kind of network, where a redirect pointed.
    `headers` at most 10, `body` at most 4,096 bytes, both without what we sent as
    secrets; `answer_cut` where there was more, or less than promised. `told` is Retry-After, `told_to_stop`
    the `webhook-delivery` header: `abort-message`, `disable` or None.
    """

    status: int | None
    outcome: str
    error: str | None
    detail: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    answer_cut: bool = False
    duration_ms: int = 0
    phases_ms: Mapping[str, int] = field(default_factory=dict)
    address: str | None = None
    told: timedelta | None = None
    reconnected: bool = False
    told_to_stop: str | None = None


def answered(
    head: Head, exchange: Exchange, sent: Mapping[str, str], body: bytes, is_cut: bool, now: datetime
) -> Answer:
    """The Answer for a response with this head, whose `body` was read so far."""
    redaction = Redaction(sent)
    outcome, error = outcome_of(head.status)
    location = _clean(head.first("location"), redaction)[:_MAX_LOCATION]
    stop = head.first("webhook-delivery").strip().lower()
    return Answer(
        status=head.status,
        outcome=outcome,
        error="answer_cut" if is_cut and error is None else error,
        detail=location or None if error == "redirect" else None,
        headers=tuple(
            (_clean(name, redaction).lower(), REDACTED if _is_cookie(name) else _clean(value, redaction))
            for name, value in head.headers[:MAX_ANSWER_HEADERS]
        ),
        body=redaction.body(body)[: exchange.limits.body_bytes],
        answer_cut=is_cut,
        duration_ms=_milliseconds(exchange.spent_s),
        phases_ms=_phases(exchange),
        address=exchange.address,
        told=parse_retry_after(head.every("retry-after"), now),
        reconnected=exchange.has_reconnected,
        told_to_stop=stop if stop in _STOPS else None,
    )


def unanswered(fault: AttemptFault, exchange: Exchange | None = None) -> Answer:
    """The Answer for an attempt that got none; `exchange` is None where it did not even begin."""
    if exchange is None:
        return Answer(None, fault.outcome, fault.error, fault.detail)
    return Answer(
        status=None,
        outcome=fault.outcome,
        error=fault.error,
        detail=fault.detail,
        duration_ms=_milliseconds(exchange.spent_s),
        phases_ms=_phases(exchange),
        address=exchange.address,
        reconnected=exchange.has_reconnected,
    )


def _phases(exchange: Exchange) -> dict[str, int]:
    return {phase: _milliseconds(seconds) for phase, seconds in exchange.phases_s.items()}


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _is_cookie(name: str) -> bool:
    return name.lower() == "set-cookie"


def _clean(text: str, redaction: Redaction) -> str:
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", redaction.text(text, _MAX_HEADER_TEXT))
