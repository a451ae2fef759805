"""What else says something of a person: their events, the payloads that told of them, runs, messages.

The one rule: words go, and what proves the money stays. No row goes, no id, no sum and no moment.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import exists, select, update

from ..domain.jsontext import dumps, read_own
from ..domain.sealing import KeyRing
from . import contact_lists, deliveries, words
from .contacts import Contact
from .tables import cards, contacts, events, messages, runs, search_words, webhook_deliveries
from .writer import Writing

CHUNK: Final = 500
_KEPT: Final = (
    *("id", "type", "occurred_at", "source", "adapter", "account", "derived"),
    *("booking", "invoice", "payment", "order", "refund", "deal", "points"),
)
"""Of an event: what happened when, and the sums that totals are made of."""

_ENDED: Final = ("delivered", "dead", "cancelled")
WORDS_ON_CARDS: Final = ("recipient", "sender", "message", "note")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Everything that a person is written to at."""

    emails: frozenset[str]
    phones: frozenset[str]


def forget_events(tx: Writing, ring: KeyRing, contact: Contact) -> int:
    """Empty the contact's events, what was delivered with them, and the traces of their runs; how many."""
    emptied = 0
    for rows in _chunks(tx, contact):
        for row in rows:
            envelope = erased(read_own(row["envelope"]))
            deliveries.replace_envelope(tx, row["id"], dumps(envelope))
        deliveries.empty(tx, ring, sorted({row["delivery_id"] for row in rows if row["delivery_id"]}))
        of_them = runs.c.event_id.in_([row["id"] for row in rows])
        tx.execute(update(runs).where(of_them).values(trace=[], reason=None))
        emptied += len(rows)
    return emptied


