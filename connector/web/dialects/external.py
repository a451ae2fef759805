"""Seed 002, `/api/external/gift-cards`: cards by numbers, sums as text, one page after the other.

The one rule: wrapped where the document wraps, bare where it does not; the code stands in the
answer that makes the card, and in no other.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Response, request

from ...domain.accounts import Account
from ...domain.card_searches import written_in
from ...domain.errors import BadRequest, Conflict, FieldError, NotFound
from ...domain.money import Money
from ...flows.dialect_cards import Seen
from ...flows.dialect_external import Draft, end_shown, last_characters
from ...flows.dialect_external_lists import MAX_LIMIT, Line, Page, Wanted
from ..answers import deed_answer, json_answer, json_list_answer
from . import external_orders, kit
from .kit import Dialect, Heard, Route

UNDER: Final = ("/api/external", "/external")
"""The base URL ends in the first; section 1.1 of the document prints paths with the second."""

USUAL_LIMIT: Final = 50
BY_ID: Final = "id ASC"
BY_END: Final = "disabled_at DESC"
CARD: Final = "gift_card"
FIELDS: Final = (
    *("id", "balance", "created_at", "updated_at", "currency", "initial_value", "disabled_at"),
    *("line_item_id", "api_client_id", "user_id", "customer_id", "note", "expires_on"),
    *("template_suffix", "last_characters", "order_id"),
)
CHANGED: Final = ("expires_on", "note", "template_suffix")
OURS: Final = (*FIELDS, "code", "transactions")
"""What can be read: passed over where it cannot be written, so that a card can be sent back as it was."""

BY_STAFF: Final = ("manual", "import")
BY_CUSTOMERS: Final = ("purchase",)
FIRST: Final = "Initial gift card creation"


def _list(heard: Heard) -> Response:
    wanted, fields = _wanted(heard, BY_ID)
    page = heard.gateway.dialects.external.cards(heard.account, wanted)
    found = [_only(shown(heard.account, one), fields) for one in page.cards]
    return _linked(heard, json_answer({"gift_cards": found}), wanted, page)


def _search(heard: Heard) -> Response:
    wanted, fields = _wanted(heard, BY_END)
    page = heard.gateway.dialects.external.cards(heard.account, wanted)
    found = [_only(shown(heard.account, one), fields) for one in page.cards]
    return _linked(heard, json_answer({"gift_cards": found}), wanted, page)


def _list_with_transactions(heard: Heard) -> Response:
    wanted, fields = _wanted(heard, BY_ID, with_lines=True)
    account = heard.account
    page = heard.gateway.dialects.external.cards(account, wanted)
    found = []
    for one in page.cards:
        lines = [line_shown(account, line) for line in page.lines.get(one.card.id, ())]
        found.append(_only({**shown(account, one), "transactions": lines}, fields))
    return _linked(heard, json_list_answer(found), wanted, page)


def _one(heard: Heard) -> Response:
    seen = heard.gateway.dialects.external.card(heard.account, _number(heard))
    return json_answer({CARD: shown(heard.account, seen)})


def _create(heard: Heard) -> Response:
    """201 and the card with its code."""
    account = heard.account
    text = kit.as_field("text")
    sheet = kit.Sheet(_unwrapped(heard.body()), (*CHANGED, "initial_value", "code", "customer_id"), OURS)
    draft = Draft(
        amount=sheet.require("initial_value", kit.major(account.currency)),
        code=sheet.take("code", text),
        note=sheet.take("note", text),
        template_suffix=sheet.take("template_suffix", text),
        expires_on=sheet.take("expires_on", kit.day),
        customer=sheet.take("customer_id", kit.as_field("whole")),
    )
    sheet.require_none()
    with heard.looking():
        answered = heard.gateway.dialects.external.make(
            account,
            heard.actor,
            draft,
            lambda seen: {CARD: {**shown(account, seen), "code": seen.code}},
            heard.key,
        )
    return deed_answer(heard.site, answered)


def _set_balance(heard: Heard) -> Response:
    """The movement that it took, bare."""
    account, body = heard.account, _body_of(heard)

    def read(currency: str) -> int:
        sheet = kit.Sheet(body, ("balance",), OURS)
        minor: int = sheet.require("balance", kit.major(currency))
        sheet.require_none()
        return minor

    answered = heard.gateway.dialects.external.set_balance(
        account,
        heard.actor,
        _number(heard),
        read,
        lambda line: transaction(account, line),
        heard.key,
    )
    return deed_answer(heard.site, answered)


def _update(heard: Heard) -> Response:
    """What may change does, a null empties it; what may not is passed over."""
    account, body = heard.account, _body_of(heard)
    sheet = kit.Sheet(body, CHANGED, OURS)
    readers = {"expires_on": kit.day, "note": kit.as_field("text"), "template_suffix": kit.as_field("text")}
    written = {name: sheet.take(name, read) for name, read in readers.items() if sheet.has(name)}
    sheet.require_none()
    answered = heard.gateway.dialects.external.change(
        account, heard.actor, _number(heard), written, _card_shown(account), heard.key
    )
    return deed_answer(heard.site, answered)


def _disable(heard: Heard) -> Response:
    account = heard.account
    kit.Sheet(_body_of(heard, may_be_empty=True), (), OURS).require_none()
    answered = heard.gateway.dialects.external.disable(
        account, heard.actor, _number(heard), _card_shown(account), heard.key
    )
    return deed_answer(heard.site, answered)


def shown(account: Account, seen: Seen) -> dict[str, Any]:
    """The card's sixteen fields."""
    card, zone = seen.card, account.timezone
    stopped_at, ends = card.disabled_at or card.removed_at, end_shown(account, card)
    is_by_staff = card.source in BY_STAFF
    is_by_client = not is_by_staff and card.source not in BY_CUSTOMERS
    return {
        "id": seen.number,
        "balance": Money.total(card.balance, card.currency).text,
        "created_at": _moment(card.created_at, zone),
        "updated_at": _moment(card.updated_at, zone),
        "currency": card.currency,
        "initial_value": Money.total(card.initial_amount, card.currency).text,
        "disabled_at": None if stopped_at is None else _moment(stopped_at, zone),
        "line_item_id": seen.said.line_item_id,
        "api_client_id": seen.created_by.number if is_by_client else None,
        "user_id": seen.created_by.number if is_by_staff else None,
        "customer_id": seen.owner,
        "note": card.note,
        "expires_on": None if ends is None else ends.isoformat(),
        "template_suffix": seen.said.template_suffix,
        "last_characters": last_characters(seen),
        "order_id": seen.said.order_id,
    }


