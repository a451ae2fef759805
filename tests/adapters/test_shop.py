"""Lines of orders: read leniently where they are goods, strictly where they are gift cards."""

from typing import Any

import pytest

from connector.adapters.shop import MAX_CARDS, MAX_LINES, is_just_made, read_lines
from connector.domain.errors import NotUnderstood
from connector.domain.events import Line
from connector.domain.money import Money


def lines(*listed: Any) -> tuple[Line, ...]:
    return read_lines(list(listed), "line_items", "USD", "USD")


@pytest.mark.parametrize("listed", [None, 7, "x", {}, [], [7, None, "x"]])
def test_no_list_of_lines_is_no_lines(listed: Any) -> None:
    assert read_lines(listed, "line_items", "USD", "USD") == ()


def test_a_line_is_read_with_the_price_of_one_piece() -> None:
    assert lines({"id": 1, "quantity": 2, "price": "12.50", "name": " Mug "}) == (
        Line("1", 2, Money(1250, "USD"), "Mug"),
    )
    assert lines({}) == (Line("0"),)


def test_what_was_taken_off_an_order_again_is_not_in_it() -> None:
    [line] = lines({"id": 1, "quantity": 10, "current_quantity": 1, "gift_card": True})
    assert line.quantity == 1
    [line] = lines({"id": 1, "quantity": 2, "current_quantity": 0, "gift_card": True})
    assert line.quantity == 0


@pytest.mark.parametrize("price", ["8.3333333", "1,50", True, "null", None])
def test_a_price_that_is_not_exact_is_left_out(price: Any) -> None:
    assert lines({"id": 1, "price": price, "gift_card": True}) == (Line("1", gift_card=True),)


def test_goods_with_an_unreadable_quantity_are_left_out_and_a_gift_card_is_refused() -> None:
    assert lines({"id": 1, "quantity": -1}, {"id": [2]}, {"id": 3}) == (Line("3"),)
    with pytest.raises(NotUnderstood, match=r"line_items\.0\.quantity"):
        lines({"id": 1, "quantity": "2.5", "gift_card": True})


@pytest.mark.parametrize("value", [True, "true", "yes", "1"])
def test_a_gift_card_may_be_marked_among_the_meta_data(value: Any) -> None:
    [line] = lines({"id": 1, "meta_data": [{"key": "_gift_card", "value": value}]})
    assert line.gift_card


@pytest.mark.parametrize(
    "line", [{"gift_card": "true"}, {"gift_card": 1}, {"meta_data": [{"key": "gift_card", "value": "no"}]}]
)
def test_nothing_else_makes_a_gift_card(line: dict[str, Any]) -> None:
    assert [one.gift_card for one in lines(line)] == [False]


def test_too_many_lines_or_cards_are_refused() -> None:
    assert len(lines({"id": 1, "quantity": MAX_CARDS, "gift_card": True})) == 1
    with pytest.raises(NotUnderstood, match="gift cards in one order"):
        lines({"id": 1, "quantity": MAX_CARDS, "gift_card": True}, {"id": 2, "gift_card": True})
    with pytest.raises(NotUnderstood, match="lines in one order"):
        lines(*({"id": number} for number in range(MAX_LINES + 1)))


@pytest.mark.parametrize(
    ("made", "changed", "expected"),
    [
        ("2026-11-20T15:00:00Z", "2026-11-20T15:00:00Z", True),
        ("2026-11-20T15:00:00Z", "2026-11-20T15:01:00Z", True),
        ("2026-11-20T15:00:00Z", "2026-11-20T15:01:01Z", False),
        ("2026-11-20T15:00:00Z", None, True),
        (None, "2026-11-20T15:00:00Z", False),
        ("soon", "2026-11-20T15:00:00Z", False),
    ],
)
def test_whoever_was_changed_last_in_their_first_minute_is_new(
    made: Any, changed: Any, expected: bool
) -> None:
    assert is_just_made({"made": made, "changed": changed}, "made", "changed") is expected
