"""What answers hold of money: cards, their transactions and holds, programs, funds, jobs.

The one rule: what a schema calls required is in every such answer; tests hold real
answers against it, with no further field allowed.
"""

from typing import Final

from ..domain.cards import KINDS, SOURCES, STATES
from ..domain.holds import HOLD_STATES
from ..domain.transfers import TRANSFER_TYPES
from .action_schemas import FLAT_CARD
from .json_schema import (
    Schema,
    decimal,
    every,
    flag,
    mapping,
    maybe,
    moment,
    money,
    one_of,
    page_of,
    ref,
    text,
    thing,
    whole,
)

_ORIGIN: Final = mapping("who or what did it: `key_id`, `recipe`, `run_id`, `event_id`, `job_id`, …")
_METADATA: Final = mapping("anything of yours")
_SUM: Final = "minor units of the card's currency"

_CARD: Final[dict[str, Schema]] = {
    "id": text("`gc_…`"),
    "state": one_of(*STATES),
    "currency": ref("Currency"),
    "initial_amount": money("what it was issued with"),
    "balance": money(_SUM),
    "held": money("the sum of its open holds"),
    "available": money("the balance less what is held"),
    "last4": text("the last four signs of its code"),
    "contact_id": maybe(text(), "whose it is"),
    "program": maybe(text(), "the slug of its program"),
    "kind": one_of(*KINDS),
    "sender": maybe(mapping()),
    "recipient": maybe(mapping()),
    "message": maybe(text(), "for the recipient"),
    "note": maybe(text(), "for yourselves"),
    "url": maybe(text(), "the card as its recipient sees it"),
    "usable_at": maybe(moment()),
    "expires_at": maybe(moment()),
    "disabled_at": maybe(moment()),
    "removed_at": maybe(moment()),
    "created_at": moment(),
    "updated_at": moment(),
    "source": one_of(*SOURCES, about="the way in that it was made through"),
    "origin": _ORIGIN,
    "sandbox": flag(),
    "metadata": _METADATA,
}
_CHOICES: Final[dict[str, Schema]] = {
    "programs": every(text(), "while it is of none: those that its first use chooses between")
}
_TRANSACTION: Final[dict[str, Schema]] = {
    "id": text("`tr_…`, or `simulated`"),
    "gift_card_id": maybe(text(), "null where no card was touched"),
    "type": one_of(*TRANSFER_TYPES),
    "amount": money("as the card sees it: below zero where value left it"),
    "currency": ref("Currency"),
    "balance_after": maybe(money(), "the card's balance after it"),
    "reference": maybe(text(), "your receipt or order number"),
    "reason": maybe(text()),
    "created_at": moment(),
    "note": maybe(text()),
    "rate": maybe(text(), "between two currencies, as it was used: `EUR/USD 1.08695652174`"),
    "origin": _ORIGIN,
    "related_transaction_id": maybe(text(), "the one that it belongs to"),
    "invoice": maybe(ref("InvoiceLine"), "the line of an invoice that sold or was paid with it"),
}
_HOLD: Final = thing(
    "An amount of a card that is reserved.",
    id=text("`hold_…`"),
    gift_card_id=text(),
    amount=money(_SUM),
    captured=money("what was taken of it"),
    state=one_of(*HOLD_STATES),
    reference=maybe(text()),
    transaction_id=maybe(text(), "its capture"),
    expires_at=moment("when it lapses"),
    created_at=moment(),
    ended_at=maybe(moment()),
    origin=_ORIGIN,
)
_BY_ONE_CARD: Final[dict[str, Schema]] = {"gift_card": ref("GiftCard"), "transaction": ref("Transaction")}
_PERHAPS_MOVED: Final[dict[str, Schema]] = {
    "gift_card": ref("GiftCard"),
    "transaction": maybe(ref("Transaction"), "null where nothing moved"),
}
_CODE: Final = maybe(
    text(), "shown in this answer, and in no other; null to another key that asks for it again"
)