def line_shown(account: Account, line: Line) -> dict[str, Any]:
    """A movement as it stands in a list."""
    return {
        "id": line.id,
        "amount": Money.total(line.amount, line.currency).text,
        "processed_at": _moment(line.at, account.timezone),
        "note": _note(line),
    }


def transaction(account: Account, line: Line) -> dict[str, Any]:
    """A movement as the call shows it that made it."""
    at = _moment(line.at, account.timezone)
    return {
        "id": line.id,
        "gift_card_id": line.card,
        "api_client_id": line.by,
        "user_id": None,
        "order_transaction_id": None,
        "number": line.number,
        "amount": Money.total(line.amount, line.currency).text,
        "processed_at": at,
        "created_at": at,
        "updated_at": at,
        "note": _note(line),
        "remote_transaction_ref": None,
        "remote_transaction_url": None,
    }


def _note(line: Line) -> str | None:
    """What was said of it; of a card's making what the document prints."""
    if line.transfer is None:
        return None
    return line.transfer.note or (FIRST if line.transfer.type == "issue" else None)


def _card_shown(account: Account) -> Callable[[Seen], Mapping[str, Any]]:
    return lambda seen: {CARD: shown(account, seen)}


def _moment(at: datetime, timezone: str) -> str:
    """To the second, with the distance from UTC that the business's clocks have then."""
    return at.astimezone(ZoneInfo(timezone)).isoformat(timespec="seconds")


