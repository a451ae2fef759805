"""Lists of contacts, and what each of them is known by. Merged and erased ones are in no list.

The one rule: a page costs what it shows. What a filter names is read by its index,
in the list's own order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, case, func, select

from ..domain.cards import Card
from .cards import CAN_BE_SPENT, Purse, card_of, with_contacts
from .contacts import Contact, contact_of
from .identities import Identity
from .tables import cards, contact_tags, contacts, identities, search_words, transfers
from .words import CONTACT
from .writer import Writing

MOST_CARDS: Final = 1_000  # of one contact: nobody has so many, but the till's walk-in


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked of contacts, all of it at once."""

    identities: tuple[Identity, ...] = ()
    tag: str | None = None
    words: tuple[bytes, ...] = ()


def page(
    connection: Connection, account_id: int, filters: Filters, *, before: int | None, limit: int
) -> list[Contact]:
    """At most `limit` contacts, newest first, in front of the row number `before`."""
    number, wanted = _driven(account_id, filters)
    wanted = wanted.where(contacts.c.merged_into.is_(None), contacts.c.erased_at.is_(None))
    for kind, namespace, value in filters.identities:
        has_it = select(identities.c.contact_id).where(
            identities.c.account_id == account_id,
            identities.c.kind == kind,
            identities.c.namespace == namespace,
            identities.c.value == value,
        )
        wanted = wanted.where(contacts.c.id == has_it.scalar_subquery())
    if before is not None:
        wanted = wanted.where(number < before)
    rows = connection.execute(wanted.order_by(number.desc()).limit(limit)).mappings()
    return [contact_of(row) for row in rows]


def _driven(account_id: int, filters: Filters) -> tuple[Any, Select[Any]]:
    """The rows that the narrowest filter names, and the column that numbers them in the list's order."""
    if filters.tag is None and not filters.words:
        return contacts.c.id, select(contacts).where(contacts.c.account_id == account_id)
    if filters.tag is not None:
        first, number = contact_tags, contact_tags.c.contact_id
        wanted = _joined(first, number).where(first.c.account_id == account_id, first.c.tag == filters.tag)
        rest = filters.words
    else:
        first, number = search_words, search_words.c.row_id
        wanted = _joined(first, number).where(*_is_word(first, account_id, filters.words[0]))
        rest = filters.words[1:]
    for word in rest:
        other = search_words.alias()
        has_it = select(other.c.row_id).where(*_is_word(other, account_id, word), other.c.row_id == number)
        wanted = wanted.where(has_it.exists())
    return number, wanted


def _joined(first: Any, number: Any) -> Select[Any]:
    return select(contacts).select_from(first.join(contacts, contacts.c.id == number))


def _is_word(table: Any, account_id: int, word: bytes) -> tuple[Any, ...]:
    return table.c.account_id == account_id, table.c.word == word, table.c.kind == CONTACT


def identities_of(connection: Connection | Writing, contact_ids: Sequence[int]) -> dict[int, list[Identity]]:
    """What each of these contacts is found by, oldest first."""
    found: dict[int, list[Identity]] = {one: [] for one in contact_ids}
    wanted = select(identities).where(identities.c.contact_id.in_(contact_ids)).order_by(identities.c.id)
    for row in connection.execute(wanted):
        found[row.contact_id].append((row.kind, row.namespace, row.value))
    return found


def public_ids(connection: Connection | Writing, numbers: Sequence[int]) -> list[str]:
    """What people call the contacts with these row numbers."""
    wanted = select(contacts.c.public_id).where(contacts.c.id.in_(numbers)).order_by(contacts.c.id)
    return [str(row.public_id) for row in connection.execute(wanted)]


def purses_of(
    connection: Connection | Writing, account_id: int, contact_ids: Sequence[int], now: datetime
) -> dict[int, Purse]:
    """What each of these contacts can spend, when the next of it expires, and when they last spent any."""
    own = cards.c.account_id == account_id, cards.c.contact_id.in_(contact_ids)
    sums = (
        select(
            cards.c.contact_id,
            cards.c.currency,
            func.sum(cards.c.balance - cards.c.held).label("available"),
            func.min(case((cards.c.balance > 0, cards.c.expires_at))).label("next_expiry_at"),
        )
        .where(*own, *CAN_BE_SPENT)
        .group_by(cards.c.contact_id, cards.c.currency)
    )
    spending = transfers.c.type.in_(("redeem", "capture"))
    spent = (
        select(cards.c.contact_id, func.max(transfers.c.created_at).label("at"))
        .join(transfers, transfers.c.card_id == cards.c.id)
        .where(*own, spending)
        .group_by(cards.c.contact_id)
    )
    last = {row.contact_id: row.at for row in connection.execute(spent)}
    found: dict[int, list[Any]] = {one: [] for one in contact_ids}
    for row in connection.execute(sums, {"now": now}):
        found[row.contact_id].append(row)
    return {
        one: Purse(
            {row.currency: int(row.available) for row in rows},
            min((row.next_expiry_at for row in rows if row.next_expiry_at is not None), default=None),
            last.get(one),
        )
        for one, rows in found.items()
    }


def cards_of(
    connection: Connection | Writing, account_id: int, contact_id: int, *, currency: str | None = None
) -> list[Card]:
    """A contact's newest MOST_CARDS cards, newest first, removed ones among them."""
    wanted = with_contacts().where(cards.c.account_id == account_id, cards.c.contact_id == contact_id)
    if currency is not None:
        wanted = wanted.where(cards.c.currency == currency)
    rows = connection.execute(wanted.order_by(cards.c.id.desc()).limit(MOST_CARDS)).mappings()
    return [card_of(row) for row in rows]