SCHEMAS: Final[dict[str, Schema]] = {
    "GiftCard": thing("A gift card; never its code.", optional=_CHOICES, **_CARD),
    "NewGiftCard": thing("A gift card that was just made.", optional=_CHOICES, **_CARD, code=_CODE),
    "PerhapsNewGiftCard": thing(
        "A gift card, with its code where it was just made.", optional={"code": _CODE, **_CHOICES}, **_CARD
    ),
    "ShownGiftCard": {
        "description": "A gift card with the `fields` that were asked for, else all; and with `expand`.",
        "type": "object",
        "properties": {**_CARD, **_CHOICES, "transactions": every(ref("Transaction"), "the newest 25")},
        "required": ["id"],
    },
    "GiftCardPage": page_of("ShownGiftCard"),
    "Transaction": thing("One line of the ledger.", **_TRANSACTION),
    "TransactionPage": page_of("Transaction"),
    "InvoiceLine": thing(
        "A line of an invoice, by its own numbers.",
        id=text("the invoice's"),
        line=maybe(text(), "the line's; null: the invoice whole"),
    ),
    "Moved": thing("The card after a movement of money, and the movement.", **_BY_ONE_CARD),
    "Redeemed": thing(
        "As any movement; `converted` where another currency was asked for.",
        **_BY_ONE_CARD,
        optional={"converted": ref("Converted")},
    ),
    "Converted": thing(
        "What was taken, in the currency that was asked for.",
        amount=money(),
        currency=ref("Currency"),
        rate=text(),
    ),
    "Loaded": thing(
        "As any movement; `code` where a card was made for it.", **_BY_ONE_CARD, optional={"code": _CODE}
    ),
    "Transferred": thing("Both cards after it.", **_BY_ONE_CARD, to_gift_card=ref("GiftCard")),
    "PerhapsMoved": thing("The card, and the movement where there was one.", **_PERHAPS_MOVED),
    "ChangedCard": thing("The card after a change without money.", gift_card=ref("GiftCard")),
    "Revealed": thing("A card with its code.", code=text(), gift_card=ref("GiftCard")),
    "Balance": thing(
        "What a card or a contact can spend, in major units.",
        balance=decimal(),
        available=decimal(),
        currency=ref("Currency"),
        state=one_of(*STATES),
        has_balance=flag(),
        balances=every(
            thing("", amount=decimal(), currency=ref("Currency")), "what can be spent, by currency"
        ),
    ),
    "FlatGiftCard": thing("A gift card, one value a field, sums as decimal text.", **FLAT_CARD),
    "Found": thing(
        "Gift cards as a no-code tool takes them, sums as decimal text.",
        cards=every(ref("FlatGiftCard")),
        count=whole(minimum=0),
        found=flag(),
        balance=decimal("what can be spent of them, in `currency`"),
        currency=ref("Currency"),
        has_balance=flag(),
    ),
    "PointsConverted": thing(
        "The card that points became value of, the movement, the line of points.",
        gift_card=ref("PerhapsNewGiftCard"),
        transaction=ref("Transaction"),
        points=ref("PointsChanged"),
        optional={"code": _CODE},
    ),
    "Hold": _HOLD,
    "HoldPage": page_of("Hold"),
    "Held": thing("A hold and its card.", hold=ref("Hold"), gift_card=ref("GiftCard")),
    "Captured": thing("A hold that was captured.", hold=ref("Hold"), **_BY_ONE_CARD),
    "AuditEntry": thing(
        "What was done to a card, by whom and why.",
        gift_card_id=text(),
        act=text("the deed's name"),
        transaction_id=maybe(text()),
        source=text("the way in"),
        origin=_ORIGIN,
        reason=maybe(text()),
        note=maybe(text()),
        details=maybe(mapping(), "what was changed"),
        created_at=moment(),
    ),
    "AuditPage": page_of("AuditEntry"),
    "Change": thing(
        "What was done to anything of the account, by whom and why. Never a secret.",
        type=text("`gift_card`, `contact`, `account`, `key`, `source`, `endpoint`, `program`, …"),
        subject=text("the id of what was changed; of a source `account/source`"),
        act=text("the deed's name"),
        transaction_id=maybe(text()),
        source=text("the way in"),
        origin=_ORIGIN,
        reason=maybe(text()),
        note=maybe(text()),
        details=maybe(mapping(), "what was changed"),
        created_at=moment(),
    ),
    "TrailPage": page_of("Change"),
    "Job": thing(
        "Long work in lines.",
        id=text("`job_…`"),
        kind=text("`bulk`, `import`, `recover`"),
        state=one_of("queued", "running", "done", "cancelled"),
        total=whole(minimum=0),
        done=whole(minimum=0),
        failed=whole(minimum=0),
        skipped=whole("rows of an import that an earlier one made cards of", minimum=0),
        created_at=moment(),
        ended_at=maybe(moment()),
    ),
    "JobPage": page_of("Job"),
    "JobLine": thing(
        "One line of a job: the card, or why there is none.",
        number=whole("from 1", minimum=1),
        state=one_of("waiting", "done", "failed", "cancelled"),
        gift_card=maybe(
            thing("", optional=_CHOICES, **_CARD, code=maybe(text(), "null unless this key may see it"))
        ),
        error=maybe(ref("LineError")),
    ),
    "LineError": thing(
        "Why a line failed.",
        code=text(),
        title=text(),
        status=whole(),
        detail=text(),
        errors=every(ref("FieldError")),
    ),
    "JobLinePage": page_of("JobLine"),
}
