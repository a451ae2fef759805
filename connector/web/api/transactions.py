"""The lines of the ledger: a card's own, all of the account's, one by its id."""

from typing import Final

from flask import Response

from ...domain.transfers import TRANSFER_TYPES
from ...operations.kit import Field
from ..answers import deed_answer, json_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape

PATH: Final = "/v1/transactions"
OF_CARD: Final = "/v1/gift-cards/{card}/transactions"
SCOPE: Final = "cards:read"
WRITE: Final = "cards:write"
KINDS: Final = {
    "type": Field("text", "lines of this type", choices=TRANSFER_TYPES),
    "reason": Field("text", "lines with this reason"),
    "reference": Field("text", "lines with this reference"),
    "invoice": Field("text", "lines that this invoice sold or was paid with"),
    "invoice_line": Field("text", "of that invoice only this line's"),
    "since": Field("moment", "from then on"),
    "until": Field("moment", "before then"),
}
FILTERS: Final = {
    **KINDS,
    "gift_card_id": Field("contact", "lines of this card"),
    "contact_id": Field("contact", "lines of this contact's cards"),
    "recipe": Field("text", "lines of the cards that this recipe gave"),
    "currency": Field("currency", "lines in this currency"),
}


def _every(asked: Asked) -> Response:
    """Newest first, all filters at once; `gift_card_id` is null in lines of prepaid funds."""
    return asked.page(PATH, asked.gateway.history.list_transactions(asked.account, asked.query))


def _of_card(asked: Asked) -> Response:
    page = asked.gateway.history.card_transactions(asked.account, asked.path["card"], asked.query)
    return asked.page(OF_CARD.format(**asked.path), page)


def _one(asked: Asked) -> Response:
    return json_answer(asked.gateway.history.transaction(asked.account, asked.path["transaction"]))


def _link(asked: Asked) -> Response:
    """The last word counts; null: on none any more. The ledger's line stays as it is."""
    answered = asked.gateway.link_invoice(
        asked.account, asked.actor(), asked.path["transaction"], asked.body, asked.key
    )
    return deed_answer(asked.site, answered)


LINK: Final = Shape(
    {
        "invoice": Field("text", "the invoice's number; null: none", is_clearable=True),
        "invoice_line": Field("text", "and its line's", is_clearable=True),
    },
    frozenset({"invoice"}),
)
CALLS: Final = (
    Call("GET", PATH, SCOPE, "List transactions", _every, "TransactionPage", query={**FILTERS, **PAGING}),
    Call("GET", f"{PATH}/{{transaction}}", SCOPE, "Show a transaction", _one, "Transaction"),
    Call(
        *("PATCH", f"{PATH}/{{transaction}}", WRITE, "Say on which invoice's line it stands", _link),
        *("Transaction", 200, LINK),
    ),
    Call(
        *("GET", OF_CARD, SCOPE, "List a gift card's transactions", _of_card, "TransactionPage"),
        query={**KINDS, **PAGING},
    ),
)
