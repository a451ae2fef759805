"""One attempt under way: how long it may still take, what was seen of it, and how it can fail.

The rule that holds: whoever waits for the far side asks `remaining_s` first, so
that no step can outlast the attempt. Time here is the machine's own, whatever
clock the rest of the program was given: a socket knows no other.
"""

import errno
import ssl
from dataclasses import dataclass, field
from typing import Final

from ..domain.clock import Clock
from .urls import Target


@dataclass(frozen=True, slots=True)
class Limits:
    """How long an attempt may take and how much is kept of it. The defaults are the contract's."""

    connect_s: float = 5.0  # name, TCP and TLS
    answer_s: float = 10.0  # the request out, status line and headers in
    total_s: float = 15.0
    body_s: float = 2.0  # the verdict fell with the headers: nobody waits long for the rest
    body_bytes: int = 4096
    idle_s: float = 15.0  # below what common servers and load balancers keep a connection
    age_s: float = 60.0  # so that a changed name or certificate is seen within a minute
    kept_per_host: int = 32  # many endpoints may share one
    kept: int = 256


class AttemptFault(Exception):
    """An attempt without an answer. `outcome` is one of domain/retries.OUTCOMES, `error` a short code."""

    def __init__(self, outcome: str, error: str, detail: str | None = None) -> None:
        super().__init__(error)
        self.outcome = outcome
        self.error = error
        self.detail = detail


@dataclass(slots=True, eq=False)
class Exchange:
    """The state of one attempt; belongs to one thread. `phases_s` holds dns, connect, tls and answer."""

    target: Target
    limits: Limits
    clock: Clock
    may_reuse: bool = True
    is_reused: bool = False
    has_reconnected: bool = False
    has_heard: bool = False
    address: str | None = None
    phases_s: dict[str, float] = field(default_factory=dict)
    started: float = field(init=False)
    step_began: float = field(init=False)
    _end: float = field(init=False)
    _late: str = field(init=False, default="timeout_connect")

    def __post_init__(self) -> None:
        self.started = self.step_began = self._end = self.clock.monotonic()

    def allow(self, seconds: float, late: str) -> None:
        """Begin a step that may take `seconds`, within the total; `late` is its error."""
        self.step_began = self.clock.monotonic()
        total = self.started + self.limits.total_s
        end = self.step_began + seconds
        self._end, self._late = (end, late) if end <= total else (total, "timeout_total")

    @property
    def spent_s(self) -> float:
        """Seconds since the attempt began."""
        return self.clock.monotonic() - self.started

    def remaining_s(self) -> float:
        """The seconds this step still has, more than none; AttemptFault when they are over."""
        left = self._end - self.clock.monotonic()
        if left <= 0:
            raise self.late()
        return left

    def late(self) -> AttemptFault:
        """The fault of a step that took too long."""
        return AttemptFault("timeout", self._late)

    def renew(self) -> None:
        """Begin again on a new connection, in what is left of the total time."""
        self.may_reuse, self.is_reused, self.has_reconnected = False, False, True

    def note(self, phase: str, since: float) -> None:
        """Write down how long `phase` took."""
        self.phases_s[phase] = self.clock.monotonic() - since


_EXPIRED: Final = 10
_NOT_YET_VALID: Final = 9
_WRONG_NAME: Final = (62, 64)  # host name, IP address
_UNKNOWN_ISSUER: Final = (2, 18, 19, 20, 21)
_OLD_PROTOCOL: Final = ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE")
_NO_ROUTE: Final = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)


def of_connecting(fault: OSError) -> AttemptFault:
    """What a refused or broken connection attempt is called."""
    if isinstance(fault, ConnectionRefusedError):
        return AttemptFault("unreachable", "connect_refused")
    if isinstance(fault, TimeoutError):
        return AttemptFault("timeout", "timeout_connect")
    if fault.errno in _NO_ROUTE:
        return AttemptFault("unreachable", "connect_no_route")
    if is_closed(fault):
        return AttemptFault("unreachable", "connection_closed")
    return AttemptFault("unreachable", "connect_failed", fault.strerror)


def of_tls(fault: OSError) -> AttemptFault:
    """What a failed TLS handshake is called."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        code = fault.verify_code
        if code in _UNKNOWN_ISSUER:
            error = "tls_unknown_issuer"
        elif code in _WRONG_NAME:
            error = "tls_wrong_name"
        else:
            error = {_EXPIRED: "tls_expired", _NOT_YET_VALID: "tls_not_yet_valid"}.get(code, "tls_untrusted")
        return AttemptFault("unreachable", error, fault.verify_message)
    if is_closed(fault):
        return AttemptFault("unreachable", "connection_closed")
    if not isinstance(fault, ssl.SSLError):
        return of_connecting(fault)
    if fault.reason in _OLD_PROTOCOL:
        return AttemptFault("unreachable", "tls_old_protocol", fault.reason)
    return AttemptFault("unreachable", "tls_failed", fault.reason)


def is_closed(fault: OSError) -> bool:
    """Whether the far side closed or reset the connection."""
    return isinstance(fault, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError) and not isinstance(
        fault, ConnectionRefusedError
    )


def of_anything(fault: Exception) -> AttemptFault:
    """Any exception as an AttemptFault: what has no name of its own is a fault of ours."""
    if isinstance(fault, AttemptFault):
        return fault
    return AttemptFault("internal", "internal", type(fault).__name__)
