"""Which code each piece of an order gets, and by what number its clients know it."""

from dataclasses import replace

import pytest

from connector.domain.errors import BadRequest, CodeTaken
from connector.domain.orders import Coded, Entry, Order, Piece, number_in, number_told, pieces_of, placed
from tests.kit.clock import THE_MOMENT

ENTRIES = [
    Entry(number, 1, piece)
    for number, piece in enumerate(
        pieces_of([("l1", 11, 2, 5000, "USD"), ("l2", None, 1, 100, "USD"), ("l3", 33, 1, None, "USD")]), 1
    )
]
ORDER = Order(1, "shop", "7", 7, None, None, "USD", 100, 0, THE_MOMENT)


def test_each_piece_of_a_line_is_counted_from_0_and_goes_on_in_a_second_line_of_its_name() -> None:
    pieces = pieces_of([("a", 1, 2, 5, "USD"), ("b", 2, 0, 5, "USD"), ("a", 1, 1, 6, "USD")])

    assert pieces == [Piece("a", 1, 0, 5, "USD"), Piece("a", 1, 1, 5, "USD"), Piece("a", 1, 2, 6, "USD")]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("1234567890", 1234567890),
        ("gid://shopify/Order/1234567890", 1234567890),
        ("007", 7),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("727-sample-1", None),
        ("gid://shopify/Order/", None),
        ("Ⅶ", None),
        ("٧", None),
        ("", None),
    ],
)
def test_a_shop_s_id_is_a_number_or_ends_in_one(name: str, number: int | None) -> None:
    assert number_in(name) == number


def test_the_id_goes_before_the_number_beside_it() -> None:
    assert number_told("gid://shopify/Order/5", 6) == 5
    assert number_told("gid://shopify/Order/x", 6) == 6
    for strange in (None, "6", True, 6.0, 0, -6, 2**63):
        assert number_told("x", strange) is None


def test_codes_go_to_the_pieces_of_their_lines_in_the_given_order() -> None:
    """S002-167 to S002-169."""
    asked = [Coded("CODE-C", "c", 33), Coded("CODE-A", "a", 11), Coded("CODE-B", "b", 11)]

    assert placed(ENTRIES, asked, {}) == {4: "CODE-C", 1: "CODE-A", 2: "CODE-B"}
    assert placed(ENTRIES, [Coded("CODE-A", "a")], {}) == {1: "CODE-A"}


def test_what_has_its_code_gets_no_other_and_the_same_one_is_nothing_new() -> None:
    queued = [replace(ENTRIES[0], job="job_1"), replace(ENTRIES[1], card="gc_1"), *ENTRIES[2:]]
    known = {1: "code a", 2: "CODE-B"}

    assert placed(queued, [Coded("CODE-A", "a", 11), Coded("codeb", "b", 11)], known) == {}
    for asked in ([Coded("CODE-B", "b", 11)], [Coded("CODE-A", "a", 11), Coded("X", "x", 11)]):
        with pytest.raises(CodeTaken):
            placed(queued, asked, known)
    with pytest.raises(CodeTaken):
        placed(queued, [Coded("CODE-A", "a", 11)], {})  # it is about to get one of ours


def test_a_line_without_gift_cards_and_one_code_too_many_are_refused() -> None:
    """S002-171, S002-172."""
    for asked, field in (
        ([Coded("A", "a", 7, "line")], "line"),
        ([Coded("A", "a", 33), Coded("B", "b", 33)], "b"),
    ):
        with pytest.raises(BadRequest) as refusal:
            placed(ENTRIES, asked, {})
        assert [one.field for one in refusal.value.errors] == [field]


def test_an_order_is_given_back_when_all_that_was_paid_is() -> None:
    assert not ORDER.is_given_back
    assert not replace(ORDER, refunded=99).is_given_back
    assert replace(ORDER, refunded=100).is_given_back
    assert not replace(ORDER, total=0, refunded=0).is_given_back, "a free order was never paid"
    assert not replace(ORDER, total=None, refunded=100).is_given_back
