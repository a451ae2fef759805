"""The JSON Schemas of orders, as answers show them."""

from typing import Final

from .json_schema import Schema, every, flag, maybe, moment, money, one_of, page_of, ref, text, thing, whole

_CARD: Final[dict[str, Schema]] = {
    "index": whole("which piece of the line, from 0"),
    "amount": maybe(money(), "null: the shop told no exact price"),
    "currency": ref("Currency"),
    "state": one_of("open", "queued", "issued"),
    "job_id": maybe(text("`job_…`"), "of the job that is about to make it"),
    "gift_card_id": maybe(text("`gc_…`")),
}
_LINE: Final[dict[str, Schema]] = {
    "id": text("the shop's own"),
    "number": maybe(whole(), "what seed 002's clients call it by"),
    "gift_card": flag(),
    "quantity": whole(),
    "gift_cards": every(thing("One piece of the line.", **_CARD)),
}
_ORDER: Final[dict[str, Schema]] = {
    "id": text("the shop's own"),
    "number": maybe(whole(), "what seed 002's clients call it by"),
    "source": maybe(text(), "which source told of it; null: `POST /v1/orders`"),
    "contact_id": maybe(text("`ct_…`")),
    "currency": ref("Currency"),
    "lines": every(thing("A line of gift cards.", **_LINE)),
    "created_at": moment(),
}

SCHEMAS: Final[dict[str, Schema]] = {
    "Order": thing("An order, as far as gift cards go.", **_ORDER),
    "OrderPage": page_of("Order"),
}
