"""How a card reaches its recipient: by e-mail or text message, now or later. In a sandbox it is simulated.

For every deed that delivers: `require_way` before anything is written, `settle` after.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ..domain.cards import DELIVERIES, Card
from ..domain.contacts import normal_email, normal_phone
from ..domain.errors import DeliveryNotConfigured
from ..store.contacts import Contact
from .kit import Desk, wrong

WAYS: Final = tuple(way for way in DELIVERIES if way != "none")
_ADDRESS: Final = {"email": "email", "sms": "phone"}


def require_way(
    desk: Desk,
    way: str | None,
    at: datetime | None,
    *,
    recipient: Mapping[str, Any] | None,
    contact: Contact | None,
    field: str = "delivery",
) -> str:
    """The way that a card goes: `none`, or one of WAYS. None chooses: the first that there is an address for.

    ValidationFailed where there is no address for it; DeliveryNotConfigured in an
    account that is no sandbox: nobody would notice a card that is never sent.
    """
    if way == "none":
        if at is not None:
            raise wrong("deliver_at", f"needs {field} beside it: {' or '.join(WAYS)}")
        return way
    if way is None:
        way = next((one for one in WAYS if _has_address(desk, one, recipient, contact)), None)
        if way is None:
            raise wrong("recipient", "needs an email or a phone that the card can be sent to")
    if way not in WAYS:
        raise wrong(field, f"is one of {', '.join(WAYS)}")
    if not _has_address(desk, way, recipient, contact):
        raise wrong(field, f"needs recipient.{_ADDRESS[way]}, or a contact who has one")
    if not desk.account.sandbox:
        raise DeliveryNotConfigured(
            "Cards are sent by e-mail and text message in sandboxes only, as a trial."
        )
    return way


def settle(desk: Desk, card: Card) -> Card:
    """Send a locked card whose way is settled and whose time has come; one that has none stays as it is."""
    is_due = card.deliver_at is None or card.deliver_at <= desk.now
    return deliver(desk, card) if card.delivery != "none" and is_due else card


def deliver(desk: Desk, card: Card, values: Mapping[str, Any] | None = None) -> Card:
    """Send a locked card now, by its way or that in `values`, which are written with it."""
    changed = {**(values or {}), "delivered_at": desk.now}
    told = {"delivery": {"via": changed.get("delivery", card.delivery), "simulated": True}}
    return desk.change("deliver", card, changed, ("gift_card.delivered",), extra=told)


def _has_address(desk: Desk, way: str, recipient: Mapping[str, Any] | None, contact: Contact | None) -> bool:
    """Whether the recipient, else the contact, has one; ValidationFailed for what is no address."""
    kind = _ADDRESS[way]
    given = (recipient or {}).get(kind)
    if given is None:
        return contact is not None and getattr(contact, kind) is not None
    if not (normal_email(given) if kind == "email" else normal_phone(given, desk.account.country)):
        raise wrong(f"recipient.{kind}", "is nothing that a card can be sent to")
    return True
