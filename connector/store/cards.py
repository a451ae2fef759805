"""Card rows; look-up by the keyed hash of the code. Balances move in transfers.py only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, bindparam, case, func, select

from ..domain.cards import Card
from ..domain.sealing import KeyRing
from .columns import Moment, is_name
from .prepared import Prepared
from .tables import cards, contacts, transfers
from .writer import Writing, ask

_CODE: Final = "card code"
_JOINED: Final = select(cards, contacts.c.public_id.label("contact")).select_from(
    cards.outerjoin(contacts, contacts.c.id == cards.c.contact_id)
)
_BY_PUBLIC: Final = Prepared(
    _JOINED.where(cards.c.account_id == bindparam("account_id"), cards.c.public_id == bindparam("public_id"))
)

_USABLE: Final = (
    select(
        cards.c.currency,
        func.sum(cards.c.balance - cards.c.held).label("available"),
        func.min(case((cards.c.balance > 0, cards.c.expires_at))).label("next_expiry_at"),
    )
    .where(
        cards.c.account_id == bindparam("account_id"),
        cards.c.contact_id == bindparam("contact_id"),
        cards.c.disabled_at.is_(None),
        cards.c.removed_at.is_(None),
        (cards.c.expires_at.is_(None)) | (cards.c.expires_at > bindparam("now", type_=Moment)),
        (cards.c.usable_at.is_(None)) | (cards.c.usable_at <= bindparam("now", type_=Moment)),
    )
    .group_by(cards.c.currency)
)


def add(
    tx: Writing, ring: KeyRing, card: Card, *, code: str, plain: str, contact_id: int | None
) -> int | None:
    """Insert a new card and return its row's number, or None where the account has the code already.

    `code` is its normal form (unique under every key of the ring), `plain` what people see.
    """
    hashes = ring.lookup_hashes(code)
    if len(hashes) > 1:
        taken = select(cards.c.id).where(
            cards.c.account_id == card.account_id, cards.c.code_hash.in_(hashes[1:])
        )
        if tx.execute(taken).first() is not None:
            return None
    values = {
        "public_id": card.public_id,
        "account_id": card.account_id,
        "currency": card.currency,
        "code_hash": hashes[0],
        "code_sealed": ring.seal(plain.encode(), _CODE),
        "last4": card.last4,
        "balance": card.balance,
        "held": card.held,
        "initial_amount": card.initial_amount,
        "kind": card.kind,
        "contact_id": contact_id,
        "program": card.program,
        "sender": card.sender,
        "recipient": card.recipient,
        "message": card.message,
        "note": card.note,
        "usable_at": card.usable_at,
        "expires_at": card.expires_at,
        "source": card.source,
        "origin": dict(card.origin),
        "metadata": dict(card.metadata),
        "transfer_count": card.transfer_count,
        "head_hash": card.head_hash,
        "message_count": card.message_count,
        "created_at": card.created_at,
        "updated_at": card.updated_at,
    }
    return tx.insert_new(cards, values, ("account_id", "code_hash"))


def find(connection: Connection | Writing, account_id: int, public_id: str) -> Card | None:
    """The account's card with this id, or None."""
    if not is_name(public_id):
        return None
    values = {"account_id": account_id, "public_id": public_id}
    rows = ask(connection, _BY_PUBLIC, values)
    return _card(rows[0]) if rows else None


def find_by_code(connection: Connection | Writing, ring: KeyRing, account_id: int, code: str) -> Card | None:
    """The account's card with this code in its normal form, or None; every key of the ring is tried."""
    wanted = _JOINED.where(cards.c.account_id == account_id, cards.c.code_hash.in_(ring.lookup_hashes(code)))
    row = connection.execute(wanted).mappings().first()
    return None if row is None else _card(row)


def lock(tx: Writing, account_id: int, public_id: str) -> Card | None:
    """As `find`, holding the row until the commit, so that number and head stay ours."""
    if not is_name(public_id):
        return None
    held = select(cards.c.id).where(cards.c.account_id == account_id, cards.c.public_id == public_id)
    if not tx.is_alone and tx.execute(held.with_for_update()).first() is None:
        return None
    return find(tx, account_id, public_id)


