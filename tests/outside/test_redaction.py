"""What was sent in confidence is blotted out of an answer, at little work for any number of secrets."""

import json
import re
from collections.abc import Iterator
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.outside.redaction import FEW, MIN_SECRET, REDACTED, Redaction

WORDS = [f"\"<&'>/{number:03}" for number in range(400)]
MANY = {f"x-{place}": " ".join(WORDS[100 * place :][:100]) for place in range(4)}
HOST = {"host": "hooks.example.com"}

pieces = st.sampled_from(["x", "y", '"', "/", "&", " ", ",", "%", "<", "xyxyxyxy", "xxxxxxxx"])
values = st.lists(pieces, min_size=1, max_size=12).map("".join).map(str.strip).filter(bool)


def spelled(value: str) -> Iterator[str]:
    """A header and its words one by one, written as pages and programs do."""
    for part in (value, *re.split("[ ,]", value)):
        if len(part) >= MIN_SECRET:
            quoted = json.dumps(part)[1:-1]
            yield from (part, quoted, quoted.replace("/", "\\/"), quote(part, safe=""), escape(part))


class Long(str):
    """A text that nobody may work through in whole."""

    __slots__ = ()

    def replace(self, *_: object) -> str:
        raise AssertionError("all of it was searched")


@given(st.lists(values, max_size=4))
def test_every_header_and_word_is_a_secret_in_all_its_spellings(sent: list[str]) -> None:
    redaction = Redaction({**HOST, **{f"x-{place}": value for place, value in enumerate(sent)}})

    assert redaction.secrets == sorted(redaction.secrets, key=len, reverse=True)
    assert set(redaction.secrets) == {one for value in sent for one in spelled(value)}


@given(st.lists(values, min_size=1, max_size=4), st.data(), st.sampled_from([{}, MANY]))
def test_few_secrets_or_many_the_longest_are_blotted_out_first(
    sent: list[str], data: st.DataObject, more: dict[str, str]
) -> None:
    redaction = Redaction({f"y-{place}": value for place, value in enumerate(sent)} | more)
    echoes = st.sampled_from([*redaction.secrets, "xyxyxyxy", "!", "%2"]) | values
    said = "".join(data.draw(st.lists(echoes, max_size=8)))
    expected = said
    for secret in redaction.secrets:
        expected = expected.replace(secret, REDACTED)

    assert (len(redaction.secrets) > FEW) >= bool(more)
    assert redaction.text(said, 100_000) == expected
    begun = said + "?"
    assert redaction.body(begun.encode()).decode() == expected + "?"


@pytest.mark.parametrize("sent", [{"x-0": WORDS[0]}, MANY], ids=["few", "many"])
def test_the_beginning_of_a_secret_at_the_end_of_a_body_is_blotted_out(sent: dict[str, str]) -> None:
    redaction = Redaction(sent)
    assert (len(redaction.secrets) > FEW) == (sent is MANY)

    for secret in redaction.secrets[:3] + redaction.secrets[-3:]:
        for length in range(MIN_SECRET, len(secret), len(secret) // 20 + 1):
            kept = redaction.body(b"you sent: " + secret[:length].encode()).decode()
            assert kept.startswith(f"you sent: {REDACTED}")
            assert secret[:MIN_SECRET] not in kept


def test_what_is_not_kept_of_a_long_text_is_not_searched() -> None:
    for sent in (HOST, {"x-0": WORDS[0]}, MANY):
        assert Redaction(sent).text(Long("y" * 60_000), 1024) == "y" * 1024


@pytest.mark.parametrize("before", range(0, 60, 7))
@pytest.mark.parametrize("echoes", [0, 1, 30])
def test_a_secret_is_never_shown_in_part_where_a_long_text_is_cut(before: int, echoes: int) -> None:
    token = "0123456789abcdefghijklmnopqrstuvwxyzABCD"
    redaction = Redaction({"authorization": f"Bearer {token}"})
    for filler in ("-" * (20 + before), "-" * (980 + before)):
        said = f"Bearer {token}." * echoes + filler + f"Bearer {token} " * 40 + "-" * 5000

        kept = redaction.text(said, 1024)

        assert len(kept) <= 1024
        assert re.fullmatch(r"(?:\[redacted\]|[. -])*(?:\[[redact]*)?", kept)


def test_secrets_that_a_text_cannot_hold_are_not_searched_for() -> None:
    redaction = Redaction(MANY)
    assert len(redaction.secrets) > 1500

    assert redaction.near("y" * 4096) == []
    assert redaction.near("short") == []
    assert redaction.near(f"you sent {WORDS[7]}, or did you?") == [WORDS[7]]
    assert redaction.text(f"you sent {WORDS[7]}", 1024) == f"you sent {REDACTED}"


def test_where_nothing_was_sent_in_confidence_all_stays_readable() -> None:
    redaction = Redaction({**HOST, "x-short": "abc"})

    assert redaction.secrets == []
    assert redaction.text("hooks.example.com said abc" + "!" * 2000, 30) == "hooks.example.com said abc!!!!"
    assert redaction.body(b"abc") == b"abc"
