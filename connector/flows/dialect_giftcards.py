"""The whole cards that seed 001's clients write, as deeds of ours.

The one rule: what differs from how the card stands is done, each by its own deed, and nothing
else. So a card that is read and written back stays as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from ..domain.accounts import Account
from ..domain.cards import Card, state_of, told
from ..domain.errors import CardDisabled, CardExpired, NotFound
from ..domain.money import Money
from ..operations import expire, issue, remove, restore, revive, set_balance, update
from ..operations.kit import Desk, wrong
from ..store import aliases, card_lists, cards, dialect_cards
from ..store.card_filters import Filters
from ..store.card_lists import Sort
from ..store.columns import microseconds
from ..store.contacts import Contact
from ..store.dialect_cards import NOTHING_SAID
from . import dialect_people
from .dialect_cards import Seen, card_in, see
from .parts import Parts

ACTIVE: Final = "Active"
DELETED: Final = "Deleted"
EXPIRED: Final = "Expired"
STATUSES: Final = (ACTIVE, DELETED, EXPIRED)
MOST_CARDS: Final = 10_000
"""Of one client, in the one answer that there is: a shop has a handful, and nobody turns pages here."""

_PAGE: Final = 250
_WHY: Final = "written by a client of /giftcards"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A card as somebody wrote it; sums in minor units. `uuid` None: a new one.

    `ends_at` is None where it shall have no end; it counts only where it `tells_end`. `read_at`: the
    modifiedDate that it was read with, in milliseconds, None where it tells none.
    """

    uuid: str | None
    active: bool
    amount: int
    balance: int
    client: int
    purchased_at: datetime
    status: str
    ends_at: datetime | None = None
    tells_end: bool = False
    read_at: int | None = None

    def is_away(self, removed_at: datetime | None = None) -> bool:
        """Whether either of its two words says that it is out of sight.

        Of a card that was removed a copy says Deleted still, and its `active` counts; one from
        before, sent a second time, must not bring back what it took away.
        """
        has_seen = removed_at is not None and (self.read_at or 0) >= microseconds(removed_at) // 1000
        return not self.active or (self.status == DELETED and not has_seen)


def is_shown(seen: Seen) -> bool:
    """Whether the client's list has the card."""
    return seen.state not in ("removed", "disabled")


def status_of(seen: Seen) -> str:
    """One of STATUSES."""
    if not is_shown(seen):
        return DELETED
    return EXPIRED if seen.state == "expired" else ACTIVE


def of_client(parts: Parts, account: Account, number: int) -> list[Seen]:
    """The cards of the contact with this number that are to be shown, oldest first; none for nobody."""
    found: list[Card] = []
    now = parts.clock.now() + account.clock_offset
    with parts.engines.reading() as connection:
        contact = dialect_people.known(connection, account.id, number)
        if contact is None:
            return []
        filters = Filters(contact_id=contact.id, currency=account.currency)
        order, after = Sort("created_at", is_descending=False), None
        while len(found) < MOST_CARDS:
            page = card_lists.page(connection, account.id, filters, order, now=now, after=after, limit=_PAGE)
            found += [card for card in page if card.disabled_at is None]
            if len(page) < _PAGE:
                break
            after = card_lists.sort_value(page[-1], order), page[-1].id
    return see(parts, account, found[:MOST_CARDS])


def put(desk: Desk, sheet: Sheet) -> Card:
    """Make the card, or bring it to what the sheet says. ValidationFailed, NotFound, Conflict."""
    owner = dialect_people.found_or_made(desk, sheet.client, "clientId")  # contacts come before cards
    return _make(desk, sheet, owner) if sheet.uuid is None else _change(desk, sheet, sheet.uuid, owner)


def take_away(desk: Desk, uuid: str) -> Card:
    """Out of sight; again is harmless. NotFound."""
    return card_in(remove.perform(desk, remove.Remove(_named(desk, uuid), _WHY)))


def _make(desk: Desk, sheet: Sheet, owner: Contact) -> Card:
    if 0 < sheet.amount < sheet.balance:
        raise wrong("balanceAmount", "must not be more than amount")
    # A card that is over is made without its end, which only a living one can be given beforehand.
    ends_at = None if sheet.status == EXPIRED else sheet.ends_at
    made = card_in(
        issue.perform(
            desk,
            issue.Issue(amount=sheet.amount, contact_id=owner.public_id, kind="paid", expires_at=ends_at),
        )
    )
    card = _with_purchase(desk, made, sheet.purchased_at)
    card = _with_balance(desk, card, sheet.balance)
    if sheet.status == EXPIRED:
        card = _ended(desk, card, sheet)
    return _away(desk, card) if sheet.is_away() else card


