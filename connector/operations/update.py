"""Update: what is written on a card, and when it is usable. A null empties a field, one left out stays.

Money never moves here, and an expired card keeps its end: it is revived, not dated anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

from ..domain.card_numbers import mask
from ..domain.cards import Card, state_of, told
from ..domain.errors import CardDisabled, CardExpired
from ..domain.events import rfc3339
from ..domain.jsontext import dumps
from ..store import cards
from ..store.contacts import Contact
from . import choosing, owners
from .details import RECIPIENT, removed, require_known, require_text
from .kit import Desk, Operation, Outcome, field_of, wrong
from .whom import require_addresses

LEFT_OUT: Final[Any] = object()
"""What a field has that was not given; None empties it."""

MAX_METADATA_KEYS: Final = 50
MAX_METADATA_BYTES: Final = 8_192


@dataclass(frozen=True, slots=True)
class Update:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    note: str | None = field_of("text", "words for yourselves", default=LEFT_OUT, is_clearable=True)
    message: str | None = field_of("text", "words for the recipient", default=LEFT_OUT, is_clearable=True)
    expires_at: datetime | None = field_of("moment", "not after", default=LEFT_OUT, is_clearable=True)
    usable_at: datetime | None = field_of("moment", "not before", default=LEFT_OUT, is_clearable=True)
    program: str | None = field_of("text", "which of its programs its holder chose", default=LEFT_OUT)
    contact_id: str | None = field_of("contact", "whose card it is", default=LEFT_OUT, is_clearable=True)
    recipient: Mapping[str, Any] | None = field_of(
        "mapping", "who gets it: name, email, phone, locale", default=LEFT_OUT, is_clearable=True
    )
    metadata: Mapping[str, Any] | None = field_of(
        "mapping", "anything of yours; a key's null takes it out", default=LEFT_OUT, is_clearable=True
    )


def perform(desk: Desk, command: Update) -> Outcome:
    """Raises ValidationFailed, NotFound, ContactErased, CardDisabled or CardExpired."""
    asked = {one.name: getattr(command, one.name) for one in fields(command) if one.name != "card"}
    given = {name: mask(value) for name, value in asked.items() if value is not LEFT_OUT}
    require_text("note", given.get("note"))
    require_text("message", given.get("message"))
    require_known("recipient", given.get("recipient"), RECIPIENT)
    require_addresses(desk.account, given.get("recipient"), "recipient")
    owner = _owner(desk, given)  # before the card: locks are taken in this order everywhere
    card = desk.require_card(command.card)
    desk.tx.pause("update.card_read")
    if card.removed_at is not None:
        raise CardDisabled(removed(card))
    if "metadata" in given:
        given["metadata"] = _merged(card.metadata, given["metadata"])
    program = given.pop("program", None)
    if program is not None:
        card = choosing.bind(desk, card, program)
    changed = _bound(desk, card, owner) if "contact_id" in given else card
    given.pop("contact_id", None)
    values = {name: value for name, value in given.items() if getattr(card, name) != value}
    _require_times(desk, card, values)
    if not values and changed is card:
        return Outcome(card)
    return Outcome(_write(desk, changed, values, is_bound=changed is not card))


def _merged(there: Mapping[str, Any], given: Mapping[str, Any] | None) -> dict[str, Any]:
    """As RFC 7396 and Stripe have it: keys that are given replace, a null takes out, the others stay."""
    if given is None:
        return {}
    whole = {name: value for name, value in {**there, **given}.items() if value is not None}
    if len(whole) > MAX_METADATA_KEYS:
        raise wrong("metadata", f"would have {len(whole)} keys; {MAX_METADATA_KEYS} are the most")
    if len(dumps(whole)) > MAX_METADATA_BYTES:
        raise wrong("metadata", f"would have more than {MAX_METADATA_BYTES} bytes")
    return whole


def _owner(desk: Desk, given: Mapping[str, Any]) -> Contact | None:
    """Whose the card is to be, held until the commit; None where nobody was named. NotFound."""
    name = given.get("contact_id")
    return None if name is None else owners.require_known(desk, name)


def _bound(desk: Desk, card: Card, owner: Contact | None) -> Card:
    """The card with its new owner; itself where it was theirs before. ContactErased."""
    public_id = None if owner is None else owner.public_id
    if public_id == card.contact:
        return card
    if owner is not None:
        owners.require_there(owner)
    return cards.bind(desk.tx, card, None if owner is None else owner.id, public_id)


def _require_times(desk: Desk, card: Card, values: Mapping[str, Any]) -> None:
    if not {"expires_at", "usable_at"} & values.keys():
        return
    if state_of(replace(card.life, disabled_at=None), desk.now) == "expired":
        raise CardExpired(f"Card {card.public_id} expired at {told(card.expires_at)}; revive it.")
    expires_at, usable_at = (values.get(name, getattr(card, name)) for name in ("expires_at", "usable_at"))
    if "expires_at" in values and expires_at is not None and expires_at <= desk.now:
        raise wrong("expires_at", f"{told(expires_at)} is in the past")
    if expires_at is not None and usable_at is not None and usable_at >= expires_at:
        raise wrong("usable_at" if "usable_at" in values else "expires_at", "usable_at is before expires_at")


def _write(desk: Desk, card: Card, values: Mapping[str, Any], *, is_bound: bool) -> Card:
    """The audit row names what people wrote and does not repeat it: it outlives a person's erasure."""
    row = {**values, "expiry_told_at": None} if "expires_at" in values else dict(values)
    changed = cards.change(desk.tx, card, row, messages=1)
    desk.tell_of_card(("gift_card.updated",), changed, None, desk.contact_of(changed))
    moments = {
        name: None if value is None else rfc3339(value)
        for name, value in values.items()
        if name in ("expires_at", "usable_at")
    }
    owner = {"contact_id": changed.contact} if is_bound else {}
    desk.note("update", changed, details={"fields": sorted({*values, *owner}), **moments, **owner})
    return changed


def _answer(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    assert outcome.card is not None
    return desk.card_json(outcome.card)


OPERATION = Operation(
    name="update",
    title="Change a gift card",
    command=Update,
    perform=perform,
    scope="cards:write",
    answer=_answer,
    rest_path="/gift-cards/{card}",
    method="PATCH",
    verb="update",
)
