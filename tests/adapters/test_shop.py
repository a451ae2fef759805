"""Lines of orders: read leniently where they are goods, strictly where they are gift cards."""

from typing import Any, Final

import pytest

from connector.adapters.shop import MAX_CARDS, MAX_LINES, Sums, is_just_made, read_lines
from connector.domain.errors import NotUnderstood
from connector.domain.events import Line, Order
from connector.domain.money import Money

USD: Final = Sums("USD", "USD")


def lines(*listed: Any) -> tuple[Line, ...]:
    return read_lines(list(listed), "line_items", USD)


def paid(*listed: Any, subtotal: int | None = None, with_tax: bool = False) -> list[int | None]:
    """What was paid for each line, in cents."""
    whole = None if subtotal is None else Money(subtotal, "USD")
    found = read_lines(list(listed), "line_items", Sums("USD", "USD", with_tax, whole))
    return [None if line.paid is None else line.paid.minor for line in found]


@pytest.mark.parametrize("listed", [None, 7, "x", {}, [], [7, None, "x"]])
def test_no_list_of_lines_is_no_lines(listed: Any) -> None:
    assert read_lines(listed, "line_items", USD) == ()


def test_a_line_is_read_with_the_price_of_one_piece() -> None:
    assert lines({"id": 1, "quantity": 2, "price": "12.50", "name": " Mug "}) == (
        Line("1", 2, Money(1250, "USD"), "Mug", paid=Money(2500, "USD")),
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


def off(*amounts: str) -> list[dict[str, str]]:
    return [{"amount": amount} for amount in amounts]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"price": "50.00", "quantity": 2, "discount_allocations": off("10.00", "2.50")}, 8750),
        ({"price": "50.00", "quantity": 2, "discount_allocations": []}, 10_000),
        ({"price": "50.00", "quantity": 2, "discount_allocations": [], "total_discount": "9.00"}, 10_000),
        ({"price": "50.00", "quantity": 2, "total_discount": "9.99"}, 9001),
        ({"price": "50.00", "quantity": 1, "discount_allocations": off("50.00")}, 0),
        ({"price": "50.00", "quantity": 1, "discount_allocations": off("50.01")}, None),
        ({"price": "50.00", "quantity": 1, "discount_allocations": off("-1.00")}, None),
        ({"price": "50.00", "quantity": 1, "discount_allocations": off("0.001")}, None),
        ({"price": "8.3333333", "quantity": 3}, None),
        ({"price": "50.00", "quantity": 2, "current_quantity": 1}, 5000),
        ({"price": "50.00", "quantity": 2, "current_quantity": 1, "total_discount": "10.00"}, 4500),
        ({"price": "50.00", "quantity": 2, "current_quantity": 1, "total_discount": "0.01"}, None),
        ({"price": "50.00", "quantity": 2, "current_quantity": 0, "total_discount": "10.00"}, 0),
        ({"price": "1000000000.00", "quantity": 999_999_999}, None),
        ({"price": 45, "total": "90.00", "quantity": 2}, 9000),
        ({"price": 33.33, "total": "99.99", "total_tax": "20.00", "quantity": 3}, 9999),
        ({"price": 45, "total": "90.001", "quantity": 2}, None),
    ],
)
def test_what_was_paid_for_a_line_is_after_its_discounts(line: dict[str, Any], expected: int | None) -> None:
    assert paid({"id": 1, **line}) == [expected]


def test_where_a_shops_prices_hold_the_tax_what_was_paid_does_too() -> None:
    line = {"id": 1, "total": "90.00", "total_tax": "18.00"}
    assert (paid(line, with_tax=True), paid(line)) == ([10_800], [9000])


def test_a_discount_of_the_whole_order_falls_on_its_lines_to_the_cent() -> None:
    """Where the shop says it nowhere else: the shares come to exactly what was paid."""
    three = [{"id": number, "price": "10.00", "quantity": 1} for number in range(3)]
    assert paid(*three, subtotal=2000) == [667, 667, 666]
    assert paid(*three, subtotal=3000) == [1000] * 3
    assert paid(*three, subtotal=0) == [0] * 3
    assert paid(*three, {"id": 4, "price": "0.001"}, subtotal=2000) == [None] * 4
    assert paid(*three, {"id": [4]}, subtotal=2000) == [None] * 3
    told = [{**line, "discount_allocations": off("1.00")} for line in three]
    assert paid(*told, subtotal=2700) == [900] * 3


def test_the_cards_of_a_line_were_paid_what_the_line_was() -> None:
    [line] = lines({"id": 1, "price": "50.00", "quantity": 3, "total_discount": "0.50", "gift_card": True})
    order = Order("o", lines=(line,))
    assert [one.paid for one in order.gift_cards] == [Money(minor, "USD") for minor in (4984, 4983, 4983)]
    assert [one.price for one in order.gift_cards] == [Money(5000, "USD")] * 3