def _number(heard: Heard) -> int:
    """The card's, from the path; NotFound for what is none."""
    number = kit.whole_in(heard.path["card"])
    if number is None:
        raise NotFound("There is no such card in this account.")
    return number


def _body_of(heard: Heard, *, may_be_empty: bool = False) -> dict[str, Any]:
    """What was sent about the card in the path, which is its `id` where one is told."""
    body = _unwrapped(heard.body(may_be_empty=may_be_empty))
    if body.get("id") is not None and str(body["id"]) != heard.path["card"]:
        wrong = "is another card's than the path's"
        raise BadRequest(f"id {wrong}", errors=[FieldError("id", wrong)])
    return body


def _unwrapped(body: dict[str, Any]) -> dict[str, Any]:
    """The card, bare or as its answers have it."""
    inner = body.get(CARD)
    return inner if isinstance(inner, dict) and len(body) == 1 else body


def _wanted(heard: Heard, usual: str, *, with_lines: bool = False) -> tuple[Wanted, frozenset[str] | None]:
    """Which page, and which fields of its cards; None: all."""
    written = written_in(heard.query)
    names = [one.strip() for one in written.showing.get("fields", "").split(",")]
    wanted = Wanted(
        filters=written.filters,
        usual=usual,
        order=written.showing.get("order") or None,
        limit=_limit(written.showing.get("limit")),
        page_info=written.showing.get("page_info"),
        with_lines=with_lines,
    )
    return wanted, frozenset(names) if any(names) else None


def _limit(text: str | None) -> int:
    """How many cards a page has: more than there may be are as many as there may be."""
    number = USUAL_LIMIT if text is None else kit.whole_in(text)
    if number is None or number < 1:
        wrong = f"must be a whole number from 1 to {MAX_LIMIT}"
        raise BadRequest(f"limit {wrong}", errors=[FieldError("limit", wrong)])
    return min(number, MAX_LIMIT)


def _only(card: dict[str, Any], fields: frozenset[str] | None) -> dict[str, Any]:
    return card if fields is None else {name: value for name, value in card.items() if name in fields}


def _linked(heard: Heard, answer: Response, wanted: Wanted, page: Page) -> Response:
    """With the Link header where there are more; the filters are in the cursor."""
    if page.next_page is not None:
        asked = {"page_info": page.next_page, "limit": str(wanted.limit)}
        fields = written_in(heard.query).showing.get("fields")
        query = urlencode({**asked, **({} if fields is None else {"fields": fields})})
        answer.headers["Link"] = f'<{heard.site.public_url}{request.path}?{query}>; rel="next"'
    return answer


def _routes() -> tuple[Route, ...]:
    read, write = ("cards:read",), ("cards:write",)
    calls: tuple[tuple[str, str, tuple[str, ...], str, Callable[[Heard], Response]], ...] = (
        ("GET", "", read, "Gift cards", _list),
        ("POST", "", write, "Make a gift card", _create),
        ("GET", "/transactions", read, "Gift cards with their transactions", _list_with_transactions),
        ("GET", "/search", read, "Gift cards that match a query", _search),
        ("POST", "/assign-to-order", write, "Assign codes to an order", external_orders.assign),
        ("GET", "/<card>", read, "A gift card", _one),
        ("PUT", "/<card>", write, "Change a gift card", _update),
        ("PUT", "/<card>/balance", write, "Change a gift card's balance", _set_balance),
        ("POST", "/<card>/disable", write, "Disable a gift card for good", _disable),
    )
    return tuple(
        Route(method, f"{under}/gift-cards{path}", scopes, title, handle)
        for under in UNDER
        for method, path, scopes, title, handle in calls
    )


DIALECT: Final = Dialect(
    "external",
    UNDER,
    _routes(),
    {Conflict: 422},
    {
        "amount": "initial_value",
        "expires_at": "expires_on",
        "contact_id": "customer_id",
        "cursor": "page_info",
    },
)
