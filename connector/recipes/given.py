"""What a test is given: values as an event or a contact would have them. It starts from nothing.

A key that no contact or event has is a fault, as in an expression.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..domain.errors import ConnectorError
from ..domain.events import rfc3339
from ..domain.money import Money
from .names import OPEN, Shape
from .values import kind_name, read_time
from .wording import quoted, suggest
from .yamltree import Block, Listing, Node, Scalar, plain

_UTC: Final = ZoneInfo("UTC")

Fault = Callable[[Node, str], None]


def typed(node: Block, shape: Shape, fault: Fault, *, as_json: bool) -> dict[str, Any]:
    """The block's values by the kinds of `shape`.

    `as_json`: sums and times as an event's JSON has them, otherwise Money and datetime.
    """
    found: dict[str, Any] = {}
    for key, value in node.pairs:
        known = shape.get(key.text)
        if known is None:
            fault(key, f"{quoted(key.text)} is not a field here{suggest(key.text, shape)}")
        else:
            found[key.text] = _value(value, known, fault, as_json=as_json)
    return found


def _value(node: Node, known: Any, fault: Fault, *, as_json: bool) -> Any:
    if isinstance(node, Scalar) and node.value is None:
        return None
    if known == OPEN:
        return plain(node)
    if isinstance(known, Mapping):
        if isinstance(node, Block):
            return typed(node, known, fault, as_json=as_json)
        fault(node, "a block of fields is expected here")
        return None
    if known == "list":
        if isinstance(node, Listing):
            return [item.text if isinstance(item, Scalar) else plain(item) for item in node.items]
        fault(node, "a list is expected here, such as `[VIP]`")
        return None
    if known == "money":
        money = _money(node)
        if money is None:
            fault(node, "a sum is expected here, such as `25.00 USD`")
            return None
        return money.as_json() if as_json else money
    return _scalar(node, known, fault, as_json=as_json)


def _scalar(node: Node, known: str, fault: Fault, *, as_json: bool) -> Any:
    value: Any = None
    if isinstance(node, Scalar):
        is_truth = isinstance(node.value, bool)
        if known == "text":
            return node.text
        if known == "time":
            at = read_time(node.text, _UTC)
            value = at if at is None or not as_json else rfc3339(at)
        elif (known == "number" and isinstance(node.value, int | Decimal) and not is_truth) or (
            known == "truth" and is_truth
        ):
            return node.value
    if value is None:
        fault(node, f"{kind_name(known)} is expected here")
    return value


def _money(node: Node) -> Money | None:
    try:
        if isinstance(node, Scalar):
            return Money.parse_written(node.text)
        if isinstance(node, Block) and {key.text for key, _ in node.pairs} == {"amount", "currency"}:
            amount, currency = (node.get(name) for name in ("amount", "currency"))
            if isinstance(amount, Scalar) and isinstance(currency, Scalar):
                return Money.parse(amount.text, currency.text)
    except ConnectorError:
        return None
    return None
