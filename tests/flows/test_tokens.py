"""A token says what we signed and nothing else, by whichever key of the ring."""

from datetime import timedelta

import pytest

from connector.domain.sealing import KeyRing
from connector.flows import tokens
from tests.kit.clock import THE_MOMENT

RING = KeyRing([b"1" * 32, b"2" * 32])
ENDS = THE_MOMENT + timedelta(hours=1)
TOKEN = tokens.make(RING, "key_1", ("cards:read", "webhooks"), ENDS)


def test_what_was_signed_is_read_again() -> None:
    assert tokens.is_token(TOKEN)
    assert tokens.read(RING, TOKEN) == tokens.Claim("key_1", ("cards:read", "webhooks"), ENDS)


def test_a_token_outlives_the_turn_to_a_new_key_but_not_the_key() -> None:
    assert tokens.read(KeyRing([b"0" * 32, b"1" * 32]), TOKEN) is not None
    assert tokens.read(KeyRing([b"2" * 32]), TOKEN) is None


def test_every_changed_symbol_is_seen() -> None:
    for place in range(len(tokens.PREFIX), len(TOKEN)):
        other = "A" if TOKEN[place] != "A" else "B"
        assert tokens.read(RING, TOKEN[:place] + other + TOKEN[place + 1 :]) is None, place


@pytest.mark.parametrize(
    "junk",
    [
        *("", "gct_", TOKEN[:-1], TOKEN + "A", TOKEN + "=", "gck_" + TOKEN[4:], TOKEN.upper(), TOKEN + "\n"),
        *("gct_" + "A" * length for length in (60, 61, 100, 10_000)),
        *("gct_" + "é" * 80, "\ud800", TOKEN[:60] + " "),
    ],
)
def test_what_we_did_not_sign_says_nothing(junk: str) -> None:
    assert tokens.read(RING, junk) is None
