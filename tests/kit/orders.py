"""Orders for tests, as Shopify tells of them, under the ids that seed 002 prints."""

import json
from collections.abc import Sequence
from typing import Any

from .house import House

ORDER = 1234567890
FIRST = 987654321
SECOND = 222333444
LINES = ((FIRST, 2, "50.00"), (SECOND, 1, "25.00"))
"""Lines of gift cards: id, quantity, price of one."""


def shopify_order(
    number: int = ORDER,
    cards: Sequence[tuple[int, int, str | None]] = LINES,
    *,
    email: str = "ada@example.com",
    total: str = "145.00",
) -> dict[str, Any]:
    """A paid order with these gift cards, and a candle."""
    lines = [(*one, True) for one in cards] + [(141249953, 1, "20.00", False)]
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "email": email,
        "financial_status": "paid",
        "cancelled_at": None,
        "test": False,
        "currency": "USD",
        "total_price": total,
        "updated_at": "2026-11-20T10:00:01-05:00",
        "line_items": [
            {
                "id": line,
                "admin_graphql_api_id": f"gid://shopify/LineItem/{line}",
                "title": "Gift card" if is_card else "Candle",
                "quantity": quantity,
                "price": price,
                "gift_card": is_card,
            }
            for line, quantity, price, is_card in lines
        ],
    }


def sell(house: House, **how: Any) -> None:
    """Shopify's webhook of such an order, signed, received."""
    deliver(house, "order.paid", shopify_order(**how))


def deliver(house: House, event: str, body: dict[str, Any]) -> None:
    """A signed body of Shopify's, received."""
    received = house.receive("shopify", house.signed("shopify", event, body=json.dumps(body).encode()))
    assert received.status == 200, received.body


def give_back(house: House, amount: str, refund: int = 1) -> None:
    """Shopify's webhook of so much given back of the order."""
    sum_back = {"kind": "refund", "status": "success", "amount": amount, "currency": "USD"}
    told = {"id": refund, "admin_graphql_api_id": f"gid://shopify/Refund/{refund}", "order_id": ORDER}
    deliver(house, "order.refunded", {**told, "refund_line_items": [], "transactions": [sum_back]})
