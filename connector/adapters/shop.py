"""What the orders of shops have in common: lines, new customers. Not an adapter itself.

A line that is no gift card is never a reason to refuse an order. What was paid for a line is exact
to the smallest unit, or not said.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from ..domain.errors import NotUnderstood
from ..domain.events import Line
from ..domain.money import MAX_MINOR, Money
from .reading import blocks, moment, money, text, whole, wrong

MAX_LINES: Final = 1_000  # Shopify allows 500 in one order
MAX_CARDS: Final = 1_000  # what one `for_each` goes over
JUST_MADE: Final = timedelta(minutes=1)  # platforms go on writing for some seconds after they have made one

_ALLOCATED: Final = "discount_allocations"
_LEFT: Final = "current_quantity"
_TRUE: Final = (True, "true", "yes", "1")


@dataclass(frozen=True, slots=True)
class Sums:
    """How an order counts: its currency, whether the shop's prices hold the tax, and what its lines came to.

    `subtotal`: after all discounts, for shops that tell of a discount on the whole order nowhere else.
    """

    currency: str
    standard: str
    with_tax: bool = False
    subtotal: Money | None = None


def read_lines(listed: Any, field: str, sums: Sums) -> tuple[Line, ...]:
    """The lines of an order, `price` being that of one piece; NotUnderstood for too many of them or cards."""
    told = blocks(listed)
    found = [_line(place, line, field, sums) for place, line in enumerate(told)]
    if len(found) > MAX_LINES:
        raise wrong(field, f"{len(found)} lines in one order, {MAX_LINES} are the most")
    lines = tuple(line for line in found if line is not None)
    cards = sum(line.quantity for line in lines if line.gift_card)
    if cards > MAX_CARDS:
        raise wrong(field, f"{cards} gift cards in one order, {MAX_CARDS} are the most")
    return _less_the_orders(lines, sums, is_whole=len(lines) == len(told))


def is_just_made(body: dict[str, Any], made: str, changed: str) -> bool:
    """Whether a customer was changed last in the minute in which they were made, or never."""
    try:
        born, last = (moment(body.get(name), name, "UTC") for name in (made, changed))
    except NotUnderstood:
        return False
    return born is not None and (last is None or last - born <= JUST_MADE)


def _less_the_orders(lines: tuple[Line, ...], sums: Sums, *, is_whole: bool) -> tuple[Line, ...]:
    """Each line less its share of what was taken off the whole order and is told of no line.

    The shares come to exactly that. Shopify tells of every discount at its lines, but for old orders.
    """
    paid = [None if line.paid is None else line.paid.minor for line in lines]
    known = [one for one in paid if one is not None]
    total = sum(known)
    if sums.subtotal is None or (is_whole and total <= sums.subtotal.minor):
        return lines
    if len(known) < len(paid) or not is_whole or sums.subtotal.minor < 0:
        return tuple(replace(line, paid=None) for line in lines)
    shares = [divmod(one * sums.subtotal.minor, total) for one in known]
    rest = sums.subtotal.minor - sum(share for share, _ in shares)
    largest = sorted(range(len(shares)), key=lambda place: (-shares[place][1], place))[:rest]
    return tuple(
        replace(line, paid=Money(shares[place][0] + (place in largest), sums.currency))
        for place, line in enumerate(lines)
    )


def _line(place: int, line: dict[str, Any], field: str, sums: Sums) -> Line | None:
    is_card = _is_gift_card(line)
    try:
        # What staff took off again is still in Shopify's `quantity`.
        left = "quantity" if line.get(_LEFT) is None else _LEFT
        quantity = whole(line.get(left), f"{field}.{place}.{left}")
        line_id = text(line.get("admin_graphql_api_id"), "id") or text(line.get("id"), f"{field}.{place}.id")
    except NotUnderstood:
        if is_card:
            raise
        return None
    count = 1 if quantity is None else quantity
    price = _money(line.get("price"), sums)
    return Line(
        id=line_id or str(place),
        quantity=count,
        price=price,
        title=_title(line),
        gift_card=is_card,
        paid=_paid(line, price, count, sums),
    )


def _is_gift_card(line: dict[str, Any]) -> bool:
    """By Shopify's own mark, which WooCommerce's plugins set too, there or among the line's meta data."""
    if line.get("gift_card") is True:
        return True
    metas = blocks(line.get("meta_data"))
    return any(one.get("key") in ("gift_card", "_gift_card") and one.get("value") in _TRUE for one in metas)


def _money(told: Any, sums: Sums) -> Money | None:
    """None where it is not exact: WooCommerce divides a line's total by its quantity, to many decimals."""
    try:
        found = money(told, sums.currency, "price", sums.standard)
    except NotUnderstood:
        return None
    return found


def _paid(line: dict[str, Any], price: Money | None, count: int, sums: Sums) -> Money | None:
    """WooCommerce says what a line came to; Shopify its price, and how much of each discount fell on it."""
    if line.get("total") is not None:
        parts = [line["total"], line.get("total_tax") or "0"] if sums.with_tax else [line["total"]]
        known = _added(parts, sums)
        return None if known is None or known > MAX_MINOR else Money(known, sums.currency)
    off = _discount(line, sums)
    try:
        bought = whole(line.get("quantity"), "quantity")
    except NotUnderstood:
        return None
    if price is None or off is None:
        return None
    if bought not in (None, count) and off:  # of what was taken off again, an equal part of the discount was
        if not bought or off % bought:
            return None
        off = off // bought * count
    left = price.minor * count - off
    return Money(left, price.currency) if 0 <= left <= MAX_MINOR else None


def _discount(line: dict[str, Any], sums: Sums) -> int | None:
    """Of the line and of the whole order, in the smallest unit; None where a part of it is not exact."""
    told = [line.get("total_discount")]
    if _ALLOCATED in line:
        told = [one.get("amount") for one in blocks(line[_ALLOCATED])]
    return _added([one for one in told if one is not None], sums)


def _added(told: list[Any], sums: Sums) -> int | None:
    """In the smallest unit; None where one of them is not exact, or less than nothing."""
    found = [_money(one, sums) for one in told]
    known = [one.minor for one in found if one is not None and one.minor >= 0]
    return sum(known) if len(known) == len(found) else None


def _title(line: dict[str, Any]) -> str | None:
    found = line.get("title") or line.get("name")
    return found[:255].strip() or None if isinstance(found, str) else None
