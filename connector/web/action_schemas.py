"""Answers of actions: a card and what moved on it, flat, sums as decimal text; REST's objects besides.

The one rule: as of every schema of an answer, what is called required is in every such
answer; tests hold real answers against it.
"""

from typing import Final

from ..domain.cards import KINDS, STATES
from ..domain.transfers import TRANSFER_TYPES
from .json_schema import Schema, decimal, flag, maybe, moment, one_of, ref, text, thing, whole

FLAT_CARD: Final[dict[str, Schema]] = {
    "id": text("the card's, `gc_…`"),
    "gift_card_id": text("the same, for tools that ask for it by this name"),
    "state": one_of(*STATES),
    "balance": decimal(),
    "available": decimal("the balance less what is held, whatever the state"),
    "held": decimal("the sum of its open holds"),
    "initial_amount": decimal("what it was issued with"),
    "currency": ref("Currency"),
    "has_balance": flag("whether anything of it can be spent now"),
    "last4": text("the last four signs of its code"),
    "kind": one_of(*KINDS),
    "program": maybe(text(), "the slug of its program"),
    "contact_id": maybe(text(), "whose it is"),
    "message": maybe(text(), "for the recipient"),
    "url": maybe(text(), "the card as its recipient sees it"),
    "usable_at": maybe(moment()),
    "expires_at": maybe(moment()),
    "created_at": moment(),
}
_CHANGED: Final = {**FLAT_CARD, "gift_card": ref("GiftCard")}
_MOVED: Final = {
    **_CHANGED,
    "amount": decimal("as the card sees it: below zero where value left it"),
    "transaction_id": text("`tr_…`, or `simulated`"),
    "transaction_type": one_of(*TRANSFER_TYPES),
    "reference": maybe(text(), "your receipt or order number"),
    "transaction": ref("Transaction"),
}
_CODE: Final = text("shown in this answer, and in no other")

SCHEMAS: Final[dict[str, Schema]] = {
    "CardActed": thing("The card after it, flat, and as REST shows it.", **_CHANGED),
    "CardIssued": thing("A gift card that was just made, flat, and as REST shows it.", **_MOVED, code=_CODE),
    "CardMoved": thing(
        "The card after a movement of money, and the movement, flat, and as REST shows them.", **_MOVED
    ),
    "CardRedeemed": thing(
        "As any movement; `converted…` where another currency was asked for.",
        **_MOVED,
        optional={
            "converted_amount": decimal("what was taken, in the currency that was asked for"),
            "converted_currency": ref("Currency"),
            "converted_rate": text(),
            "converted": ref("Converted"),
        },
    ),
    "CardLoaded": thing(
        "As any movement; `code` where a card was made for it.", **_MOVED, optional={"code": _CODE}
    ),
    "CardOfPoints": thing(
        "The card that points became value of, the movement, the line of points.",
        **{**_MOVED, "gift_card": ref("PerhapsNewGiftCard")},
        points_change=whole("how many went: below zero"),
        points_balance=whole("how many are left"),
        points=ref("PointsChanged"),
        optional={"code": _CODE},
    ),
}
