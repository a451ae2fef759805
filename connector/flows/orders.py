"""Orders: told of by shops' webhooks or by REST, kept as far as gift cards go, listed.

The one rule: whoever tells of an order makes no card by it. Recipes do, and what is asked of an order
that is known (flows/assigning.py).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..domain.accounts import Account, Actor, InboundSource
from ..domain.errors import Conflict, ValidationFailed
from ..domain.events import Event
from ..domain.money import Money
from ..domain.orders import MAX_NAME, Piece, number_in, number_told, order_json, pieces_of
from ..operations import owners
from ..operations.kit import wrong
from ..store import orders
from ..store.writer import Writing
from .listing import page_of
from .paging import Page
from .parts import Parts
from .perform import Answered, Idempotency, once
from .performing import Happening

BY_REST: Final = ""
"""Who told of an order that came by REST: no source's name is empty."""

MAX_LINES: Final = 1_000
MAX_PIECES: Final = 1_000  # as many as an order of a shop may hold
_LIST: Final = "orders"
_LINE_FIELDS: Final = ("id", "gift_card", "quantity", "price", "title")


def note(tx: Writing, found: InboundSource, event: Event, happening: Happening) -> None:
    """Keep what an event tells of an order; of one that is known, only what was given back."""
    slug = found.source.slug
    if event.type == "order.refunded" and event.refund is not None:
        back = event.refund
        if back.of is not None and back.amount is not None and back.amount.minor > 0:
            amount = back.amount
            orders.refund(tx, found.account.id, slug, back.of, amount.minor, amount.currency)
    if event.type != "order.paid" or event.order is None:
        return
    order, usual = event.order, found.source.currency
    lines = [
        (
            line.id,
            number_told(line.id, _line_number(event.data, line.id)),
            line.quantity,
            None if line.price is None else line.price.minor,
            usual if line.price is None else line.price.currency,
        )
        for line in order.lines
        if line.gift_card
    ]
    orders.add(
        tx,
        found.account.id,
        source=slug,
        name=order.id,
        number=number_told(order.id, event.data.get("id")),
        contact_id=None if happening.contact is None else happening.contact.id,
        event_id=happening.row_id,
        currency=usual if order.total is None else order.total.currency,
        total=None if order.total is None else order.total.minor,
        pieces=pieces_of(lines),
    )


class Orders:
    """The verbs on orders."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def add(
        self, account: Account, actor: Actor, told: Mapping[str, Any], key: Idempotency | None
    ) -> Answered:
        """Know an order from now on; the same one again is harmless. ValidationFailed, Conflict."""
        parts = self._parts

        def deed(tx: Writing) -> Answered:
            desk = parts.desk(tx, account, actor)
            currency = told.get("currency") or account.currency
            name, pieces = _name("id", told["id"]), _pieces(told["lines"], currency)
            owner = owners.require_owner(desk, None, told.get("contact"))
            is_new = orders.add(
                tx,
                account.id,
                source=BY_REST,
                name=name,
                number=number_in(name),
                contact_id=None if owner is None else owner.id,
                event_id=None,
                currency=currency,
                total=None,
                pieces=pieces,
            )
            kept = orders.named(tx, account.id, BY_REST, name)
            assert kept is not None
            entries = orders.entries_of(tx, parts.ring, [kept.id])[kept.id]
            if not is_new and [one.piece for one in entries] != pieces:
                raise Conflict(f"There is an order {name[:80]!r} with other gift cards already.")
            if is_new:
                desk.note("add_order", None, subject=f"order {name[:80]}")
            return Answered(201 if is_new else 200, order_json(kept, entries))

        return once(parts, account, deed, key)

    def page(self, account: Account, asked: Mapping[str, Any]) -> Page:
        """Orders, newest first; `asked`: id, limit, cursor."""
        parts = self._parts

        def read(before: int | None, limit: int) -> tuple[list[int], list[dict[str, Any]]]:
            with parts.engines.reading() as connection:
                found = orders.page(
                    connection,
                    account.id,
                    name=asked.get("id"),
                    before=before,
                    limit=limit,
                )
                numbers = [one.id for one in found]
                entries = orders.entries_of(connection, parts.ring, numbers)
            return numbers, [order_json(one, entries[one.id]) for one in found]

        return page_of(parts, account, _LIST, asked, read)


def _line_number(data: Mapping[str, Any], line: str) -> Any:
    """The number beside a line's own id, where the shop's payload has both."""
    listed = data.get("line_items")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and one.get("admin_graphql_api_id") == line:
            return one.get("id")
    return None


def _pieces(told: Sequence[Any], currency: str) -> list[Piece]:
    """The gift cards among the lines of an order that came by REST; ValidationFailed names what is wrong."""
    if len(told) > MAX_LINES:
        raise wrong("lines", f"has {len(told)} lines; {MAX_LINES} are the most")
    lines = [found for place, one in enumerate(told) if (found := _line(f"lines.{place}", one, currency))]
    cards = sum(quantity for _, _, quantity, _, _ in lines)
    if cards > MAX_PIECES:
        raise wrong("lines", f"hold {cards} gift cards; {MAX_PIECES} are the most")
    return pieces_of(lines)


def _line(field: str, told: Any, currency: str) -> tuple[str, int | None, int, int, str] | None:
    """None for a line that is no gift card."""
    if not isinstance(told, Mapping):
        raise wrong(field, "must be an object")
    for name in told:
        if name not in _LINE_FIELDS:
            raise wrong(f"{field}.{name[:60]}", "is not a field of a line")
    name, is_card = _name(f"{field}.id", told.get("id")), told.get("gift_card", False)
    if not isinstance(is_card, bool):
        raise wrong(f"{field}.gift_card", "must be true or false")
    if not is_card:
        return None
    quantity = told.get("quantity", 1)
    if type(quantity) is not int or not 0 <= quantity <= MAX_PIECES:
        raise wrong(f"{field}.quantity", f"must be a whole number, {MAX_PIECES} at most")
    return name, number_in(name), quantity, _price(f"{field}.price", told.get("price"), currency), currency


def _price(field: str, told: Any, currency: str) -> int:
    """Of one piece: whole minor units, or a sum written as text, as events have it."""
    try:
        money = Money.parse(told, currency) if isinstance(told, str) else Money(told, currency)
    except ValidationFailed as fault:
        raise wrong(field, "must be minor units (2500), or a sum written as text (“25.00”)") from fault
    if money.minor <= 0:
        raise wrong(field, "must be above zero")
    return money.minor


def _name(field: str, told: Any) -> str:
    """A shop's own id, as text; shops number theirs."""
    name = str(told) if type(told) is int else told
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > MAX_NAME:
        raise wrong(field, f"must be the shop's own id: a number, or text of 1 to {MAX_NAME} characters")
    return name
