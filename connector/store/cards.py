"""Card rows; look-up by the keyed hash of the code. Balances move in transfers.py only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, bindparam, case, func, select, update

from ..domain.cards import Card
from ..domain.codes import normal
from ..domain.errors import CannotOpen
from ..domain.sealing import KeyRing
from . import words
from .columns import Moment, is_name
from .prepared import Prepared
from .steering import shielded
from .tables import cards, contacts, transfers
from .writer import Writing, ask

_JOINED: Final = select(cards, contacts.c.public_id.label("contact")).select_from(
    cards.outerjoin(contacts, contacts.c.id == cards.c.contact_id)
)
_BY_PUBLIC: Final = Prepared(
    _JOINED.where(cards.c.account_id == bindparam("account_id"), cards.c.public_id == bindparam("public_id"))
)

CAN_BE_SPENT: Final = (
    cards.c.disabled_at.is_(None),
    cards.c.removed_at.is_(None),
    shielded(cards)["expired_at"].is_(None),  # else SQLite takes the timetable's index, of the whole account
    (cards.c.expires_at.is_(None)) | (cards.c.expires_at > bindparam("now", type_=Moment)),
    (cards.c.usable_at.is_(None)) | (cards.c.usable_at <= bindparam("now", type_=Moment)),
)
"""Conditions: not stopped, and within its life at `:now`."""

_USABLE: Final = (
    select(
        cards.c.currency,
        func.sum(cards.c.balance - cards.c.held).label("available"),
        func.min(case((cards.c.balance > 0, cards.c.expires_at))).label("next_expiry_at"),
    )
    .where(
        cards.c.account_id == bindparam("account_id"),
        cards.c.contact_id == bindparam("contact_id"),
        *CAN_BE_SPENT,
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
        "code_sealed": ring.seal(plain.encode(), _code_of(card.public_id)),
        "last4": card.last4,
        "balance": card.balance,
        "held": card.held,
        "initial_amount": card.initial_amount,
        "kind": card.kind,
        "contact_id": contact_id,
        "program": card.program,
        "programs": list(card.programs) or None,
        "sender": card.sender,
        "recipient": card.recipient,
        "message": card.message,
        "note": card.note,
        "usable_at": card.usable_at,
        "expires_at": card.expires_at,
        "delivery": card.delivery,
        "deliver_at": card.deliver_at,
        "source": card.source,
        "recipe": card.origin.get("recipe"),
        "origin": dict(card.origin),
        "metadata": dict(card.metadata),
        "transfer_count": card.transfer_count,
        "head_hash": card.head_hash,
        "message_count": card.message_count,
        "created_at": card.created_at,
        "updated_at": card.updated_at,
    }
    made = tx.insert_new(cards, values, ("account_id", "code_hash"))
    if made is not None:
        words.follow(tx, card.account_id, words.CARD, made, set(), _words_of(card))
    return made


def find(connection: Connection | Writing, account_id: int, public_id: str) -> Card | None:
    """The account's card with this id, or None."""
    if not is_name(public_id):
        return None
    values = {"account_id": account_id, "public_id": public_id}
    rows = ask(connection, _BY_PUBLIC, values)
    return _card(rows[0]) if rows else None


def account_of(connection: Connection | Writing, public_id: str) -> int | None:
    """Whose card this is: for links of ours alone, which name no account. None: there is none."""
    at = cards.c.public_id == public_id
    return connection.execute(select(cards.c.account_id).where(at)).scalar() if is_name(public_id) else None


def several(connection: Connection | Writing, account_id: int, public_ids: Sequence[str]) -> list[Card]:
    """Those of the account's cards with these ids that there are, in no order."""
    wanted = _JOINED.where(cards.c.account_id == account_id, cards.c.public_id.in_(public_ids))
    return [_card(row) for row in connection.execute(wanted).mappings()]


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


def change(tx: Writing, card: Card, values: Mapping[str, Any], messages: int = 0) -> Card:
    """Write `values` (fields of Card that are columns of its own) to a locked card; never its balance.

    `messages` is how many messages will tell of it.
    """
    row = {**values, "message_count": card.message_count + messages, "updated_at": tx.now}
    tx.execute(update(cards).where(cards.c.id == card.id).values(**row))
    changed = replace(card, **row)
    if values.keys() & {"message", "note", "recipient"}:
        words.follow(tx, card.account_id, words.CARD, card.id, _words_of(card), _words_of(changed))
    return changed


