"""A platform that sends several items in one delivery: for what no adapter of today does."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from connector.adapters import kit, shared
from connector.domain.contacts import read_person
from connector.domain.errors import NotUnderstood
from connector.domain.events import Event, Order
from connector.domain.ids import new_token
from connector.domain.inbound import Request
from connector.domain.money import Money

HEADER: Final = "x-batch-id"


def body(items: Sequence[tuple[str, str, str]]) -> bytes:
    """A batch of paid orders: id, e-mail, sum in dollars."""
    return json.dumps({"orders": [list(item) for item in items]}).encode()


_SAMPLE: Final = kit.Sample("order.paid", "order.paid", body([("o-1", "a@example.com", "5.00")]))


def _delivery_ids(verified: kit.Verified) -> tuple[kit.Key, ...]:
    return (kit.key("batch", verified.request.headers[HEADER]),)


def _read(verified: kit.Verified) -> list[Event]:
    fields = kit.payload(verified)
    if "orders" not in fields:
        raise NotUnderstood("No orders")
    return [_event(verified.request, *item) for item in fields["orders"]]


def _event(request: Request, order: str, email: str, total: str) -> Event:
    return Event(
        type="order.paid",
        occurred_at=request.received_at,
        data={"order": order},
        contact=read_person(country="US", email=email),
        order=Order(order, Money.parse(total, "USD")),
        key=f"order {order}",
    )


def _sign(body: bytes, secret: str, now: datetime, url: str) -> dict[str, str]:
    return {**shared.sign(body, secret, now, url), HEADER: "b-1"}


def an_adapter(**changed: Any) -> kit.Adapter:
    """The adapter `batch`; `changed` are fields of it."""
    given: dict[str, Any] = {
        "name": "batch",
        "title": "Batches",
        "setup": "For tests.",
        "guide": kit.Guide(start="order.paid", steps=("Nothing to click.",)),
        "new_secret": new_token,
        "verify": shared.verify,
        "delivery_ids": _delivery_ids,
        "read": _read,
        "sign": _sign,
        "samples": {
            "order.paid": kit.Sample("order.paid", "order.paid", body([("o-1", "a@example.com", "5.00")]))
        },
        **changed,
    }
    return kit.Adapter(**given)
