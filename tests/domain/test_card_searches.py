"""A query of seed 002 is read in each of its spellings, or refused by a name; whatever comes in."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.card_searches import TERMS, Bound, Order, order_of, search_of, written_in
from connector.domain.errors import BadRequest

ZONE = "America/New_York"


def asked(query: str) -> tuple[Any, ...]:
    found = search_of(written_in(query).filters, ZONE)
    return (*found.bounds, *found.choices, *([found.text] if found.text else []))


@pytest.mark.parametrize(
    "query",
    [
        "initial_value:>=50",
        "initial_value=>=50",
        "initial_value=initial_value:>=50",
        "initial_value%3A%3E%3D50",
        "initial_value%3A%3E%3D50=",
        "initial_value%3A%3E%3D=50",
        "query=initial_value:>=50",
        "&initial_value:>=50&",
    ],
)
def test_one_filter_has_many_spellings(query: str) -> None:
    """S002-71 to S002-73."""
    assert asked(query) == (Bound("initial_value", ">=", Decimal(50)),)


def test_a_day_and_a_moment_are_stretches_of_time() -> None:
    """S002-64, S002-65, S002-70: as they are shown, to the second, where the business is."""
    begins, ends = datetime(2026, 11, 20, 5, tzinfo=UTC), datetime(2026, 11, 21, 5, tzinfo=UTC)
    at, then = datetime(2026, 11, 20, 15, tzinfo=UTC), datetime(2026, 11, 20, 15, 0, 1, tzinfo=UTC)

    assert asked("expires_on=2026-11-20") == (
        Bound("expires_at", ">=", begins),
        Bound("expires_at", "<", ends),
    )
    assert asked("expires_on:>2026-11-20") == (Bound("expires_at", ">=", ends),)
    assert asked("expires_on:<2026-11-20") == (Bound("expires_at", "<", begins),)
    assert asked("created_at:<=2026-11-20T10:00:00") == (Bound("created_at", "<", then),)
    for written in ("2026-11-20T15:00:00Z", "2026-11-20T18:00:00+03:00", "2026-11-20T18:00:00%2B0300"):
        assert asked(f"created_at:>={written}") == (Bound("created_at", ">=", at),), "a lost plus as well"


def test_words_and_terms_are_told_apart() -> None:
    assert asked("query=Bob+id:7+title:green+last4:AbC1+%22x%22") == (
        *(Bound("id", "=", 7), Bound("last_characters", "=", "abc1")),
        'Bob "x"',
    )
    assert asked("status=enabled&query=status:enabled") == (("status", "enabled"),)
    assert asked("since_id=5") == (Bound("id", ">", 5),)
    assert written_in("").filters == () and written_in("fields=a,b&limit=5").showing == {
        "fields": "a,b",
        "limit": "5",
    }


def test_an_order_is_a_field_and_a_direction() -> None:
    """S002-142, S002-143."""
    assert order_of("disabled_at DESC") == Order("disabled_at", is_descending=True)
    assert order_of(" balance asc ") == order_of("balance") == Order("balance")
    for wrong in ("", "DESC", "note ASC", "balance DESC DESC", "id;drop"):
        with pytest.raises(BadRequest):
            order_of(wrong)


@given(
    st.one_of(
        st.text(), st.tuples(st.sampled_from(TERMS), st.sampled_from((":", "=", ":>=", "=<")), st.text())
    )
)
def test_whatever_comes_is_read_or_refused(written: Any) -> None:
    query = written if isinstance(written, str) else "".join(written)
    try:
        search_of(written_in(query).filters, ZONE)
        order_of(query)
    except BadRequest as refusal:
        assert refusal.errors[0].field.isprintable()
