"""One attempt under way: no step outlasts the whole, and every way to fail has its name."""

import errno
import ssl
from datetime import timedelta

import pytest

from connector.domain.retries import LINE_DOWN, OUTCOMES
from connector.outside.exchange import (
    AttemptFault,
    Exchange,
    Limits,
    is_closed,
    of_anything,
    of_connecting,
    of_tls,
)
from connector.outside.urls import read_target
from tests.kit.clock import FixedClock

LIMITS = Limits(connect_s=5, answer_s=10, total_s=12)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def exchange(clock: FixedClock) -> Exchange:
    return Exchange(read_target("https://hooks.example.com/"), LIMITS, clock)


def named(fault: AttemptFault) -> tuple[str, str, str | None]:
    assert fault.outcome in OUTCOMES
    return fault.outcome, fault.error, fault.detail


def late(exchange: Exchange) -> str:
    """The error of a step that is over."""
    with pytest.raises(AttemptFault) as fault:
        exchange.remaining_s()
    assert fault.value.outcome == "timeout"
    return fault.value.error


def test_a_step_has_what_it_was_allowed_and_not_a_moment_more(exchange: Exchange, clock: FixedClock) -> None:
    exchange.allow(LIMITS.connect_s, "timeout_connect")
    assert exchange.remaining_s() == 5

    clock.forward(timedelta(seconds=4.5))
    assert exchange.remaining_s() == 0.5

    clock.forward(timedelta(seconds=0.5))
    assert late(exchange) == "timeout_connect"


def test_each_step_is_measured_from_its_own_beginning(exchange: Exchange, clock: FixedClock) -> None:
    exchange.allow(LIMITS.connect_s, "timeout_connect")
    clock.forward(timedelta(seconds=1))
    exchange.allow(LIMITS.answer_s, "timeout_answer")

    assert exchange.remaining_s() == 10
    clock.forward(timedelta(seconds=10))
    assert late(exchange) == "timeout_answer"


def test_no_step_outlasts_the_attempt_and_the_whole_is_blamed_then(
    exchange: Exchange, clock: FixedClock
) -> None:
    clock.forward(timedelta(seconds=4))
    exchange.allow(LIMITS.answer_s, "timeout_answer")

    assert exchange.remaining_s() == 8
    clock.forward(timedelta(seconds=8))
    assert late(exchange) == "timeout_total"
    exchange.allow(LIMITS.answer_s, "timeout_answer")
    assert late(exchange) == "timeout_total"


def test_an_attempt_that_was_allowed_nothing_may_wait_for_nothing(exchange: Exchange) -> None:
    assert late(exchange) == "timeout_connect"


def test_a_wall_clock_that_is_set_gives_and_takes_no_time(exchange: Exchange, clock: FixedClock) -> None:
    exchange.allow(LIMITS.connect_s, "timeout_connect")
    clock.jump(timedelta(days=-1))
    clock.jump(timedelta(days=3))

    assert (exchange.remaining_s(), exchange.spent_s) == (5, 0)


def test_beginning_again_gets_what_is_left_of_the_whole(exchange: Exchange, clock: FixedClock) -> None:
    exchange.is_reused = True
    clock.forward(timedelta(seconds=11))
    exchange.renew()
    exchange.allow(LIMITS.connect_s, "timeout_connect")

    assert (exchange.may_reuse, exchange.is_reused, exchange.has_reconnected) == (False, False, True)
    assert (exchange.remaining_s(), exchange.spent_s) == (1, 11)


def test_how_long_a_phase_took_is_noted(exchange: Exchange, clock: FixedClock) -> None:
    clock.forward(timedelta(seconds=1))
    begun = clock.monotonic()
    clock.forward(timedelta(seconds=2))
    exchange.note("connect", begun)

    assert exchange.phases_s == {"connect": 2}


