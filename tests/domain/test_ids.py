"""Ids sort by time and are never the same; keys and tokens have all their bits."""

import base64
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from connector.domain import ids

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
PREFIXES = sorted(
    value
    for name, value in vars(ids).items()
    if name.isupper() and isinstance(value, str) and not name.startswith(("_", "CROCK"))
)


def test_every_kind_of_thing_has_its_own_prefix() -> None:
    assert len(PREFIXES) == len(set(PREFIXES)) >= 13
    assert {"gc", "ct", "dlv", "evt", "run", "tr", "msg", "whd", "wha", "req"} <= set(PREFIXES)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_an_id_is_its_prefix_and_26_symbols(prefix: str) -> None:
    made = ids.new_id(prefix, AT)
    head, _, symbols = made.rpartition("_")
    assert (head, len(symbols)) == (prefix, 26)
    assert set(symbols) <= set(ids.CROCKFORD)
    assert "." not in made  # a message's id is signed, set off by full stops


def test_an_id_tells_its_millisecond() -> None:
    at = datetime(2026, 11, 20, 15, 0, 0, 123_000, tzinfo=UTC)
    number = 0
    for symbol in ids.new_id("gc", at).removeprefix("gc_"):
        number = number * 32 + ids.CROCKFORD.index(symbol)
    assert number >> 80 == 1_795_186_800_123


def test_later_ids_sort_later() -> None:
    moments = [AT + timedelta(milliseconds=step) for step in (0, 1, 2, 999, 1_000, 60_000, 10**9, 10**12)]
    made = [ids.new_id("gc", moment) for moment in moments]
    assert made == sorted(made)


def test_ids_of_one_moment_are_never_the_same() -> None:
    assert len({ids.new_id("gc", AT) for _ in range(10_000)}) == 10_000


def test_random_bytes_are_as_many_as_asked() -> None:
    assert [len(ids.random_bytes(count)) for count in (0, 1, 32)] == [0, 1, 32]
    assert ids.random_bytes(16) != ids.random_bytes(16)


def test_random_symbols_are_drawn_evenly() -> None:
    counted = Counter(ids.random_symbols("abc", 30_000))
    assert set(counted) == set("abc")
    assert all(abs(count - 10_000) < 500 for count in counted.values())  # six standard deviations


def test_an_access_key_has_256_bits_and_says_what_it_is() -> None:
    key = ids.new_api_key()
    assert key.startswith("gck_")
    assert len(base64.urlsafe_b64decode(key.removeprefix("gck_") + "=")) == 32
    assert len({ids.new_api_key() for _ in range(1_000)}) == 1_000


def test_a_token_is_safe_in_a_path() -> None:
    token = ids.new_token()
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    assert token.replace("-", "").replace("_", "").isalnum()
    assert len({ids.new_token() for _ in range(1_000)}) == 1_000


def test_what_can_be_there_once_only_has_one_id() -> None:
    assert ids.id_of("evt", AT, "a b") == ids.id_of("evt", AT, "a b")
    others = [ids.id_of("evt", AT, "a c"), ids.id_of("evt", AT + timedelta(milliseconds=1), "a b")]
    assert ids.id_of("evt", AT, "a b") not in others
    assert ids.id_of("evt", AT, "a b")[:14] == ids.new_id("evt", AT)[:14]


def test_a_uuid_is_a_version_4_one_in_22_signs() -> None:
    made = [ids.new_uuid() for _ in range(200)]
    for text in made:
        raw = base64.urlsafe_b64decode(text + "==")
        assert (len(text), len(raw), raw[6] >> 4, raw[8] >> 6) == (22, 16, 4, 2)
    assert len(set(made)) == 200


def test_a_flake_is_63_bits_that_sort_by_time() -> None:
    late = datetime(2089, 1, 1, tzinfo=UTC)
    flakes = [ids.new_flake(at) for at in (AT, AT + timedelta(milliseconds=1), AT + timedelta(days=1), late)]
    assert flakes == sorted(flakes)
    assert flakes[-1] < 2**63
    assert len({ids.new_flake(AT) for _ in range(200)}) > 190


def test_a_number_has_nine_digits() -> None:
    assert all(100_000_000 <= ids.new_number() < 1_000_000_000 for _ in range(200))
