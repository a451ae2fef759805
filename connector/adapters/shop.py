"""What the orders of shops have in common: lines, new customers. Not an adapter itself.

A line that is no gift card is never a reason to refuse an order.
"""

from datetime import timedelta
from typing import Any, Final

from ..domain.errors import NotUnderstood
from ..domain.events import Line
from ..domain.money import Money
from .reading import blocks, moment, money, text, whole, wrong

MAX_LINES: Final = 1_000  # Shopify allows 500 in one order
MAX_CARDS: Final = 1_000  # what one `for_each` goes over
JUST_MADE: Final = timedelta(minutes=1)  # platforms go on writing for some seconds after they have made one

_TRUE: Final = (True, "true", "yes", "1")


def read_lines(listed: Any, field: str, currency: str, standard: str) -> tuple[Line, ...]:
    """The lines of an order, `price` being that of one piece; NotUnderstood for too many of them or cards."""
    found = [_line(place, line, field, currency, standard) for place, line in enumerate(blocks(listed))]
    if len(found) > MAX_LINES:
        raise wrong(field, f"{len(found)} lines in one order, {MAX_LINES} are the most")
    lines = tuple(line for line in found if line is not None)
    cards = sum(line.quantity for line in lines if line.gift_card)
    if cards > MAX_CARDS:
        raise wrong(field, f"{cards} gift cards in one order, {MAX_CARDS} are the most")
    return lines


def is_just_made(body: dict[str, Any], made: str, changed: str) -> bool:
    """Whether a customer was changed last in the minute in which they were made, or never."""
    try:
        born, last = (moment(body.get(name), name, "UTC") for name in (made, changed))
    except NotUnderstood:
        return False
    return born is not None and (last is None or last - born <= JUST_MADE)


def _line(place: int, line: dict[str, Any], field: str, currency: str, standard: str) -> Line | None:
    is_card = _is_gift_card(line)
    try:
        # What staff took off again is still in Shopify's `quantity`.
        left = "quantity" if line.get("current_quantity") is None else "current_quantity"
        quantity = whole(line.get(left), f"{field}.{place}.{left}")
        line_id = text(line.get("admin_graphql_api_id"), "id") or text(line.get("id"), f"{field}.{place}.id")
    except NotUnderstood:
        if is_card:
            raise
        return None
    return Line(
        id=line_id or str(place),
        quantity=1 if quantity is None else quantity,
        price=_price(line, field, currency, standard),
        title=_title(line),
        gift_card=is_card,
    )


def _is_gift_card(line: dict[str, Any]) -> bool:
    """By Shopify's own mark, which WooCommerce's plugins set too, there or among the line's meta data."""
    if line.get("gift_card") is True:
        return True
    metas = blocks(line.get("meta_data"))
    return any(one.get("key") in ("gift_card", "_gift_card") and one.get("value") in _TRUE for one in metas)


def _price(line: dict[str, Any], field: str, currency: str, standard: str) -> Money | None:
    """None where it is not exact: WooCommerce divides a line's total by its quantity, to many decimals."""
    try:
        return money(line.get("price"), currency, f"{field}.price", standard)
    except NotUnderstood:
        return None


def _title(line: dict[str, Any]) -> str | None:
    found = line.get("title") or line.get("name")
    return found[:255].strip() or None if isinstance(found, str) else None
