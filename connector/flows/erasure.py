"""To erase a person and not their money: words go, cards, sums, ids and moments stay.

What is erased, and what is not, is told in docs/api.md; both are to be changed together.
"""

from typing import Any

from ..domain.cards import Card
from ..domain.contacts import normal_email, normal_phone
from ..operations.kit import Desk
from ..store import contact_changes, erasing, notifications
from ..store.contacts import Contact
from ..store.erasing import Addresses


def erase(desk: Desk, contact: Contact) -> Contact:
    """Erase a contact that is locked; all of it in this transaction."""
    addresses = erasing.addresses_of(desk.tx, contact)
    named = erasing.cards_with_words(desk.tx, contact, addresses)
    erased = contact_changes.forget(desk.tx, contact)  # first, so that no message of it names anybody
    sent = [card for card in named if _forget_words(desk, desk.require_card(card), contact, addresses)]
    erasing.renew_links(desk.tx, contact)
    erasing.forget_messages(desk.tx, contact, sent)
    erasing.forget_events(desk.tx, desk.ring, contact)
    notifications.forget(desk.tx, [contact.id, *erasing.merged_into(desk.tx, contact)], sent)
    desk.note("erase_contact", None, subject=contact.public_id)
    return erased


def _forget_words(desk: Desk, card: Card, contact: Contact, addresses: Addresses) -> bool:
    """Of their own cards all that people wrote, of another's who gets it where that was them; whether so."""
    is_own = card.contact == contact.public_id
    sent_to = card.recipient or {}
    is_theirs = (
        normal_email(sent_to.get("email")) in addresses.emails
        or normal_phone(sent_to.get("phone"), desk.account.country) in addresses.phones
    )
    gone = erasing.WORDS_ON_CARDS if is_own else ("recipient",) if is_theirs else ()
    values: dict[str, Any] = {name: None for name in gone if getattr(card, name) is not None}
    if gone and not is_own:  # theirs are renewed all at once
        values["link_number"] = card.link_number + 1
    if values:
        desk.change("erase_contact", card, values, ("gift_card.updated",))
    return bool(gone)
