"""Gift cards as lists and details, and by their code."""

from typing import Final

from flask import Response

from ...operations.kit import Field
from ..answers import json_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape

PATH: Final = "/v1/gift-cards"
SCOPE: Final = "cards:read"
LOOKUP: Final = Shape({"code": Field("card", "the card's code")}, frozenset({"code"}))
FILTERS: Final = {
    "contact_id": Field("contact", "cards of this contact"),
    "currency": Field("currency", "cards in this currency"),
    "last4": Field("text", "cards whose code ends so"),
    "balance_status": Field(
        "text", "how much is left", choices=("full", "partial", "empty", "full_or_partial")
    ),
}


def _every(asked: Asked) -> Response:
    return asked.page(PATH, asked.gateway.list_cards(asked.account, asked.query))


def _one(asked: Asked) -> Response:
    return json_answer(asked.gateway.card(asked.account, asked.path["card"]))


def _lookup(asked: Asked) -> Response:
    """By POST, since a code in a URL would stand in every log on the way."""
    return json_answer(asked.gateway.card_by_code(asked.account, asked.body["code"]))


CALLS: Final = (
    Call("GET", PATH, SCOPE, "List gift cards", _every, "GiftCardPage", query={**FILTERS, **PAGING}),
    Call("GET", f"{PATH}/{{card}}", SCOPE, "Show a gift card", _one, "GiftCard"),
    Call("POST", f"{PATH}/lookup", SCOPE, "Find a gift card by its code", _lookup, "GiftCard", body=LOOKUP),
)
