"""What events tell of orders is kept, once; what REST tells is told again alike, or refused."""

from typing import Any

import pytest

from connector.domain.errors import ConnectorError
from connector.domain.orders import Coded
from tests.kit.house import BY_HAND, House
from tests.kit.orders import FIRST, ORDER, SECOND, deliver, sell, shopify_order


def test_an_order_is_known_by_its_webhook_with_its_buyer_and_its_pieces(house: House) -> None:
    """S002-166, S002-179."""
    sell(house)

    [order] = house.rows("orders")
    [contact] = house.rows("contacts")
    [event] = house.rows("events")
    name = f"gid://shopify/Order/{ORDER}"
    assert (order["source"], order["name"], order["number"]) == ("shopify", name, ORDER)
    assert (order["contact_id"], order["event_id"]) == (contact["id"], event["id"])
    assert (order["currency"], order["total_amount"]) == ("USD", 14500)
    pieces = [(one["line_number"], one["place"], one["amount"]) for one in house.rows("order_entries")]
    assert pieces == [(FIRST, 0, 5000), (FIRST, 1, 5000), (SECOND, 0, 2500)]


def test_it_is_known_once_whatever_topic_tells_of_it_again(shop: House) -> None:
    sell(shop)
    changed = {**shopify_order(cards=((FIRST, 9, "1.00"),)), "updated_at": "2026-11-21T10:00:01-05:00"}

    deliver(shop, "order.paid", changed)

    assert len(shop.rows("orders")) == 1 and len(shop.rows("order_entries")) == 3


def test_the_samples_of_shops_are_orders_that_codes_can_be_assigned_to(shop: House) -> None:
    """S002-179: each has a number of its own, as real ones have, and so has another one of the same shop."""
    for source in ("shopify", "woocommerce"):
        shop.send(source, "order.paid")
        shop.send(source, "order.paid", is_new=True)

    told = shop.rows("orders")
    assert [one["source"] for one in told] == ["shopify", "shopify", "woocommerce", "woocommerce"]
    assert len({one["number"] for one in told}) == 4
    for one in told:
        external = shop.gateway.dialects.external
        codes = [Coded(f"CODE-{one['number']}", "giftCode")]
        assert external.assign(shop.account, BY_HAND, one["number"], codes, None).body == {"scheduled": True}
    assert all(one["line_number"] is not None for one in shop.rows("order_entries"))

    shop.send("shopify", "order.refunded")
    assert [one["refunded_amount"] for one in shop.rows("orders")] == [2000, 0, 0, 0]


def test_an_order_without_lines_is_known_and_holds_nothing(shop: House) -> None:
    shop.tell(type="order.paid", id="e1", order_id="55", email="ada@example.com", amount="5.00")

    [order] = shop.rows("orders")
    assert (order["source"], order["number"], shop.rows("order_entries")) == ("standard", 55, [])


def test_a_contact_that_is_merged_takes_its_orders_along(shop: House) -> None:
    sell(shop)
    [ada] = shop.rows("contacts")
    bob = shop.gateway.people.create(shop.account, BY_HAND, {"email": "bob@example.com"}).body

    shop.gateway.people.merge(shop.account, BY_HAND, bob["id"], ada["public_id"])

    [order] = shop.gateway.orders.page(shop.account, {}).data
    assert order["contact_id"] == bob["id"]


LINE: dict[str, Any] = {"id": 2, "gift_card": True, "quantity": 2, "price": "50.00"}


def told(house: House, **changed: Any) -> Any:
    return house.gateway.orders.add(house.account, BY_HAND, {"id": 1, "lines": [LINE], **changed}, None)


def test_the_same_order_told_again_is_the_one_that_is_known(house: House) -> None:
    first, again = told(house), told(house, id="1", lines=[{**LINE, "price": 5000}])

    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body
    with pytest.raises(ConnectorError) as refusal:
        told(house, lines=[{**LINE, "quantity": 3}])
    assert refusal.value.status == 409
    assert len(house.rows("orders")) == 1


@pytest.mark.parametrize("quantity", [5000, 1.5, "2.5", None, -1])
def test_how_many_there_are_of_what_is_no_gift_card_is_not_looked_at(shop: House, quantity: Any) -> None:
    """Wire by the metre, a thousand bolts: whatever the shop counts, the order is known."""
    other = {"id": 9, "quantity": quantity, "price": "0.125"}

    assert told(shop, lines=[LINE, other]).status == 201
    assert len(shop.rows("order_entries")) == 2


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": True}, "id"),
        ({"id": 1.5}, "id"),
        ({"id": ["1"]}, "id"),
        ({"id": "a\nb"}, "id"),
        ({"id": "x" * 256}, "id"),
        ({"lines": ["x"]}, "lines.0"),
        ({"lines": [{**LINE, "id": None}]}, "lines.0.id"),
        ({"lines": [{**LINE, "gift_card": "yes"}]}, "lines.0.gift_card"),
        ({"lines": [{**LINE, "quantity": -1}]}, "lines.0.quantity"),
        ({"lines": [{**LINE, "quantity": True}]}, "lines.0.quantity"),
        ({"lines": [{**LINE, "quantity": 1001}]}, "lines.0.quantity"),
        ({"lines": [{**LINE, "quantity": 600}] * 2}, "lines"),
        ({"lines": [{"id": 1}] * 1001}, "lines"),
        ({"lines": [LINE, {**LINE, "price": None}]}, "lines.1.price"),
        ({"lines": [{**LINE, "price": 0}]}, "lines.0.price"),
        ({"lines": [{**LINE, "price": -5}]}, "lines.0.price"),
        ({"lines": [{**LINE, "price": True}]}, "lines.0.price"),
        ({"lines": [{**LINE, "price": "1.005"}]}, "lines.0.price"),
        ({"lines": [{**LINE, "price": {"amount": "1.00"}}]}, "lines.0.price"),
        ({"lines": [{**LINE, "price": 10**13}]}, "lines.0.price"),
        ({"lines": [{**LINE, "giftcard": True}]}, "lines.0.giftcard"),
        ({"contact": {}}, "contact"),
        ({"contact": {"email": "x"}}, "contact.email"),
    ],
)
def test_what_is_wrong_with_an_order_is_told_by_its_field(
    shop: House, changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(ConnectorError) as refusal:
        told(shop, **changed)
    assert [one.field for one in refusal.value.errors] == [field]
    assert shop.rows("orders") == []
