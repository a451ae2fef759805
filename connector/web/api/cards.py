"""Gift cards as lists and details, and by their code."""

from dataclasses import replace
from typing import Final

from flask import Response

from ...domain.cards import BALANCE_STATUSES, SOURCES, STATES
from ...flows.queries import FIELDS, ORDERS
from ...operations.kit import Field
from .. import conditions
from ..answers import json_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape

PATH: Final = "/v1/gift-cards"
SCOPE: Final = "cards:read"
LOOKUP: Final = Shape({"code": Field("card", "the card's code")}, frozenset({"code"}))
SHOWING: Final = {
    "expand": Field("text", "show each card's newest transactions in it", choices=("transactions",)),
    "fields": Field("texts", "show these fields and its id alone", choices=FIELDS),
}
FILTERS: Final = {
    "state": Field("text", "cards in this state now", choices=STATES),
    "balance_status": Field("text", "how much is left", choices=BALANCE_STATUSES),
    "balance_min": Field("money", "at least so much is left, in minor units"),
    "balance_max": Field("money", "at most so much is left"),
    "initial_min": Field("money", "issued with at least so much"),
    "initial_max": Field("money", "issued with at most so much"),
    "currency": Field("currency", "cards in this currency"),
    "contact_id": Field("contact", "cards of this contact"),
    "program": Field("text", "cards of this program, by its slug"),
    "source": Field("text", "the way in that they were made through", choices=SOURCES),
    "recipe": Field("text", "cards that this recipe gave"),
    "last4": Field("text", "cards whose code ends so"),
    "created_after": Field("moment", "made after"),
    "created_before": Field("moment", "made before"),
    "expires_after": Field("moment", "expiring after; cards without an end are left out"),
    "expires_before": Field("moment", "expiring before; cards without an end are left out"),
    "expiring_within": Field("whole", "expiring within so many days from now"),
    "include_removed": Field("flag", "removed cards too"),
    "q": Field("text", "cards with these words: note, message, recipient, contact, last4"),
    "sort": Field("text", "the order; newest first if left out", choices=ORDERS),
}


def _every(asked: Asked) -> Response:
    """All filters hold at once. Removed cards are left out unless `state` or `include_removed` says so."""
    return asked.page(PATH, asked.gateway.list_cards(asked.account, asked.query))


def _one(asked: Asked) -> Response:
    """`url`, which opens the card's page with its code, is there for keys with `cards:reveal`."""
    answered = asked.gateway.tagged_card(asked.account, asked.path["card"], **asked.query)
    card = answered.body
    if "url" in card and asked.actor().may("cards:reveal"):
        card = {**card, "url": asked.gateway.card_pages.url(asked.account, card["id"])}
    return conditions.shown(replace(answered, body=card))


def _lookup(asked: Asked) -> Response:
    """By POST, since a code in a URL would stand in every log on the way."""
    answered = asked.gateway.tagged_card_by_code(asked.account, asked.body["code"])
    return conditions.with_tag(json_answer(answered.body), answered)


CALLS: Final = (
    Call(
        "GET", PATH, SCOPE, "List gift cards", _every, "GiftCardPage", query={**FILTERS, **SHOWING, **PAGING}
    ),
    Call(
        "GET",
        f"{PATH}/{{card}}",
        SCOPE,
        "Show a gift card",
        _one,
        "ShownGiftCard",
        query=SHOWING,
        is_tagged=True,
    ),
    Call(
        "POST",
        f"{PATH}/lookup",
        SCOPE,
        "Find a gift card by its code",
        _lookup,
        "GiftCard",
        body=LOOKUP,
        is_tagged=True,
    ),
)
