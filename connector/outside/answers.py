"""What is kept of an attempt: the Answer.

The rule that holds: nothing in an Answer is longer than its limit, and none of
the secrets that we sent comes back in it, whatever the receiver echoes.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from typing import Final
from urllib.parse import quote

from ..domain.retries import outcome_of, parse_retry_after
from .exchange import AttemptFault, Exchange
from .heads import Head

MAX_ANSWER_HEADERS: Final = 10
_MAX_HEADER_TEXT: Final = 1024
_MAX_LOCATION: Final = 200
_MIN_SECRET: Final = 8  # shorter ones guard nothing, and would blot out honest text
_REDACTED: Final = "[redacted]"
_SEPARATORS: Final = re.compile(r"[ ,]")
_STOPS: Final = ("abort-message", "disable")
_ALIKE: Final = re.compile(r"[A-Za-z0-9._~-]*", re.ASCII)  # written the same everywhere
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PUBLIC: Final = frozenset(  # of what we send, all that may stand in a stored answer
    (
        "accept",
        "accept-encoding",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "webhook-id",
        "webhook-timestamp",
    )
)


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
    secrets = _secrets(sent)
    outcome, error = outcome_of(head.status)
    location = _clean(head.first("location"), secrets)[:_MAX_LOCATION]
    stop = head.first("webhook-delivery").strip().lower()
    return Answer(
        status=head.status,
        outcome=outcome,
        error="answer_cut" if is_cut and error is None else error,
        detail=location or None if error == "redirect" else None,
        headers=tuple(
            (_clean(name, secrets).lower(), _REDACTED if _is_cookie(name) else _clean(value, secrets))
            for name, value in head.headers[:MAX_ANSWER_HEADERS]
        ),
        body=_without(body, secrets)[: exchange.limits.body_bytes],
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


def _secrets(sent: Mapping[str, str]) -> list[str]:
    """What a receiver that echoes would make us store: headers that are not public, and their words."""
    values = {
        spelling
        for name, value in sent.items()
        if name not in _PUBLIC
        for part in (value, *_SEPARATORS.split(value))
        if len(part) >= _MIN_SECRET
        for spelling in _spellings(part)
    }
    return sorted(values, key=len, reverse=True)


def _spellings(text: str) -> set[str]:
    """As pages and programs write it out again: plain, in JSON (also PHP's), in a URL, in HTML."""
    if _ALIKE.fullmatch(text):
        return {text}
    quoted = json.dumps(text)[1:-1]
    return {text, quoted, quoted.replace("/", "\\/"), quote(text, safe=""), escape(text)}


def _without(body: bytes, secrets: Sequence[str]) -> bytes:
    for secret in secrets:
        written = secret.encode("ascii")
        body = body.replace(written, _REDACTED.encode())
        for length in range(min(len(written) - 1, len(body)), _MIN_SECRET - 1, -1):
            if body.endswith(written[:length]):  # the cut went through the middle of an echo
                body = body[:-length] + _REDACTED.encode()
                break
    return body


def _clean(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, _REDACTED)
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text[:_MAX_HEADER_TEXT])
