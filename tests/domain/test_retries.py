"""What an answer means, and when the next attempt is due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.retries import (
    OUTCOMES,
    QUIET_MAX,
    SCHEDULE,
    TOLD_MAX,
    Dead,
    Delivered,
    Effect,
    EndpointGone,
    Retry,
    delay,
    effect_on_endpoint,
    hint,
    next_try,
    outcome_of,
    parse_retry_after,
)

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
DELIVERY = "whd_01JD4Z8Q5W6X7Y8Z9A0B1C2D3E"


def test_the_schedule_is_the_contracts() -> None:
    """S004-59."""
    seconds = [int(step.total_seconds()) for step in SCHEDULE]

    assert seconds == [5, 60, 300, 1800, 7200, 21600, 43200, 86400]


@pytest.mark.parametrize("attempt", range(1, 9))
def test_jitter_makes_a_retry_up_to_a_fifth_later_and_never_earlier(attempt: int) -> None:
    waits = [delay(f"whd_{number}", attempt) for number in range(300)]

    assert all(SCHEDULE[attempt - 1] <= wait < SCHEDULE[attempt - 1] * 1.2 for wait in waits)
    assert len(set(waits)) > 290
    assert max(waits) - min(waits) > SCHEDULE[attempt - 1] * 0.18


def test_jitter_is_the_same_after_a_restart() -> None:
    assert delay(DELIVERY, 3) == delay(DELIVERY, 3)
    assert delay("whd_1", 1) == timedelta(seconds=5, microseconds=260450)


def test_the_last_attempt_is_between_44_h_36_min_and_53_h_31_min_after_the_first() -> None:
    shortest = sum(SCHEDULE, timedelta())

    assert shortest == timedelta(hours=44, minutes=36, seconds=5)
    assert shortest * 1.2 < timedelta(hours=53, minutes=32)


@pytest.mark.parametrize(
    ("status", "outcome", "error"),
    [
        (200, "delivered", None),
        (204, "delivered", None),
        (299, "delivered", None),
        (300, "refused", "redirect"),
        (304, "refused", "redirect"),
        (308, "refused", "redirect"),
        (400, "refused", "http_400"),
        (401, "refused", "http_401"),
        (403, "refused", "http_403"),
        (404, "refused", "http_404"),
        (408, "failed", "http_408"),
        (409, "refused", "http_409"),
        (410, "gone", "http_410"),
        (413, "refused", "http_413"),
        (425, "refused", "http_425"),
        (429, "throttled", "http_429"),
        (499, "refused", "http_499"),
        (500, "failed", "http_500"),
        (501, "failed", "http_501"),
        (502, "throttled", "http_502"),
        (503, "throttled", "http_503"),
        (504, "throttled", "http_504"),
        (599, "failed", "http_599"),
    ],
)
def test_every_status_has_one_meaning(status: int, outcome: str, error: str | None) -> None:
    assert outcome_of(status) == (outcome, error)
    assert outcome in OUTCOMES


@pytest.mark.parametrize("status", range(200, 300))
def test_any_2xx_is_a_yes_even_after_the_last_attempt(status: int) -> None:
    assert next_try(status, outcome_of(status)[0], 9, None, DELIVERY) == Delivered()


@pytest.mark.parametrize(
    "status", [301, 304, 400, 401, 404, 408, 409, 413, 425, 429, 500, 502, 503, 504, 599]
)
@pytest.mark.parametrize("attempt", range(1, 9))
def test_any_no_is_tried_again_by_the_schedule(status: int, attempt: int) -> None:
    verdict = next_try(status, outcome_of(status)[0], attempt, None, DELIVERY)

    assert verdict == Retry(delay(DELIVERY, attempt))


@pytest.mark.parametrize(
    "outcome", ["failed", "timeout", "unreachable", "refused_by_us", "lost", "internal", "throttled"]
)
def test_an_attempt_without_an_answer_is_tried_again_and_dies_after_the_ninth(outcome: str) -> None:
    assert next_try(None, outcome, 1, None, DELIVERY) == Retry(delay(DELIVERY, 1))
    assert next_try(None, outcome, 8, None, DELIVERY) == Retry(delay(DELIVERY, 8))
    assert next_try(None, outcome, 9, None, DELIVERY) == Dead("schedule_used_up")
    assert next_try(None, outcome, 10_000, None, DELIVERY) == Dead("schedule_used_up")


@pytest.mark.parametrize("attempt", [1, 8, 9])
def test_410_ends_the_delivery_and_its_endpoint_at_once(attempt: int) -> None:
    assert next_try(410, "gone", attempt, None, DELIVERY) == EndpointGone()
    assert effect_on_endpoint(410, "gone", None) == Effect("nothing", disable="gone")


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_pushes_a_retry_later_and_never_sooner(status: int) -> None:
    later = next_try(status, "throttled", 1, timedelta(hours=1), DELIVERY)
    sooner = next_try(status, "throttled", 4, timedelta(seconds=60), DELIVERY)

    assert isinstance(later, Retry)
    assert timedelta(hours=1) <= later.after < timedelta(hours=1.2)
    assert sooner == Retry(delay(DELIVERY, 4))


def test_retry_after_reaches_a_day_at_most() -> None:
    verdict = next_try(429, "throttled", 1, timedelta(days=400), DELIVERY)

    assert isinstance(verdict, Retry)
    assert TOLD_MAX <= verdict.after < TOLD_MAX * 1.2


@pytest.mark.parametrize("status", [301, 400, 404, 408, 500, 502, 504])
def test_retry_after_counts_on_429_and_503_only(status: int) -> None:
    verdict = next_try(status, outcome_of(status)[0], 1, timedelta(hours=1), DELIVERY)

    assert verdict == Retry(delay(DELIVERY, 1))


def test_a_receiver_can_end_one_message_but_not_with_a_yes() -> None:
    assert next_try(422, "refused", 1, None, DELIVERY, "abort-message") == Dead("told_to_stop")
    assert next_try(200, "delivered", 1, None, DELIVERY, "abort-message") == Delivered()
    assert next_try(422, "refused", 1, None, DELIVERY, "please") == Retry(delay(DELIVERY, 1))


def test_a_receiver_can_switch_its_endpoint_off_and_the_delivery_goes_by_its_status() -> None:
    assert next_try(500, "failed", 1, None, DELIVERY, "disable") == Retry(delay(DELIVERY, 1))
    assert effect_on_endpoint(500, "failed", None, "disable") == Effect("failure", disable="receiver")
    assert effect_on_endpoint(200, "delivered", None, "disable") == Effect("success", disable="receiver")


@pytest.mark.parametrize(
    ("status", "outcome", "counts"),
    [
        (200, "delivered", "success"),
        (302, "refused", "failure"),
        (404, "refused", "failure"),
        (408, "failed", "failure"),
        (500, "failed", "failure"),
        (None, "failed", "failure"),
        (None, "timeout", "failure"),
        (None, "unreachable", "failure"),
        (None, "refused_by_us", "failure"),
        (None, "lost", "nothing"),
        (None, "internal", "nothing"),
    ],
)
def test_what_counts_as_a_failure_of_the_endpoint(status: int | None, outcome: str, counts: str) -> None:
    assert effect_on_endpoint(status, outcome, None) == Effect(counts)


def test_a_throttling_endpoint_is_left_alone_for_an_hour_at_most() -> None:
    assert effect_on_endpoint(429, "throttled", timedelta(seconds=90)).quiet_for == timedelta(seconds=90)
    assert effect_on_endpoint(503, "throttled", timedelta(hours=20)).quiet_for == QUIET_MAX


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_throttling_endpoint_that_names_no_time_is_slowed_down(status: int) -> None:
    assert effect_on_endpoint(status, "throttled", None) == Effect("nothing", is_slowed=True)


@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_of_nothing_names_no_time(status: int) -> None:
    """`Retry-After: 0` would let a whole backlog at a receiver that says it has too much to do."""
    told = timedelta(0)

    assert effect_on_endpoint(status, "throttled", told) == Effect("nothing", is_slowed=True)
    verdict = next_try(status, "throttled", 1, told, "whd_1")
    assert isinstance(verdict, Retry)
    assert verdict.after >= SCHEDULE[0]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 120\t", 120),
        ("00000000000000000120", 120),
        ("86400", 86_400),
        ("86401", 86_400),
        ("1000000000", 86_400),
        ("99999999999999999999", 86_400),
        ("9" * 10_000, 86_400),
        ("0" * 10_000, 0),
        ("Fri, 20 Nov 2026 15:02:00 GMT", 120),
        ("fri, 20 nov 2026 15:02:00 gmt", 120),
        ("Friday, 20-Nov-26 15:02:00 GMT", 120),
        ("Fri Nov 20 15:02:00 2026", 120),
        ("Sun Nov  1 15:02:00 2026", 0),
        ("Fri, 20 Nov 2026 14:59:59 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0),
        ("Sat, 01 Jan 2099 00:00:00 GMT", 86_400),
        ("Fri, 31 Dec 9999 23:59:60 GMT", 86_400),
    ],
)
def test_retry_after_is_read_and_clamped(value: str, seconds: int) -> None:
    assert parse_retry_after([value], NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "-5",
        "+5",
        "1.5",
        "1e9",
        "nan",
        "inf",
        "0x10",
        "1_000",
        "12 0",
        "٣",
        "１２０",
        "soon",
        "Fri, 20 Nov 2026",
        "Fri, 32 Nov 2026 15:02:00 GMT",
        "Fri, 20 Foo 2026 15:02:00 GMT",
        "Fri, 20 Nov 0000 15:02:00 GMT",
        "Fri, 20 Nov 2026 25:02:00 GMT",
        "Fri, 20 Nov 2026 15:02:00 +0100",
        "2026-11-20T15:02:00Z",
        "120\x00",
    ],
)
def test_a_retry_after_that_means_nothing_is_ignored(value: str) -> None:
    assert parse_retry_after([value], NOW) is None


def test_of_two_retry_after_headers_the_larger_counts() -> None:
    assert parse_retry_after(["5", "Fri, 20 Nov 2026 15:02:00 GMT"], NOW) == timedelta(seconds=120)
    assert parse_retry_after(["-5", "7"], NOW) == timedelta(seconds=7)
    assert parse_retry_after([], NOW) is None


@given(st.lists(st.text(max_size=60), max_size=3))
def test_whatever_stands_in_retry_after_it_is_between_nothing_and_a_day(values: list[str]) -> None:
    told = parse_retry_after(values, NOW)

    assert told is None or timedelta(0) <= told <= TOLD_MAX


@given(
    status=st.none() | st.integers(200, 599),
    outcome=st.sampled_from(OUTCOMES),
    attempt=st.integers(1, 50),
    told=st.none() | st.timedeltas(timedelta(0), timedelta(days=9999)),
    stop=st.none() | st.text(max_size=20),
)
def test_every_attempt_has_a_verdict_and_no_retry_comes_before_its_time(
    status: int | None, outcome: str, attempt: int, told: timedelta | None, stop: str | None
) -> None:
    verdict = next_try(status, outcome, attempt, told, DELIVERY, stop)

    if isinstance(verdict, Retry):
        assert SCHEDULE[attempt - 1] <= verdict.after < TOLD_MAX * 1.2
    else:
        assert isinstance(verdict, Delivered | Dead | EndpointGone)


def test_a_status_that_a_person_can_mend_comes_with_a_hint() -> None:
    assert all(hint(status) for status in (401, 403, 404, 409, 410, 413))
    assert "secret" in (hint(401) or "")
    assert hint(500) is None
    assert hint(None) is None
