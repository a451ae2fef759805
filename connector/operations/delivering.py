"""How a card reaches its recipient: by e-mail or text message, now or later. In a sandbox it is simulated.

For every deed that delivers: `require_way` before anything is written, `settle` after. What is to be
sent is a row in the deed's transaction; a worker sends it after the commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ..domain.cards import DELIVERIES, Card
from ..domain.contacts import normal_email, normal_phone
from ..domain.errors import DeliveryNotConfigured
from ..domain.notifications import GIFT_CARD, address_kind
from ..store import notifications
from ..store.contacts import Contact
from .kit import Desk, wrong

WAYS: Final = tuple(way for way in DELIVERIES if way != "none")
NO_ADDRESS: Final = "no_address"


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who is written to, and where. `contact_id`: the row of the contact whose address it is."""

    address: str
    name: str = ""
    contact_id: int | None = None


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

    ValidationFailed where there is no address for it; DeliveryNotConfigured where nothing
    is set up that could send it, for nobody would notice a card that is never sent.
    """
    if way == "none":
        if at is not None:
            raise wrong("deliver_at", f"needs {field} beside it: {' or '.join(WAYS)}")
        return way
    if way is None:
        there = [one for one in WAYS if _given(desk, one, recipient, contact) is not None]
        if not there:
            raise wrong("recipient", "needs an email or a phone that the card can be sent to")
        way = next((one for one in there if can_go(desk, one)), there[0])
    if way not in WAYS:
        raise wrong(field, f"is one of {', '.join(WAYS)}")
    if _given(desk, way, recipient, contact) is None:
        raise wrong(field, f"needs recipient.{address_kind(way)}, or a contact who has one")
    if not can_go(desk, way):
        section = "[email] smtp_url" if way == "email" else "[sms] adapter"
        raise DeliveryNotConfigured(
            f"Nothing is set up that could send a card by {way}: see {section} in docs/email.md. "
            "Sandboxes send as a trial."
        )
    return way


def can_go(desk: Desk, way: str) -> bool:
    """Whether anything goes this way from here; in a sandbox, as a trial, everything does."""
    return desk.account.sandbox or way in desk.post.ways


def settle(desk: Desk, card: Card) -> Card:
    """Send a locked card whose way is settled and whose time has come; one that has none stays as it is."""
    is_due = card.deliver_at is None or card.deliver_at <= desk.now
    return deliver(desk, card) if card.delivery != "none" and is_due else card


def deliver(desk: Desk, card: Card, values: Mapping[str, Any] | None = None) -> Card:
    """Send a locked card now, by its way or that in `values`, which are written with it."""
    changed = dict(values or {})
    way = changed.get("delivery", card.delivery)
    whom = addressee(desk, way, card.recipient, desk.contact_of(card))
    if whom is None:  # it had an address when it was told to go, and lost it since
        told = {"delivery": {"via": way, "simulated": desk.account.sandbox, "reason": NO_ADDRESS}}
        changed |= {"deliver_at": None}
        return desk.change("deliver", card, changed, ("gift_card.delivery_failed",), extra=told)
    name = write_to(desk, whom, way, GIFT_CARD, card=card)
    if not desk.account.sandbox:  # its moment is over: the notification has its own times from here on
        changed |= {"deliver_at": None, "delivered_at": None}
        return desk.change("deliver", card, changed, ())
    changed |= {"delivered_at": desk.now}
    told = {"delivery": {"via": way, "simulated": True, "notification_id": name}}
    return desk.change("deliver", card, changed, ("gift_card.delivered",), extra=told)


def write_to(
    desk: Desk, whom: Addressee, way: str, template: str, *, card: Card | None, run: str | None = None
) -> str:
    """Write a notification with the deed that asks for it; its id. A worker sends it after the commit."""
    name = notifications.add(
        desk.tx,
        desk.ring,
        account_id=desk.account.id,
        template=template,
        via=way,
        to=whom.address,
        to_name=whom.name,
        card_id=None if card is None else card.id,
        contact_id=whom.contact_id,
        run=run or desk.actor.origin.get("run_id"),
        chain=desk.chain,
        simulated=desk.account.sandbox,
    )
    if not desk.account.sandbox:
        desk.tx.after_commit(desk.post.wake)
    return name


def addressee(
    desk: Desk, way: str, recipient: Mapping[str, Any] | None, contact: Contact | None
) -> Addressee | None:
    """The recipient, else the contact, who has an address for this way; None: neither."""
    named = recipient or {}
    given = _normal(desk, way, named.get(address_kind(way)))
    if given is not None:
        return Addressee(given, str(named.get("name") or ""))
    own = None if contact is None else getattr(contact, address_kind(way))
    if contact is None or own is None:
        return None
    names = " ".join(filter(None, (contact.first_name, contact.last_name)))
    return Addressee(own, str(named.get("name") or "") or names, contact.id)


def _given(desk: Desk, way: str, recipient: Mapping[str, Any] | None, contact: Contact | None) -> str | None:
    """The address for a way; ValidationFailed for what is none."""
    kind = address_kind(way)
    given = (recipient or {}).get(kind)
    if given is None:
        return None if contact is None else getattr(contact, kind)
    found = _normal(desk, way, given)
    if found is None:
        raise wrong(f"recipient.{kind}", "is nothing that a card can be sent to")
    return found


def _normal(desk: Desk, way: str, given: Any) -> str | None:
    if given is None:
        return None
    return normal_email(given) if way == "email" else normal_phone(given, desk.account.country)
