"""Cards: their states, and what each state allows. Pure functions over facts.

States are never stored: they follow from six facts, the first match wins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from .errors import CardDisabled, CardExpired, CardNotYetUsable
from .events import rfc3339
from .tags import tag_of

STATES: Final = ("pending", "active", "depleted", "expired", "disabled", "removed")
GOOD: Final = ("pending", "active", "depleted")
"""States of a card that nothing has ended: its code is worth showing to whoever holds it."""
KINDS: Final = ("promotional", "paid")
BALANCE_STATUSES: Final = ("full", "partial", "empty", "full_or_partial")
DELIVERIES: Final = ("none", "email", "sms")
SOURCES: Final = ("recipe", "api", "action", "import", "manual", "purchase")


@dataclass(frozen=True, slots=True)
class Life:
    """The facts from which a card's state follows.

    Where the expiry was done, no clock brings the card back: another machine's may be behind, and whoever
    waited for a lock knows the time of before.
    """

    balance: int
    usable_at: datetime | None = None
    expires_at: datetime | None = None
    disabled_at: datetime | None = None
    removed_at: datetime | None = None
    expired_at: datetime | None = None


def state_of(life: Life, now: datetime) -> str:
    """One of STATES: removed, disabled, expired, pending, depleted, else active."""
    if life.removed_at is not None:
        return "removed"
    if life.disabled_at is not None:
        return "disabled"
    if life.expired_at is not None or (life.expires_at is not None and life.expires_at <= now):
        return "expired"
    if life.usable_at is not None and life.usable_at > now:
        return "pending"
    return "depleted" if life.balance == 0 else "active"


def require_usable(life: Life, card: str, now: datetime) -> None:
    """Pass if value may be taken from the card or put on it now, else the Conflict that says why not."""
    require_alive(life, card, now)
    if state_of(life, now) == "pending":
        raise CardNotYetUsable(f"Card {card} is usable from {told(life.usable_at)}.")


def require_alive(life: Life, card: str, now: datetime) -> None:
    """Pass unless the card is removed, disabled or expired; it may be that it is not usable yet."""
    state = state_of(life, now)
    if state in ("removed", "disabled"):
        raise CardDisabled(f"Card {card} is {state}.")
    if state == "expired":
        raise CardExpired(f"Card {card} expired at {told(life.expires_at)}.")


def require_kept(life: Life, card: str) -> None:
    """Pass unless the card was removed: its balance is neither corrected nor given back to."""
    if life.removed_at is not None:
        raise CardDisabled(f"Card {card} is removed.")


@dataclass(frozen=True, slots=True)
class Card:
    """A gift card as the rooms hand it on; amounts in minor units of `currency`.

    `id` is the row's number, `public_id` what people see. `transfer_count` and
    `head_hash` are the end of its chain, `message_count` the last `sequence`.
    `contact` is the contact's public id, `program` a program's slug, `programs` those that it may
    still choose between, while it is of none. `expired_at` is when
    its expiry was done: the message, and the transfer where there was one;
    `expiry_told_at` when it was settled whether people are told of it beforehand. Of the links to its
    page only those that were made under `link_number` lead there.
    """

    id: int
    public_id: str
    account_id: int
    currency: str
    balance: int
    held: int
    initial_amount: int
    last4: str
    kind: str
    source: str
    created_at: datetime
    updated_at: datetime
    transfer_count: int
    head_hash: str
    message_count: int
    contact: str | None = None
    program: str | None = None
    programs: tuple[str, ...] = ()
    sender: Mapping[str, Any] | None = None
    recipient: Mapping[str, Any] | None = None
    message: str | None = None
    note: str | None = None
    usable_at: datetime | None = None
    expires_at: datetime | None = None
    disabled_at: datetime | None = None
    disabled_finally: bool = False
    removed_at: datetime | None = None
    expired_at: datetime | None = None
    expiry_told_at: datetime | None = None
    delivery: str = "none"
    deliver_at: datetime | None = None
    delivered_at: datetime | None = None
    opened_at: datetime | None = None
    link_number: int = 0
    origin: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_no_page(self) -> bool:
        """Whether no link leads to it any more: removed, or stopped for good."""
        return self.removed_at is not None or self.disabled_finally

    @property
    def available(self) -> int:
        """What can be taken now: the balance less what is held."""
        return self.balance - self.held

    @property
    def life(self) -> Life:
        ends = self.expires_at, self.disabled_at, self.removed_at, self.expired_at
        return Life(self.balance, self.usable_at, *ends)


def card_json(card: Card, *, now: datetime, sandbox: bool, url: str | None = None) -> dict[str, Any]:
    """The card as REST and messages show it (docs/api.md); never its code.

    `url` opens its page, and that shows the code: for whoever may see that.
    """
    return {
        "id": card.public_id,
        "state": state_of(card.life, now),
        "currency": card.currency,
        "initial_amount": card.initial_amount,
        "balance": card.balance,
        "held": card.held,
        "available": card.available,
        "last4": card.last4,
        "contact_id": card.contact,
        "program": card.program,
        **({"programs": list(card.programs)} if card.programs else {}),
        "kind": card.kind,
        "sender": card.sender,
        "recipient": card.recipient,
        "message": card.message,
        "note": card.note,
        "url": url,
        "usable_at": _shown(card.usable_at),
        "expires_at": _shown(card.expires_at),
        "disabled_at": _shown(card.disabled_at),
        "removed_at": _shown(card.removed_at),
        "created_at": rfc3339(card.created_at),
        "updated_at": rfc3339(card.updated_at),
        "source": card.source,
        "origin": dict(card.origin),
        "sandbox": sandbox,
        "metadata": dict(card.metadata),
    }


def card_tag(card: Card, *, now: datetime, sandbox: bool) -> str:
    """The card's ETag: another one after every change, of money or not, and when time changes its state."""
    return tag_of(card_json(card, now=now, sandbox=sandbox), card.message_count, card.transfer_count)


def told(at: datetime | None) -> str:
    """A moment as a sentence has it: RFC 3339, to the second."""
    return "no moment" if at is None else rfc3339(at.replace(microsecond=0))


def _shown(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
