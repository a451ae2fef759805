"""Seed 001, `/giftcards`: a client's gift cards, each read and written whole.

The one rule: what it prints is what we answer, field by field; sums are whole currency units, a
fraction only where a card has one.
"""

from datetime import datetime
from typing import Any, Final

from flask import Response

from ...domain.accounts import Account
from ...domain.errors import BadRequest, FieldError, IdempotencyKeyReused, NotFound, ValidationFailed
from ...domain.validity import end_of_day
from ...flows.dialect_cards import Seen
from ...flows.dialect_giftcards import STATUSES, Sheet, is_shown, status_of
from ..answers import deed_answer, json_list_answer
from . import kit
from .kit import Dialect, Heard, Route, milliseconds

PATH: Final = "/giftcards"
WRITTEN: Final = (
    *("active", "amount", "balanceAmount", "businessId", "clientId", "purchaseDate", "status"),
    *("expireDate", "giftCardUUId"),
)
OURS: Final = ("createdDate", "createdUser", "modifiedDate", "modifiedUser")
"""What is ours to say: passed over in what comes in, so that a card can be sent back as it was read."""


def _of_client(heard: Heard) -> Response:
    """Every card of a client that is in view."""
    number = kit.whole_in(heard.path["client"])
    if number is None:
        wrong = "must be a whole number"
        raise BadRequest(f"clientId {wrong}", errors=[FieldError("clientId", wrong)])
    found = heard.gateway.dialects.client_cards(heard.account, number)
    return json_list_answer([shown(heard.account, one) for one in found])


def _put(heard: Heard) -> Response:
    """With a giftCardUUId that card, without a new one."""
    account, sheet = heard.account, read(heard.account, heard.body())
    answered = heard.gateway.dialects.put_gift_card(
        account, heard.actor, sheet, lambda seen: shown(account, seen), heard.key
    )
    return deed_answer(heard.site, answered)


def _take_away(heard: Heard) -> Response:
    """Out of view; the card as it is now."""
    account = heard.account
    answered = heard.gateway.dialects.take_gift_card_away(
        account, heard.actor, heard.path["uuid"], lambda seen: shown(account, seen), heard.key
    )
    return deed_answer(heard.site, answered)


def shown(account: Account, seen: Seen) -> dict[str, Any]:
    """The card's thirteen fields."""
    card = seen.card
    changed_by = seen.changed_by or seen.created_by
    return {
        "active": is_shown(seen),
        "amount": kit.number_of(card.initial_amount, card.currency),
        "balanceAmount": kit.number_of(card.balance, card.currency),
        "businessId": account.business_id,
        "clientId": seen.owner,
        "createdDate": milliseconds(card.created_at),
        "createdUser": seen.created_by.name,
        "expireDate": None if card.expires_at is None else milliseconds(card.expires_at),
        "giftCardUUId": seen.uuid,
        "modifiedDate": milliseconds(seen.changed_at or card.created_at),
        "modifiedUser": changed_by.name,
        "purchaseDate": milliseconds(seen.said.purchased_at or card.created_at),
        "status": status_of(seen),
    }


def read(account: Account, given: dict[str, Any]) -> Sheet:
    """What somebody wrote; ValidationFailed names every field that is wrong, NotFound another's business."""
    sheet = kit.Sheet(given, WRITTEN, OURS)
    whole, text = kit.as_field("whole"), kit.as_field("text")
    found = Sheet(
        uuid=sheet.take("giftCardUUId", text),
        read_at=given["modifiedDate"] if isinstance(given.get("modifiedDate"), int) else None,
        active=sheet.require("active", kit.as_field("flag")),
        amount=sheet.require("amount", kit.major(account.currency)),
        balance=sheet.require("balanceAmount", kit.major(account.currency)),
        client=sheet.require("clientId", whole),
        purchased_at=sheet.require("purchaseDate", kit.moment),
        status=sheet.require("status", kit.as_field("text", *STATUSES)),
        ends_at=sheet.take("expireDate", lambda value: _end(account, value)),
        tells_end=sheet.has("expireDate"),
    )
    business = sheet.require("businessId", whole)
    sheet.require_none()
    if business != account.business_id:
        raise NotFound("There is no such business with this key: GET /v1/accounts tells yours, business_id.")
    return found


def _end(account: Account, value: Any) -> datetime:
    """A moment in milliseconds, or a day: the end of that day where the business is."""
    return end_of_day(kit.day(value), account.timezone) if isinstance(value, str) else kit.moment(value)


DIALECT: Final = Dialect(
    "giftcards",
    (PATH,),
    (
        Route("GET", f"{PATH}/client/<client>", ("cards:read",), "A client's gift cards", _of_client),
        Route("POST", PATH, ("cards:write",), "Make or change a gift card", _put),
        Route("DELETE", f"{PATH}/<uuid>", ("cards:write",), "Take a gift card out of view", _take_away),
    ),
    {ValidationFailed: 400, IdempotencyKeyReused: IdempotencyKeyReused.status},
    {"balance": "balanceAmount", "expires_at": "expireDate", "contact_id": "clientId"},
)
