"""The only way that money moves. A card is never below what is held on it, and never below zero."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..domain import ids
from ..domain.cards import Card
from ..domain.errors import BalanceChanged, CapReached, CodeTaken, InsufficientBalance, ValidationFailed
from ..domain.money import MAX_MINOR
from ..domain.sealing import KeyRing
from ..domain.transfers import NO_HASH, Transfer
from ..store import cards as card_rows
from ..store import transfers as transfer_rows
from ..store.writer import Writing
from . import accounts


@dataclass(frozen=True, slots=True)
class Why:
    """What a transfer says of its cause. `origin` names the recipe and run, the key, or the command."""

    type: str
    origin: Mapping[str, Any]
    reference: str | None = None
    reason: str | None = None
    note: str | None = None
    related: str | None = None


def open_card(
    tx: Writing,
    ring: KeyRing,
    card: Card,
    *,
    source: str,
    why: Why,
    code: str,
    plain: str,
    contact_id: int | None,
    messages: int,
) -> tuple[Card, Transfer]:
    """Make `card` with its first transfer, `source` → card, of its initial amount.

    `code` is the normal form, `plain` what people see; `messages` how many
    messages will tell of it. CodeTaken where the account has the code.
    """
    amount = _require_amount(card.initial_amount)
    transfer = _line(
        tx, card, why, debit=source, credit=accounts.of_card(card), amount=amount, balance_after=amount
    )
    opened = replace(card, balance=amount, transfer_count=1, head_hash=transfer.hash, message_count=messages)
    row = card_rows.add(tx, ring, opened, code=code, plain=plain, contact_id=contact_id)
    if row is None:
        raise CodeTaken("Another card of this account has this code.")
    transfer_rows.append(tx, transfer, row)
    return replace(opened, id=row), transfer


def post(
    tx: Writing, card: Card, other: str, delta: int, why: Why, *, messages: int = 1
) -> tuple[Card, Transfer]:
    """Move `delta` minor units onto the card (above 0: `other` → card) or off it (below 0: card → `other`).

    `card` must have been locked in this transaction: BalanceChanged where somebody
    came between all the same. InsufficientBalance where it would fall below what is
    held, CapReached above what any card may hold. Card to card is two postings.
    """
    amount = _require_amount(abs(delta))
    own = accounts.of_card(card)
    balance = card.balance + delta
    if accounts.is_card(other):
        raise ValueError("a transfer touches one card at most")
    if balance > MAX_MINOR:
        raise CapReached(f"No card may hold more than {MAX_MINOR} minor units.")
    debit, credit = (other, own) if delta > 0 else (own, other)
    transfer = _line(tx, card, why, debit=debit, credit=credit, amount=amount, balance_after=balance)
    tx.pause("posting.before_move")
    if not transfer_rows.move(tx, card, delta, transfer, messages):
        if card.available + delta >= 0:
            raise BalanceChanged(f"Card {card.public_id} was changed meanwhile.")
        raise InsufficientBalance(
            f"Card {card.public_id} has {card.available} {card.currency} available, {amount} asked."
        )
    transfer_rows.append(tx, transfer, card.id)
    moved = replace(
        card,
        balance=balance,
        transfer_count=card.transfer_count + 1,
        message_count=card.message_count + messages,
        head_hash=transfer.hash,
        updated_at=tx.now,
    )
    return moved, transfer


def _line(
    tx: Writing, card: Card, why: Why, *, debit: str, credit: str, amount: int, balance_after: int
) -> Transfer:
    return Transfer(
        public_id=ids.new_id(ids.TRANSFER, tx.now),
        account_id=card.account_id,
        type=why.type,
        debit=debit,
        credit=credit,
        amount=amount,
        currency=card.currency,
        created_at=tx.now,
        previous_hash=card.head_hash or NO_HASH,
        number=card.transfer_count + 1,
        balance_after=balance_after,
        related=why.related,
        reference=why.reference,
        reason=why.reason,
        note=why.note,
        origin=dict(why.origin),
    )


def _require_amount(amount: int) -> int:
    if not 0 < amount <= MAX_MINOR:
        raise ValidationFailed(f"An amount is between 1 and {MAX_MINOR} minor units, not {amount}")
    return amount