def erased(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """An event without the person: its kind, moments, ids and sums."""
    kept = {name: envelope[name] for name in _KEPT if name in envelope}
    return {**kept, "contact": None, "data": {}, "erased": True}


def renew_links(tx: Writing, contact: Contact) -> None:
    """No link to a card of theirs that anybody has leads anywhere any more."""
    own = select(cards.c.id).where(cards.c.contact_id == contact.id).order_by(cards.c.id)
    found = list(tx.execute(own if tx.is_alone else own.with_for_update()).scalars())
    for first in range(0, len(found), CHUNK):
        some = cards.c.id.in_(found[first : first + CHUNK])
        tx.execute(update(cards).where(some).values(link_number=cards.c.link_number + 1))


def addresses_of(tx: Writing, contact: Contact) -> Addresses:
    """All that the contact is found by, those that came by a merge included."""
    known = contact_lists.identities_of(tx, [contact.id])[contact.id]
    by_kind = {
        kind: frozenset({value for own, _, value in known if own == kind} | ({main} if main else set()))
        for kind, main in (("email", contact.email), ("phone", contact.phone))
    }
    return Addresses(by_kind["email"], by_kind["phone"])


def forget_messages(tx: Writing, contact: Contact, named: Sequence[str]) -> int:
    """Take the person out of what was told of their cards, and of those `named` that were sent to them.

    Their cards are those that are theirs, and those that were. How many messages. What is
    still on its way is left as it is: a body never changes under its signature, and one that
    was changed here is never sent again.
    """
    names = _names_of(tx, contact)
    own = cards.c.contact_id == contact.id
    former = cards.c.id.in_(_rows_with(contact, [words.of_former_owner(name) for name in names]))
    whose = cards.c.account_id == contact.account_id, own | former | cards.c.public_id.in_(named)
    is_open = exists().where(
        webhook_deliveries.c.message_id == messages.c.id, webhook_deliveries.c.state.not_in(_ENDED)
    )
    wanted = (
        select(messages.c.id, messages.c.body, own.label("is_own"), cards.c.public_id.label("card"))
        .join(cards, cards.c.id == messages.c.card_id)
        .where(*whose, ~is_open, messages.c.body != b"")
        .order_by(messages.c.id)
    )
    if not tx.is_alone:
        wanted = wanted.with_for_update(of=messages, key_share=True)
    forgotten = 0
    rows = tx.execute(wanted).mappings().all()
    # Asked again of what is held: somebody may have sent one again while we waited for it.
    opened = open_again(tx, [row["id"] for row in rows])
    for row in rows:
        if row["id"] in opened:
            continue
        body = read_own(bytes(row["body"]).decode())
        is_own = bool(row["is_own"]) or _owner(body["data"]) in names
        if not is_own and row["card"] not in named:
            continue  # of a time when the card was another's
        emptied = {**body, "data": _without_person(body["data"], is_own=is_own)}
        kept = dumps(emptied).encode("ascii")
        tx.execute(update(messages).where(messages.c.id == row["id"]).values(body=kept, erased_at=tx.now))
        forgotten += 1
    return forgotten


def open_again(tx: Writing, message_ids: Sequence[int]) -> set[int]:
    """Of these messages, which are held, those that are on their way to somebody."""
    found: set[int] = set()
    for start in range(0, len(message_ids), CHUNK):
        wanted = select(webhook_deliveries.c.message_id).where(
            webhook_deliveries.c.message_id.in_(message_ids[start : start + CHUNK]),
            webhook_deliveries.c.state.not_in(_ENDED),
        )
        found |= set(tx.execute(wanted).scalars())
    return found


def cards_with_words(tx: Writing, contact: Contact, addresses: Addresses) -> list[str]:
    """Ids of the cards that say something of the person: their own, and those perhaps sent to them.

    Of a phone number only the end is looked for: whoever asks compares the whole.
    """
    sought = [word for email in sorted(addresses.emails) for word in words.in_search(email)]
    sought += [words.of_phone(phone) for phone in sorted(addresses.phones)]
    about = (cards.c.contact_id == contact.id) | cards.c.id.in_(_rows_with(contact, sought))
    wanted = select(cards).where(cards.c.account_id == contact.account_id, about).order_by(cards.c.id)
    return [
        row["public_id"] for row in tx.execute(wanted).mappings() if any(row[name] for name in WORDS_ON_CARDS)
    ]


def _rows_with(contact: Contact, sought: Sequence[bytes]) -> Any:
    return select(search_words.c.row_id).where(
        search_words.c.account_id == contact.account_id,
        search_words.c.kind == words.CARD,
        search_words.c.word.in_(sought),
    )


def merged_into(tx: Writing, contact: Contact) -> list[int]:
    """The rows of contacts that were merged into this one."""
    return list(tx.execute(select(contacts.c.id).where(contacts.c.merged_into == contact.id)).scalars())


def _names_of(tx: Writing, contact: Contact) -> list[str]:
    """The contact's public id, and those of contacts that were merged into it."""
    merged = select(contacts.c.public_id).where(contacts.c.merged_into == contact.id)
    return [contact.public_id, *(str(name) for name in tx.execute(merged).scalars())]


def _owner(data: Mapping[str, Any]) -> Any:
    """Whose card it was when this was told."""
    told = data.get("contact")
    return told.get("id") if isinstance(told, Mapping) else None


def _chunks(tx: Writing, contact: Contact) -> Iterator[list[Mapping[str, Any]]]:
    last = 0
    while True:
        wanted = (
            select(events.c.id, events.c.envelope, events.c.delivery_id)
            .where(events.c.contact_id == contact.id, events.c.id > last)
            .order_by(events.c.id)
            .limit(CHUNK)
        )
        rows: list[Mapping[str, Any]] = [dict(row) for row in tx.execute(wanted).mappings()]
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]


def _without_person(data: Mapping[str, Any], *, is_own: bool) -> dict[str, Any]:
    """Of their own card all that people wrote; of another's, who gets it."""
    shown, gone = dict(data), WORDS_ON_CARDS if is_own else ("recipient",)
    for name in ("gift_card", "to_gift_card"):
        if isinstance(shown.get(name), dict):
            shown[name] = {**shown[name], **dict.fromkeys(gone)}
    if is_own and isinstance(shown.get("contact"), dict):
        shown["contact"] = {"id": shown["contact"]["id"]}
    return shown