def open_code(connection: Connection | Writing, ring: KeyRing, card: Card) -> str:
    """The code as people see it, decrypted: for the answer to the one who made it, or an audited reveal."""
    sealed = connection.execute(select(cards.c.code_sealed).where(cards.c.id == card.id)).scalar_one()
    return ring.open(sealed, _CODE).decode()


@dataclass(frozen=True, slots=True)
class Purse:
    """What a contact can spend now, in minor units per currency, and when the next of it expires."""

    balances: Mapping[str, int]
    next_expiry_at: datetime | None = None
    last_redeemed_at: datetime | None = None


def purse(connection: Connection | Writing, account_id: int, contact_id: int, now: datetime) -> Purse:
    """The sums over a contact's usable cards."""
    balances: dict[str, int] = {}
    expiries: list[datetime] = []
    values = {"account_id": account_id, "contact_id": contact_id, "now": now}
    for row in connection.execute(_USABLE, values):
        balances[row.currency] = int(row.available)
        if row.next_expiry_at is not None:
            expiries.append(row.next_expiry_at)
    return Purse(balances, min(expiries, default=None))


def last_redeemed_at(connection: Connection | Writing, account_id: int, contact_id: int) -> datetime | None:
    """When one of a contact's cards was last spent from."""
    found: datetime | None = connection.execute(
        select(func.max(transfers.c.created_at))
        .join(cards, cards.c.id == transfers.c.card_id)
        .where(
            cards.c.account_id == account_id,
            cards.c.contact_id == contact_id,
            transfers.c.type.in_(("redeem", "capture")),
        )
    ).scalar()
    return found


def page(
    connection: Connection, account_id: int, *, conditions: Sequence[Any], before: int | None, limit: int
) -> list[Card]:
    """At most `limit` cards, newest first, in front of the row number `before`."""
    wanted: Select[Any] = _JOINED.where(cards.c.account_id == account_id, *conditions)
    if before is not None:
        wanted = wanted.where(cards.c.id < before)
    rows = connection.execute(wanted.order_by(cards.c.id.desc()).limit(limit)).mappings()
    return [_card(row) for row in rows]


def _card(row: RowMapping | Mapping[str, Any]) -> Card:
    return Card(
        id=row["id"],
        public_id=row["public_id"],
        account_id=row["account_id"],
        currency=row["currency"],
        balance=row["balance"],
        held=row["held"],
        initial_amount=row["initial_amount"],
        last4=row["last4"],
        kind=row["kind"],
        source=row["source"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        transfer_count=row["transfer_count"],
        head_hash=row["head_hash"],
        message_count=row["message_count"],
        contact=row["contact"],
        program=row["program"],
        sender=row["sender"],
        recipient=row["recipient"],
        message=row["message"],
        note=row["note"],
        usable_at=row["usable_at"],
        expires_at=row["expires_at"],
        disabled_at=row["disabled_at"],
        removed_at=row["removed_at"],
        origin=row["origin"],
        metadata=row["metadata"],
    )


BALANCE_STATUSES: Final = ("full", "partial", "empty", "full_or_partial")


def of_contact(contact_id: int) -> Any:
    """A condition: this contact's cards."""
    return cards.c.contact_id == contact_id


def in_currency(currency: str) -> Any:
    """A condition: cards in one currency."""
    return cards.c.currency == currency


def ends_with(last4: str) -> Any:
    """A condition: cards whose code ends so, in capitals."""
    return cards.c.last4 == last4


def has_balance_status(status: str) -> Any:
    """A condition: one of BALANCE_STATUSES; loaded above its initial amount counts as full."""
    if status == "full":
        return (cards.c.balance >= cards.c.initial_amount) & (cards.c.balance > 0)
    if status == "partial":
        return (cards.c.balance > 0) & (cards.c.balance < cards.c.initial_amount)
    return cards.c.balance == 0 if status == "empty" else cards.c.balance > 0