@pytest.mark.parametrize(
    ("number", "outcome", "error"),
    [
        (errno.ECONNREFUSED, "unreachable", "connect_refused"),
        (errno.ETIMEDOUT, "timeout", "timeout_connect"),
        (errno.ENETUNREACH, "unreachable", "connect_no_route"),
        (errno.EHOSTUNREACH, "unreachable", "connect_no_route"),
        (errno.ENETDOWN, "unreachable", "connect_no_route"),
        (errno.EADDRNOTAVAIL, "unreachable", "connect_no_route"),
        (errno.ECONNRESET, "unreachable", "connection_closed"),
        (errno.ECONNABORTED, "unreachable", "connection_closed"),
        (errno.EPIPE, "unreachable", "connection_closed"),
        (errno.EPERM, "unreachable", "connect_failed"),
        (errno.EMFILE, "unreachable", "connect_failed"),
    ],
    ids=lambda value: errno.errorcode[value] if isinstance(value, int) else "",
)
def test_what_kept_us_from_connecting_has_a_name(number: int, outcome: str, error: str) -> None:
    fault = of_connecting(OSError(number, "said so"))

    assert named(fault)[:2] == (outcome, error)
    assert fault.detail == ("said so" if error == "connect_failed" else None)


def test_a_step_that_took_too_long_is_a_timeout_without_a_number_too() -> None:
    assert named(of_connecting(TimeoutError())) == ("timeout", "timeout_connect", None)


def test_a_line_that_is_down_shows_in_names_that_others_know() -> None:
    down = {of_connecting(OSError(number, "")).error for number in (errno.ENETUNREACH, errno.ETIMEDOUT)}

    assert down <= {*LINE_DOWN}


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (10, "tls_expired"),
        (9, "tls_not_yet_valid"),
        (62, "tls_wrong_name"),
        (64, "tls_wrong_name"),
        (18, "tls_unknown_issuer"),
        (19, "tls_unknown_issuer"),
        (20, "tls_unknown_issuer"),
        (23, "tls_untrusted"),  # revoked
        (26, "tls_untrusted"),  # for another purpose
    ],
)
def test_a_certificate_that_is_refused_says_why(code: int, error: str) -> None:
    fault = ssl.SSLCertVerificationError(1, "certificate verify failed")
    fault.verify_code, fault.verify_message = code, "as the library says"

    assert named(of_tls(fault)) == ("unreachable", error, "as the library says")


def an_ssl_error(reason: str) -> ssl.SSLError:
    fault = ssl.SSLError(1, f"[SSL: {reason}]")
    fault.reason = reason
    return fault


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (an_ssl_error("UNSUPPORTED_PROTOCOL"), ("unreachable", "tls_old_protocol", "UNSUPPORTED_PROTOCOL")),
        (an_ssl_error("WRONG_VERSION_NUMBER"), ("unreachable", "tls_failed", "WRONG_VERSION_NUMBER")),
        (ssl.SSLEOFError(8, "EOF"), ("unreachable", "connection_closed", None)),
        (ssl.SSLZeroReturnError(6, "closed"), ("unreachable", "connection_closed", None)),
        (ConnectionResetError(errno.ECONNRESET, "reset"), ("unreachable", "connection_closed", None)),
        (OSError(errno.EHOSTUNREACH, "no route"), ("unreachable", "connect_no_route", None)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_ended_a_handshake_has_a_name(fault: OSError, expected: tuple[str, str, str | None]) -> None:
    assert named(of_tls(fault)) == expected


def test_a_refused_connection_was_never_open_so_it_was_not_closed() -> None:
    assert is_closed(ConnectionResetError())
    assert is_closed(BrokenPipeError())
    assert not is_closed(ConnectionRefusedError())
    assert not is_closed(TimeoutError())


@pytest.mark.parametrize(
    "fault",
    [
        KeyError("secret-path"),
        RecursionError(),
        MemoryError(),
        OSError(errno.EMFILE, "files"),
        ssl.SSLError(),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_everything_else_is_our_own_fault_and_told_by_its_kind_alone(fault: Exception) -> None:
    assert named(of_anything(fault)) == ("internal", "internal", type(fault).__name__)


def test_a_fault_that_has_its_name_keeps_it() -> None:
    fault = AttemptFault("timeout", "timeout_total")

    assert of_anything(fault) is fault