def _change(desk: Desk, sheet: Sheet, uuid: str, owner: Contact) -> Card:
    was = desk.require_card(_named(desk, uuid))
    if sheet.amount != was.initial_amount:
        first = Money(was.initial_amount, was.currency)
        raise wrong("amount", f"was {first.text} when the card was made, and stays; change balanceAmount")
    if sheet.balance > max(sheet.amount, was.balance):
        raise wrong("balanceAmount", "must not be more than amount")
    is_hidden = was.removed_at is not None or was.disabled_at is not None
    stays_away = sheet.is_away(was.removed_at)
    card = was if stays_away else _back(desk, was)
    # Only a sheet that tells an end means one: a copy from before the card ended must not bring it back.
    if sheet.status == ACTIVE and sheet.tells_end and state_of(card.life, desk.now) == "expired":
        card = card if stays_away else _revived(desk, card, sheet)
    card = _updated(desk, card, sheet, owner)
    if sheet.balance > card.balance and state_of(card.life, desk.now) == "expired":
        raise CardExpired("The card is over: nothing is put on it but with another expireDate.")
    card = _with_balance(desk, card, sheet.balance)
    if sheet.status == EXPIRED and not stays_away and state_of(card.life, desk.now) != "expired":
        card = _ended(desk, card, sheet)
    if stays_away and not is_hidden:
        card = _away(desk, card)
    said = dialect_cards.of(desk.tx, [card.id]).get(card.id, NOTHING_SAID)
    if _is_same(said.purchased_at or card.created_at, sheet.purchased_at):
        return card if card != was else _touched(desk, card, ())
    dialect_cards.put(desk.tx, card.id, replace(said, purchased_at=sheet.purchased_at))
    return _touched(desk, card, ("purchase_date",))


def _named(desk: Desk, uuid: str) -> str:
    """The public id of the account's card with this UUID, in the account's currency; NotFound."""
    subject = aliases.by_uuid(desk.tx, desk.account.id, "card", uuid)
    found = None if subject is None else cards.find(desk.tx, desk.account.id, subject)
    if found is None or found.currency != desk.account.currency:
        raise NotFound("There is no such card in this account.")
    return found.public_id


def _back(desk: Desk, card: Card) -> Card:
    """In sight again. CardDisabled where somebody switched it off: that is no word of this API's."""
    if card.disabled_at is not None:
        raise CardDisabled("The card was switched off, which is taken back by other means than here.")
    if card.removed_at is not None:
        card = card_in(restore.perform(desk, restore.Restore(card.public_id, _WHY)))
    return card


def _away(desk: Desk, card: Card) -> Card:
    return card_in(remove.perform(desk, remove.Remove(card.public_id, _WHY)))


def _revived(desk: Desk, card: Card, sheet: Sheet) -> Card:
    """What is over lives again only with another end than the one that came, or with none."""
    if sheet.ends_at is not None and sheet.ends_at <= desk.now:
        raise wrong("expireDate", "is in the past: an Active card has a later one, or null")
    return card_in(revive.perform(desk, revive.Revive(card.public_id, _WHY, sheet.ends_at)))


def _updated(desk: Desk, card: Card, sheet: Sheet, owner: Contact) -> Card:
    """With its new owner and end, where they are others."""
    changed: dict[str, Any] = {}
    if card.contact != owner.public_id:
        changed["contact_id"] = owner.public_id
    is_over = sheet.status == EXPIRED and sheet.ends_at is not None and sheet.ends_at <= desk.now
    if sheet.tells_end and not is_over and not _is_same(card.expires_at, sheet.ends_at):
        changed["expires_at"] = sheet.ends_at
    if not changed:
        return card
    return card_in(update.perform(desk, update.Update(card.public_id, **changed)))


def _with_purchase(desk: Desk, card: Card, purchased_at: datetime) -> Card:
    dialect_cards.put(desk.tx, card.id, replace(NOTHING_SAID, purchased_at=purchased_at))
    return card


def _with_balance(desk: Desk, card: Card, balance: int) -> Card:
    if balance == card.balance:
        return card
    return card_in(set_balance.perform(desk, set_balance.SetBalance(card.public_id, balance)))


def _ended(desk: Desk, card: Card, sheet: Sheet) -> Card:
    """Over now, or since the moment that was written where that has passed."""
    ends_at = sheet.ends_at if sheet.ends_at is not None and sheet.ends_at <= desk.now else None
    if ends_at is not sheet.ends_at and not _is_same(card.expires_at, sheet.ends_at):
        raise wrong("expireDate", f"{told(sheet.ends_at)} is still to come: the card is not Expired")
    return expire.end_life(desk, replace(card, expires_at=ends_at), reason=_WHY)[0]


def _touched(desk: Desk, card: Card, fields: tuple[str, ...]) -> Card:
    """Marked as changed by whoever wrote it: nothing moved, and there is nothing to tell anybody."""
    if card.removed_at is not None and not fields:
        return card
    changed = cards.change(desk.tx, card, {})
    details: Mapping[str, Any] = {"fields": list(fields)}
    desk.note("update", changed, details=details)
    return changed


def _is_same(there: datetime | None, given: datetime | None) -> bool:
    """To the millisecond, in which this dialect writes moments."""
    if there is None or given is None:
        return there is given
    return _cut(there) == _cut(given)


def _cut(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
