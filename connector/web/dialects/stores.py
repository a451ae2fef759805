"""Seed 003, `/v1/stores/{store_id}/giftcards`: a store's gift cards with their codes, in minor units.

The one rule: all twelve fields stand in every answer; a code is there for who may see codes, else null.
"""

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any, Final

from flask import Response

from ...domain.accounts import Account
from ...domain.errors import BadRequest, FieldError, NotFound, UnknownCode
from ...flows.dialect_cards import Seen, Who
from ...flows.dialect_stores import Draft, Wanted
from ..answers import REPLAYED, deed_answer, empty_answer, json_answer, json_list_answer
from . import kit
from .kit import Dialect, Heard, Route

PATH: Final = "/v1/stores/<store>/giftcards"
ONE: Final = f"{PATH}/<flake>"
CREATE: Final = ("giftcard_create", "cards:write")
READ: Final = ("giftcard_read", "cards:read")
UPDATE: Final = ("giftcard_update", "cards:write")
DELETE: Final = ("giftcard_delete", "cards:write")
REVEAL: Final = "cards:reveal"
MAX_LIMIT: Final = 100
USUAL_LIMIT: Final = 50
WRITTEN: Final = ("enabled", "code", "balance", "usable_at", "expires_at")
OURS: Final = ("id", "store_id", "starting_balance", "created_by", "created_at", "updated_by", "updated_at")
"""What is ours to say: passed over in what comes in, so that a card can be sent back as it was read."""

_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


def _create(heard: Heard) -> Response:
    """201 and the card."""
    account = _store(heard)
    sheet = kit.Sheet(heard.body(), WRITTEN, OURS)
    draft = Draft(
        code=sheet.require("code", kit.as_field("text")),
        balance=sheet.require("balance", _minor),
        is_enabled=sheet.take("enabled", kit.as_field("flag"), otherwise=True),
        usable_at=sheet.take("usable_at", kit.as_field("moment")),
        expires_at=sheet.take("expires_at", kit.as_field("moment")),
    )
    sheet.require_none()
    with heard.looking():
        answered = heard.gateway.dialects.make_store_card(
            account,
            heard.actor,
            draft,
            lambda seen: shown(account, seen),
            heard.key,
            shows_codes=_may_see(heard, CREATE),
        )
    return deed_answer(heard.site, answered)


def _list(heard: Heard) -> Response:
    """The bare array, the oldest first."""
    account = _store(heard)
    asked = kit.query(("limit", "after", "before", "include_canceled", "code"))
    wanted = Wanted(
        limit=_limit(asked.get("limit")),
        after=_bound("after", asked.get("after")),
        before=_bound("before", asked.get("before")),
        with_removed=_flag(asked.get("include_canceled")),
    )
    dialects, shows_codes = heard.gateway.dialects, _may_see(heard, READ)
    if "code" not in asked:
        found = dialects.store_cards(account, heard.actor, wanted, shows_codes=shows_codes)
    else:
        try:
            with heard.looking():
                found = dialects.store_cards_by_code(
                    account, heard.actor, asked["code"], wanted, shows_codes=shows_codes
                )
        except UnknownCode:
            found = []
    return json_list_answer([shown(account, one) for one in found])


def _one(heard: Heard) -> Response:
    account = _store(heard)
    seen = heard.gateway.dialects.store_card(
        account, heard.actor, _flake(heard), shows_codes=_may_see(heard, READ)
    )
    return json_answer(shown(account, seen))


def _update(heard: Heard) -> Response:
    """What is given changes, the rest stays."""
    account = _store(heard)
    sheet = kit.Sheet(heard.body(), WRITTEN, OURS)
    readers = {
        "enabled": kit.as_field("flag"),
        "code": kit.as_field("text"),
        "balance": _minor,
        "usable_at": kit.as_field("moment"),
    }
    written: dict[str, Any] = {
        name: sheet.require(name, read) for name, read in readers.items() if sheet.has(name)
    }
    if sheet.has("expires_at"):
        written["expires_at"] = sheet.take("expires_at", kit.as_field("moment"))
    sheet.require_none()
    with heard.looking() if "code" in written else nullcontext():  # nothing else tells of other cards
        answered = heard.gateway.dialects.change_store_card(
            account,
            heard.actor,
            _flake(heard),
            written,
            lambda seen: shown(account, seen),
            heard.key,
            shows_codes=_may_see(heard, UPDATE),
        )
    return deed_answer(heard.site, answered)