def recode(tx: Writing, ring: KeyRing, card: Card, *, code: str, plain: str) -> bool:
    """Give a locked card another code, as of `add`; False where another card of the account has it.

    Who is given it in the same moment by another transaction waits for this one, or this one fails:
    no two cards have one code.
    """
    hashes = ring.lookup_hashes(code)
    taken = select(cards.c.id).where(
        cards.c.account_id == card.account_id, cards.c.code_hash.in_(hashes), cards.c.id != card.id
    )
    if tx.execute(taken).first() is not None:
        return False
    sealed = ring.seal(plain.encode(), _code_of(card.public_id))
    row = {"code_hash": hashes[0], "code_sealed": sealed}
    tx.execute(update(cards).where(cards.c.id == card.id).values(**row))
    return True


def bind(tx: Writing, card: Card, contact_id: int | None, contact: str | None) -> Card:
    """Make a locked card somebody's (the contact's row and public id), or nobody's.

    Whose it was is kept: what was told of it then names them.
    """
    if card.contact is not None:
        words.add(tx, card.account_id, words.CARD, card.id, words.of_former_owner(card.contact))
    tx.execute(update(cards).where(cards.c.id == card.id).values(contact_id=contact_id))
    return replace(card, contact=contact)


def pass_over(tx: Writing, card: Card) -> None:
    """Settle that nobody is told of a card's expiry beforehand; for those who look at it nothing changed."""
    tx.execute(update(cards).where(cards.c.id == card.id).values(expiry_told_at=tx.now))


def open_code(connection: Connection | Writing, ring: KeyRing, card: Card) -> str:
    """The code as people see it, decrypted: for the answer to the one who made it, or an audited reveal."""
    sealed = connection.execute(select(cards.c.code_sealed).where(cards.c.id == card.id)).scalar_one()
    return opened(ring, card.public_id, sealed)


def open_codes(connection: Connection | Writing, ring: KeyRing, of_these: Sequence[Card]) -> dict[int, str]:
    """As `open_code`, of many: by their rows' numbers."""
    wanted = select(cards.c.id, cards.c.code_sealed).where(cards.c.id.in_([card.id for card in of_these]))
    sealed = {row.id: row.code_sealed for row in connection.execute(wanted)}
    return {card.id: opened(ring, card.public_id, sealed[card.id]) for card in of_these}


def opened(ring: KeyRing, card: str, sealed: str) -> str:
    """As `open_code`, of a row that was read already; `card` is its public id."""
    return ring.open(sealed, _code_of(card)).decode()


def _code_of(card: str) -> str:
    """What a code is sealed for: bound to its card, so that it cannot be moved to another one."""
    return f"card code {card}"


def is_own_code(ring: KeyRing, card: str, sealed: str, code_hash: str) -> bool:
    """Whether what stands in a card's row is one code, sealed for this card, and its own keyed hash."""
    try:
        plain = ring.open(sealed, _code_of(card)).decode()
    except (CannotOpen, ValueError):
        return False
    return code_hash in ring.lookup_hashes(normal(plain))


def newest_usable(
    connection: Connection | Writing,
    account_id: int,
    contact_id: int,
    *,
    currency: str,
    kind: str,
    program: str | None,
    now: datetime,
) -> str | None:
    """The contact's newest card that can be spent now, by its public id; one with nothing left counts.

    Of this program, or of none, and then of none that it may still choose: what a card of another is good
    for, and whose money it draws on, is another thing.
    """
    wanted = (
        select(cards.c.public_id)
        .where(
            cards.c.account_id == account_id,
            cards.c.contact_id == contact_id,
            cards.c.currency == currency,
            cards.c.kind == kind,
            cards.c.program.is_not_distinct_from(program),
            cards.c.programs.is_(None),
            *CAN_BE_SPENT,
        )
        .order_by(cards.c.id.desc())
        .limit(1)
    )
    found = connection.execute(wanted, {"now": now}).scalar()
    return None if found is None else str(found)


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


def _words_of(card: Card) -> set[bytes]:
    return words.of_card(card.message, card.note, card.recipient)


def with_contacts() -> Select[Any]:
    """Cards beside whose they are, for lists; each row is one for `card_of`."""
    return _JOINED


def card_of(row: RowMapping | Mapping[str, Any]) -> Card:
    """A card from its row beside `contact`."""
    return _card(row)


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
        programs=tuple(row["programs"] or ()),
        sender=row["sender"],
        recipient=row["recipient"],
        message=row["message"],
        note=row["note"],
        usable_at=row["usable_at"],
        expires_at=row["expires_at"],
        disabled_at=row["disabled_at"],
        disabled_finally=bool(row["disabled_finally"]),
        removed_at=row["removed_at"],
        expired_at=row["expired_at"],
        expiry_told_at=row["expiry_told_at"],
        delivery=row["delivery"],
        deliver_at=row["deliver_at"],
        delivered_at=row["delivered_at"],
        opened_at=row["opened_at"],
        link_number=row["link_number"],
        origin=row["origin"],
        metadata=row["metadata"],
    )
