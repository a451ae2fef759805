"""Orders: told of by whoever has no shop that does, and listed with what became of their gift cards."""

from typing import Final

from flask import Response

from ...operations.kit import Field
from ..answers import deed_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape

PATH: Final = "/v1/orders"
NEW: Final = Shape(
    {
        "id": Field("any", "the shop's own id: a number, or text"),
        "contact": Field("mapping", "who bought it, by external_id, email or phone; made if new"),
        "currency": Field("currency", "the account's if left out"),
        "lines": Field("objects", "what was bought; those with gift_card: true become cards"),
    },
    frozenset({"id", "lines"}),
)
FILTERS: Final = {
    "id": Field("text", "the order that its shop calls so, or that has this number"),
}


def _add(asked: Asked) -> Response:
    """201 and the order; the same one again is 200."""
    answered = asked.gateway.orders.add(asked.account, asked.actor(), asked.body, asked.key)
    return deed_answer(asked.site, answered)


def _every(asked: Asked) -> Response:
    return asked.page(PATH, asked.gateway.orders.page(asked.account, asked.query))


CALLS: Final = (
    Call("POST", PATH, "cards:write", "Tell of an order", _add, "Order", 201, NEW),
    Call(
        *("GET", PATH, "cards:read", "List orders", _every, "OrderPage"),
        query={**FILTERS, **PAGING},
    ),
)