def _delete(heard: Heard) -> Response:
    """204; again is harmless."""
    account = _store(heard)
    answered = heard.gateway.dialects.delete_store_card(account, heard.actor, _flake(heard), heard.key)
    if answered.error is not None:
        return deed_answer(heard.site, answered)
    answer = empty_answer(204)
    if answered.is_replayed:
        answer.headers[REPLAYED] = "true"
    return answer


def shown(account: Account, seen: Seen) -> dict[str, Any]:
    """The card's twelve fields."""
    card = seen.card
    return {
        "id": str(seen.flake),
        "store_id": str(account.store_id),
        "enabled": card.disabled_at is None and card.removed_at is None,
        "code": seen.code,
        "balance": card.balance,
        "starting_balance": card.initial_amount,
        "usable_at": _moment(card.usable_at or card.created_at),
        "expires_at": None if card.expires_at is None else _moment(card.expires_at),
        "created_by": _user(seen.created_by),
        "created_at": _moment(card.created_at),
        "updated_by": None if seen.changed_by is None else _user(seen.changed_by),
        "updated_at": None if seen.changed_at is None else _moment(seen.changed_at),
    }


def _user(who: Who) -> dict[str, str]:
    """A key called `Example Exampleson` has a first and a last name; a recipe says that it is one."""
    first, _, last = who.name.partition(" ")
    if who.kind == "recipe":
        first, last = who.name, "(recipe)"
    return {"id": str(who.flake), "first_name": first, "last_name": last}


def _moment(at: datetime) -> str:
    """In UTC, to the microsecond."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _store(heard: Heard) -> Account:
    """The key's account, or NotFound where the path names another store."""
    if heard.path["store"] != str(heard.account.store_id):
        raise NotFound("There is no such store with this key: GET /v1/accounts tells yours, store_id.")
    return heard.account


def _flake(heard: Heard) -> int:
    found = kit.whole_in(heard.path["flake"])
    return 0 if found is None else found  # which is nobody's


def _may_see(heard: Heard, scopes: tuple[str, ...]) -> bool:
    """Whether this call shows codes: by its own scope, or to who may see all codes."""
    return heard.caller.has(scopes[0]) or heard.caller.has(REVEAL)


def _minor(value: Any) -> int:
    found: int = kit.as_field("money")(value)
    if found < 0:
        raise ValueError("must not be below zero")
    return found


def _limit(text: str | None) -> int:
    found = USUAL_LIMIT if text is None else kit.whole_in(text)
    if found is None or not 1 <= found <= MAX_LIMIT:
        raise _bad("limit", f"must be a whole number from 1 to {MAX_LIMIT}")
    return found


def _bound(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    found = kit.whole_in(text)
    if found is None or not 0 <= found < 2**63:
        raise _bad(name, "must be a card's id")
    return found


def _flag(text: str | None) -> bool:
    if text is not None and text not in _FLAGS:
        raise _bad("include_canceled", "must be true or false")
    return text is not None and _FLAGS[text]


def _bad(name: str, message: str) -> BadRequest:
    return BadRequest(f"{name} {message}", errors=[FieldError(name, message)])


DIALECT: Final = Dialect(
    "stores",
    ("/v1/stores",),
    (
        Route("POST", PATH, CREATE, "Make a gift card", _create),
        Route("GET", PATH, READ, "List gift cards", _list),
        Route("GET", ONE, READ, "Show a gift card", _one),
        Route("PATCH", ONE, UPDATE, "Change a gift card", _update),
        Route("PUT", ONE, UPDATE, "Change a gift card", _update),
        Route("DELETE", ONE, DELETE, "Delete a gift card", _delete),
    ),
    names={"amount": "balance"},
)
