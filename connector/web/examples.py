"""Real examples for the document: bodies that the calls take, answers made as answers are made.

The one rule: an example is made by the code that it is an example of, or read by it: a
test reads every body, and holds every answer against its schema.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ..domain.cards import Card, card_json
from ..domain.errors import InsufficientBalance
from ..domain.events import rfc3339
from ..domain.funds import Fund, fund_json
from ..domain.holds import Hold, hold_json
from ..domain.transfers import NO_HASH, Transfer, transaction_json
from ..operations.kit import Field
from .calls import PREFIXES, Call

_ULID: Final = "01JD4Z8Q5W6X7Y8Z9A0B1C2D3E"
ANOTHER_CARD: Final = f"gc_{_ULID[:-1]}F"
ANOTHER_CONTACT: Final = f"ct_{_ULID[:-1]}F"
AT: Final = datetime(2026, 11, 20, 15, tzinfo=UTC)
_ORIGIN: Final = {"key_id": f"key_{_ULID}"}

BODIES: Final[Mapping[str, dict[str, Any]]] = {
    "post /v1/gift-cards": {
        "amount": 2500,
        "currency": "USD",
        "contact": {"email": "ada@example.com", "first_name": "Ada"},
        "message": "Happy birthday!",
    },
    "patch /v1/gift-cards/{card}": {"note": "bought at the counter", "metadata": {"shelf": 4}},
    "post /v1/gift-cards/bulk": {
        "gift_cards": [{"amount": 2500}, {"amount": 5000, "note": "for the raffle"}]
    },
    "post /v1/gift-cards/{card}/redeem": {"amount": 1000, "reference": "receipt 7"},
    "post /v1/gift-cards/{card}/load": {"amount": 1000, "reference": "receipt 8"},
    "post /v1/gift-cards/{card}/adjust": {"amount": -200, "reason": "correction"},
    "post /v1/gift-cards/{card}/transfer": {"to": ANOTHER_CARD, "amount": 500},
    "post /v1/gift-cards/{card}/holds": {"amount": 1500, "expires_in": 3600, "reference": "order 9"},
    "post /v1/gift-cards/{card}/refund": {"transaction_id": f"tr_{_ULID}", "amount": 400},
    "post /v1/holds/{hold}/capture": {"amount": 1000},
    "post /v1/actions/issue-gift-card": {"amount": "25.00", "email": "ada@example.com", "first_name": "Ada"},
    "post /v1/actions/check-balance": {"email": "ada@example.com"},
    "post /v1/actions/redeem-gift-card": {"code": "TEST-7K2Q-9MXW-4HPA", "amount": "10.00"},
    "post /v1/actions/load-gift-card": {"email": "ada@example.com", "amount": "10.00"},
    "post /v1/actions/adjust-balance": {
        "code": "TEST-7K2Q-9MXW-4HPA",
        "amount": "-2.00",
        "reason": "correction",
    },
    "post /v1/actions/find-gift-cards": {"email": "ada@example.com", "state": "active"},
    "post /v1/actions/disable-gift-card": {"code": "TEST-7K2Q-9MXW-4HPA", "reason": "lost"},
    "post /v1/actions/send-gift-card": {"code": "TEST-7K2Q-9MXW-4HPA", "via": "email"},
    "post /v1/actions/add-points": {"email": "ada@example.com", "points": 120, "reason": "a review"},
    "post /v1/actions/spend-points": {"email": "ada@example.com", "points": 20},
    "post /v1/actions/convert-points": {"email": "ada@example.com", "points": 100, "rate": "0.01"},
    "post /v1/orders": {
        "id": 450789469,
        "contact": {"email": "ada@example.com"},
        "currency": "USD",
        "lines": [{"id": 466157049, "gift_card": True, "quantity": 2, "price": "50.00"}],
    },
    "post /v1/contacts": {"email": "grace@example.com", "first_name": "Grace", "tags": ["regular"]},
    "patch /v1/contacts/{contact}": {"first_name": "Grace", "add_tags": ["vip"]},
    "post /v1/contacts/{contact}/merge": {"from": ANOTHER_CONTACT},
    "post /v1/clock": {"advance": "P90D"},
    "post /v1/webhook-endpoints": {
        "url": "https://shop.example.com/hooks/gift-cards",
        "event_types": ["gift_card.*"],
    },
    "post /v1/webhook-endpoints/{endpoint}/recover": {"since": "2026-11-20T15:00:00Z", "missed": True},
    "post /v1/webhook-endpoints/{endpoint}/enable": {"backlog": "resume"},
    "patch /v1/webhook-endpoints/{endpoint}": {"ordering": "card", "rate_limit": 10},
    "post /v1/webhook-endpoints/{endpoint}/rotate": {"overlap_s": 3600},
    "post /v1/messages/{message}/replay": {},
    "post /v1/hooks": {
        "target_url": "https://shop.example.com/hooks/gift-cards",
        "event": "gift_card.issued",
    },
    "post /v1/keys": {"name": "the till", "scopes": ["cards:read", "cards:write"]},
    "post /v1/accounts": {"slug": "glow-spa-west", "name": "Glow Spa West", "currency": "USD"},
    "post /v1/sources": {"slug": "bookings", "adapter": "calendly"},
    "patch /v1/sources/{source}": {"is_enabled": False},
    "patch /v1/accounts/{account}": {"name": "Glow Spa & Sauna"},
}

_BY_NAME: Final[Mapping[str, Any]] = {
    "amount": 1000,
    "balance": 900,
    "code": "TEST-7K2Q-9MXW-4HPA",
    "reason": "by mistake",
    "transaction_id": f"tr_{_ULID}",
    "to": ANOTHER_CARD,
    "invoice": "INV-7",
    "slug": "summer",
    "name": "Summer",
    "url": "https://shop.example.com/hooks/gift-cards",
    "target_url": "https://hooks.example.com/catch/1",
    "event": "gift_card.issued",
}
_BY_KIND: Final[Mapping[str, Any]] = {
    "text": "text",
    "money": 1000,
    "decimal": "10.00",
    "currency": "USD",
    "moment": "2027-11-20T15:00:00Z",
    "flag": True,
    "whole": 10,
    "count": 10,
    "card": f"gc_{_ULID}",
    "contact": f"ct_{_ULID}",
    "mapping": {},
    "any": {},
    "objects": [{}],
    "texts": [],
}


def id_of(place: str) -> str:
    """An id as a path has it."""
    return f"{PREFIXES[place]}_{_ULID}"


def id_with(prefix: str) -> str:
    """An id of this kind."""
    return f"{prefix}_{_ULID}"


def body_of(call: Call) -> dict[str, Any] | None:
    """A body that the call takes: one of BODIES, else its required fields; None where it takes none."""
    if call.body is None:
        return None
    told = BODIES.get(call.name)
    if told is not None:
        return told
    return {
        name: _value(name, field) for name, field in call.body.fields.items() if name in call.body.required
    }


def _value(name: str, field: Field) -> Any:
    if field.choices:
        return field.choices[0]
    if field.kind == "decimal":
        return _BY_KIND["decimal"]
    return _BY_NAME.get(name, _BY_KIND[field.kind])


_CARD: Final = Card(
    id=1,
    public_id=f"gc_{_ULID}",
    account_id=1,
    currency="USD",
    balance=1500,
    held=0,
    initial_amount=2500,
    last4="7K2Q",
    kind="promotional",
    source="api",
    created_at=AT,
    updated_at=AT,
    transfer_count=2,
    head_hash=NO_HASH,
    message_count=2,
    contact=f"ct_{_ULID}",
    message="Happy birthday!",
    origin=_ORIGIN,
)
_TAKEN: Final = Transfer(
    public_id=f"tr_{_ULID}",
    account_id=1,
    type="redeem",
    debit="card",
    credit="redeemed",
    amount=1000,
    currency="USD",
    created_at=AT,
    previous_hash=NO_HASH,
    balance_after=1500,
    reference="receipt 7",
    origin=_ORIGIN,
)
_HELD: Final = Hold(
    id=1,
    public_id=f"hold_{_ULID}",
    account_id=1,
    card_id=1,
    card=_CARD.public_id,
    amount=1500,
    state="open",
    expires_at=datetime(2026, 11, 20, 16, tzinfo=UTC),
    created_at=AT,
    reference="order 9",
    origin=_ORIGIN,
)
_SHOWN: Final = card_json(_CARD, now=AT, sandbox=False)
_MOVED: Final = {
    "gift_card": _SHOWN,
    "transaction": transaction_json(_TAKEN, _CARD.public_id, "card"),
}

_FUND: Final = Fund(
    id=1,
    public_id=f"fund_{_ULID}",
    account_id=1,
    program="",
    currency="USD",
    balance=40_000,
    threshold=50_000,
    transfer_count=1,
    head_hash=NO_HASH,
    created_at=AT,
    updated_at=AT,
)
ANSWERS: Final[Mapping[str, dict[str, Any]]] = {
    "GiftCard": _SHOWN,
    "NewGiftCard": {
        **_SHOWN,
        "balance": 2500,
        "available": 2500,
        "code": "7K2Q-9MXW-4HPA-PN6T-7K2Q",
    },
    "Transaction": _MOVED["transaction"],
    "Moved": _MOVED,
    "Redeemed": _MOVED,
    "Hold": hold_json(_HELD),
    "Fund": fund_json(_FUND),
    "PointsChanged": {
        "id": f"pts_{_ULID}",
        "type": "earned",
        "points": 50,
        "reason": "a review",
        "reference": None,
        "gift_card_id": None,
        "transaction_id": None,
        "source": "api",
        "origin": _ORIGIN,
        "occurred_at": rfc3339(AT),
        "contact_id": f"ct_{_ULID}",
        "balance": 120,
    },
    "Problem": {
        "type": f"https://gifts.example.com/errors/{InsufficientBalance.code}",
        "title": InsufficientBalance.title,
        "status": InsufficientBalance.status,
        "code": InsufficientBalance.code,
        "detail": f"Card {_CARD.public_id} has 1500 USD available, 2000 asked.",
        "errors": [],
        "retryable": InsufficientBalance.retryable,
        "request_id": f"req_{_ULID}",
    },
}
"""An example of an answer, by its schema's name."""
