"""What a run keeps while it stands still comes back exactly, or is refused."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.errors import RunFailed
from connector.domain.jsontext import dumps, read_own
from connector.domain.money import EXPONENT, MAX_MINOR, Money
from connector.recipes.journal import MAX_ENTRIES, BadJournal, Entry, Journal, Tape, dump, from_json, load
from connector.recipes.names import UNKNOWN
from connector.recipes.values import Amount, Duration, EvaluationFailed

from .making import a_recipe

CURRENCIES = st.sampled_from(sorted(EXPONENT))
ZONES = st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-1439, 1439))
COUNTS = st.integers(0, 10**6)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=[]))  # also what no honest sender writes
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | TEXTS
    | NUMBERS
    | st.builds(Money, st.integers(-MAX_MINOR, MAX_MINOR), CURRENCIES)
    | st.builds(Amount, NUMBERS, CURRENCIES)
    | st.builds(Duration, COUNTS, COUNTS, COUNTS)
    | st.datetimes(timezones=st.just(UTC) | ZONES)
    | st.just(UNKNOWN)
)
STEADY = settings(max_examples=300, derandomize=True, database=None, deadline=None)
KEYS = st.sampled_from(["$", "amount", "block", "id"]) | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
TAGS = st.sampled_from(
    ["block", "unknown", "int", "decimal", "time", "money", "amount", "duration", "tuple", "failure", "x"]
)


def exactly(value: Any) -> Any:
    """With types told apart, and decimals by their digits: 1 is not 1.0, nor True."""
    if isinstance(value, dict):
        return ("block", {name: exactly(item) for name, item in value.items()})
    if isinstance(value, list | tuple):
        return (type(value), [exactly(item) for item in value])
    if isinstance(value, Amount):
        return (Amount, exactly(value.number), value.currency)
    if isinstance(value, Decimal):
        return (Decimal, value.as_tuple())
    if isinstance(value, datetime):
        return (datetime, value, value.utcoffset())
    return (type(value), value)


@STEADY
@given(VALUES)
def test_every_value_comes_back_from_json_text_exactly(value: Any) -> None:
    assert exactly(load(read_own(dumps(dump(value))))) == exactly(value)


@STEADY
@given(JUNK | st.tuples(TAGS, JUNK).map(lambda pair: {"$": list(pair)}))
def test_what_nobody_of_ours_wrote_is_a_value_or_refused_and_nothing_else(written: Any) -> None:
    for reading in (load, from_json):
        try:
            reading(written)
        except BadJournal:
            continue


def test_the_unknown_is_the_very_same_again() -> None:
    assert load(dump(UNKNOWN)) is UNKNOWN


def test_a_name_that_could_not_be_worked_out_fails_again_in_the_same_words() -> None:
    failure = load(dump(EvaluationFailed("`contact.email` is not there", place="recipes/vip.yaml:3:9")))

    assert isinstance(failure, EvaluationFailed)
    assert (failure.detail, failure.place) == ("`contact.email` is not there", "recipes/vip.yaml:3:9")


@pytest.mark.parametrize("value", [1.5, b"x", {1: 2}, object(), datetime(2026, 1, 1), [{"a": {2.5}}]])  # noqa: DTZ001
def test_what_cannot_be_kept_exactly_is_refused_when_it_is_written(value: Any) -> None:
    with pytest.raises(BadJournal):
        dump(value)


A_JOURNAL = Journal(
    "vip",
    "ab12",
    (Entry("began", "began", "ct_1"), Entry("did", "1", {"card": {"balance": Money(5, "USD")}})),
    {"bonus": Amount(Decimal("2.50"), "USD")},
    ("7K2QM4PX9WRT3HNVC",),
)


def test_a_journal_comes_back_from_json_text() -> None:
    assert from_json(read_own(dumps(A_JOURNAL.as_json()))) == A_JOURNAL


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("version", 2),
        ("recipe", None),
        ("revision", 7),
        ("entries", {}),
        ("entries", [["did", "1"]]),
        ("entries", [["paid", "1", None]]),
        ("entries", [["did", 1, None]]),
        ("entries", [[["did"], "1", None]]),
        ("memo", []),
        ("codes", [1]),
        ("more", 1),
    ],
)
def test_a_damaged_journal_is_refused(part: str, value: Any) -> None:
    written = {**A_JOURNAL.as_json(), part: value}

    with pytest.raises(RunFailed, match="so it cannot go on"):
        from_json(json.loads(json.dumps(written)))


def test_a_journal_of_another_revision_or_recipe_is_refused() -> None:
    recipe = a_recipe()

    for journal in (Journal("vip", "0" * 64), Journal("other", recipe.revision)):
        with pytest.raises(BadJournal, match=r"is of .* not of vip at"):
            Tape.of(journal, recipe)


def test_a_run_has_a_most_number_of_steps() -> None:
    tape = Tape([Entry("did", "1")] * MAX_ENTRIES, 0)

    with pytest.raises(RunFailed, match="at most 10000 steps"):
        tape.write("did", "2")
