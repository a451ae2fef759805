"""One documented grammar for each kind of value; whatever else stands there is refused."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.config.grammar import (
    Listen,
    Rate,
    did_you_mean,
    read_cap,
    read_complete_after,
    read_country,
    read_currency,
    read_duration,
    read_exchange_rate,
    read_listen,
    read_network,
    read_public_url,
    read_rate,
    read_slug,
    read_timezone,
)

Reader = Callable[[Any], object]

RIGHT: list[tuple[Reader, object, object]] = [
    (read_listen, "127.0.0.1:8080", Listen("127.0.0.1", 8080)),
    (read_listen, "0.0.0.0:1", Listen("0.0.0.0", 1)),
    (read_listen, "[::1]:65535", Listen("::1", 65_535)),
    (read_listen, "localhost:0", Listen("localhost", 0)),
    (read_public_url, "https://gifts.example.com/", "https://gifts.example.com"),
    (read_public_url, "http://127.0.0.1:9000/in/front", "http://127.0.0.1:9000/in/front"),
    (read_public_url, "", ""),
    (read_network, "10.1.0.0/16", "10.1.0.0/16"),
    (read_network, "::1", "::1/128"),
    (read_network, "0.0.0.0/0", "0.0.0.0/0"),
    (read_rate, "100/second", Rate(100, 1)),
    (read_rate, "10/minute", Rate(10, 60)),
    (read_rate, "1/hour", Rate(1, 3_600)),
    (read_rate, "1000000/day", Rate(1_000_000, 86_400)),
    (read_rate, "0", None),
    (read_rate, 0, None),
    (read_duration, "90 minutes", timedelta(minutes=90)),
    (read_duration, "1 day", timedelta(days=1)),
    (read_duration, "366 days", timedelta(days=366)),
    (read_complete_after, "end", "end"),
    (read_complete_after, "never", "never"),
    (read_complete_after, "2 hours", "2 hours"),
    (read_cap, "2000.00", Decimal(2_000)),
    (read_cap, "0.0001", Decimal("0.0001")),
    (read_cap, "0", None),
    (read_cap, "0.00", None),
    (read_cap, 0, None),
    (read_exchange_rate, "0.92", Decimal("0.92")),
    (read_exchange_rate, "151.203000001", Decimal("151.203000001")),
    (read_slug, "glow-spa", "glow-spa"),
    (read_slug, "a", "a"),
    (read_slug, "0" * 63, "0" * 63),
    (read_currency, "JPY", "JPY"),
    (read_country, "GB", "GB"),
    (read_timezone, "America/New_York", "America/New_York"),
    (read_timezone, "UTC", "UTC"),
]


@pytest.mark.parametrize(("read", "written", "value"), RIGHT)
def test_what_is_written_as_documented_is_read(read: Reader, written: object, value: object) -> None:
    assert read(written) == value


WRONG: list[tuple[Reader, object]] = [
    *((read_listen, wrong) for wrong in ("8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536")),
    *((read_listen, wrong) for wrong in ("1.2.3.4.5:1", "300.1.1.1:1", "::1:80", "[::1]", "[1.2.3.4]:80")),
    *(
        (read_listen, wrong)
        for wrong in ("a b:80", "localhost:8o", "localhost:-1", "localhost:８０", "-a:80", 8080)
    ),
    *((read_listen, wrong) for wrong in ("http://127.0.0.1:80", "127.0.0.1:80/", "127.0.0.1:123456", None)),
    *(
        (read_public_url, wrong)
        for wrong in ("gifts.example.com", "ftp://example.com", "https://", "https:///x")
    ),
    *((read_public_url, wrong) for wrong in ("https://a b", "https://a?b", "https://a#b", "https://u:p@a")),
    *((read_public_url, wrong) for wrong in ("https://a:99999", "https://[::1", "https://bücher.example", 3)),
    *(
        (read_network, wrong)
        for wrong in ("10.1.0.1/16", "10.1.0.0/33", "10.1.0", "example.com", "", 10, None)
    ),
    *(
        (read_rate, wrong)
        for wrong in ("100", "100/s", "-1/second", "1e3/second", "1.5/second", "0/second", "")
    ),
    *(
        (read_rate, wrong)
        for wrong in ("100 / second", "100/seconds", "1000001/day", "１/day", 100, True, False)
    ),
    *(
        (read_duration, wrong)
        for wrong in ("10s", "10", "-1", "1e3", "", "0 minutes", "10  minutes", "1 month")
    ),
    *(
        (read_duration, wrong)
        for wrong in ("367 days", "1.5 hours", " 1 day", "1 day ", "٣ days", "9999999 days")
    ),
    *((read_complete_after, wrong) for wrong in ("", "End", "ever", "90", 90, True, None)),
    *(
        (read_cap, wrong)
        for wrong in ("2,000.00", "-1", "1e3", "", "1.", ".5", "0.00001", " 5 ", "１２", "1_000")
    ),
    *((read_cap, wrong) for wrong in ("1" * 13, 2.0, 2000, True, False, None)),
    *(
        (read_exchange_rate, wrong)
        for wrong in ("0", "0.0", "-0.92", "0,92", "1e3", "inf", 0.92, 1, "0.1234567891")
    ),
    *(
        (read_slug, wrong)
        for wrong in ("", "Glow", "glow spa", "-glow", "glow-", "glow_spa", "a/b", "..", "é", 3)
    ),
    *((read_slug, wrong) for wrong in ("0" * 64, "glow\n", None)),
    *((read_currency, wrong) for wrong in ("usd", "USDT", "US", "", "XXX", 840, None)),
    *((read_country, wrong) for wrong in ("us", "USA", "UK", "", "XX", 1, None)),
    *(
        (read_timezone, wrong)
        for wrong in ("EST5", "america/new_york", "New York", "", "../../etc/passwd", "/UTC")
    ),
    *((read_timezone, wrong) for wrong in ("+02:00", "\0", 2, None)),
]


@pytest.mark.parametrize(("read", "written"), WRONG)
def test_what_is_written_otherwise_is_refused(read: Reader, written: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(written)


READERS = sorted({read for read, _, _ in RIGHT} - {read_duration}, key=lambda read: read.__name__)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.text(alphabet="0123456789./:[]-e@ %", max_size=20),
    st.lists(st.integers(), max_size=2),
)


@given(st.sampled_from(READERS), ANYTHING)
def test_anything_is_read_or_refused_with_a_sentence(read: Reader, written: object) -> None:
    try:
        read(written)
    except ValueError as refusal:
        assert 0 < len(str(refusal)) < 300


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        *((host, True) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")),
        *((host, False) for host in ("0.0.0.0", "::", "192.168.1.5", "gifts.example.com")),
    ],
)
def test_it_is_known_whether_other_machines_can_reach_an_address(host: str, is_loopback: bool) -> None:
    assert Listen(host, 8080).is_loopback is is_loopback


def test_an_address_is_written_as_it_is_read() -> None:
    assert [str(read_listen(text)) for text in ("[::1]:80", "127.0.0.1:80")] == ["[::1]:80", "127.0.0.1:80"]


def test_a_near_name_is_proposed_and_a_far_one_is_not() -> None:
    assert did_you_mean("lisen", ["listen", "keys"]) == '; did you mean "listen"?'
    assert did_you_mean("zzz", ["listen", "keys"]) == ""
    assert did_you_mean("x" * 1_000_000, ["listen"]) == ""


def test_a_refusal_helps_with_the_usual_mistakes() -> None:
    with pytest.raises(ValueError, match='did you mean "GB"'):
        read_country("UK")
    with pytest.raises(ValueError, match='did you mean "America/New_York"'):
        read_timezone("America/New York")
    with pytest.raises(ValueError, match="bits are set after the prefix"):
        read_network("10.1.0.1/16")
