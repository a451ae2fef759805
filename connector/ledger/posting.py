"""The only way that money moves. A card is never below what is held on it, funds are never overdrawn."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..domain import ids
from ..domain.card_numbers import mask
from ..domain.cards import Card
from ..domain.errors import (
    BalanceChanged,
    CapReached,
    CodeTaken,
    InsufficientBalance,
    InsufficientFunds,
    ValidationFailed,
)
from ..domain.funds import Fund
from ..domain.money import MAX_MINOR, Money
from ..domain.sealing import KeyRing
from ..domain.transfers import NO_HASH, Transfer
from ..store import cards as card_rows
from ..store import funds as fund_rows
from ..store import transfers as transfer_rows
from ..store.writer import Writing
from . import accounts
from .funding import Giver


@dataclass(frozen=True, slots=True)
class Why:
    """What a transfer says of its cause. `origin` names the recipe and run, the key, or the command.

    Two lines that belong together name each other: `line_id` is then the line's own
    public id, from `new_line_id`, and `related` the other's.
    """

    type: str
    origin: Mapping[str, Any]
    reference: str | None = None
    reason: str | None = None
    note: str | None = None
    related: str | None = None
    rate: str | None = None
    line_id: str | None = None


def new_line_id(tx: Writing) -> str:
    """A public id for a line that another one is to name before it is written."""
    return ids.new_id(ids.TRANSFER, tx.now)


def open_card(
    tx: Writing,
    ring: KeyRing,
    card: Card,
    *,
    source: Giver,
    why: Why,
    code: str,
    plain: str,
    contact_id: int | None,
    messages: int,
) -> tuple[Card, Transfer]:
    """Make `card` with its first transfer, `source` → card, of its initial amount: the one that may be 0.

    `code` is the normal form, `plain` what people see; `messages` how many
    messages will tell of it. CodeTaken where the account has the code,
    InsufficientFunds where `source` is prepaid and has less.
    """
    amount = card.initial_amount and _require_amount(card.initial_amount)
    own = accounts.of_card(card)
    transfer = _line(tx, card, why, debit=source.account, credit=own, amount=amount, balance_after=amount)
    opened = replace(card, balance=amount, transfer_count=1, head_hash=transfer.hash, message_count=messages)
    if source.fund is not None and source.fund.balance < amount:
        # Before the code is looked at: who issues of empty funds would learn for nothing what is taken.
        raise InsufficientFunds(_short_of(source.fund, amount))
    row = card_rows.add(tx, ring, opened, code=code, plain=plain, contact_id=contact_id)
    if row is None:
        raise CodeTaken("Another card of this account has this code.")
    if amount:
        _draw(tx, source, amount)
    transfer_rows.append(tx, transfer, row)
    return replace(opened, id=row), transfer


def post(
    tx: Writing, card: Card, other: str | Giver, delta: int, why: Why, *, messages: int = 1
) -> tuple[Card, Transfer]:
    """Move `delta` minor units onto the card (above 0: `other` → card) or off it (below 0: card → `other`).

    `card` must have been locked in this transaction: BalanceChanged where somebody
    came between all the same. InsufficientBalance where it would fall below what is
    held, CapReached above what any card may hold, InsufficientFunds where `other` is
    prepaid and has less. Card to card is two postings.
    """
    amount = _require_amount(abs(delta))
    if isinstance(other, Giver):
        _draw(tx, other, delta)
        other = other.account
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
        # Without the sums: here nobody knows in which units whoever asked counts.
        raise InsufficientBalance(f"Card {card.public_id} has less available than was asked.")
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


def beside(
    tx: Writing,
    line: Transfer,
    *,
    debit: str,
    credit: str,
    amount: int,
    currency: str,
    line_id: str | None = None,
) -> Transfer:
    """The other half of a movement between two currencies: a line of no chain, tied to `line` by its hash.

    `line` was posted with `related` = this one's id. Only a refund names its redemption
    instead: its other half has a `line_id` of its own.
    """
    if accounts.is_card(debit) or accounts.is_card(credit) or line.related is None:
        raise ValueError("the other half touches no card, and its first half names it")
    other = Transfer(
        public_id=line_id or line.related,
        account_id=line.account_id,
        type=line.type,
        debit=debit,
        credit=credit,
        amount=_require_amount(amount),
        currency=currency,
        created_at=tx.now,
        previous_hash=line.hash,
        related=line.public_id,
        reference=line.reference,
        rate=line.rate,
        origin=dict(line.origin),
    )
    transfer_rows.append(tx, other, None)
    return other


def deposit(tx: Writing, fund: Fund, delta: int, why: Why) -> tuple[Fund, Transfer]:
    """Pay `delta` minor units into prepaid funds (below 0: take them out again).

    `fund` must have been locked in this transaction. InsufficientFunds where it
    would fall below zero.
    """
    own = accounts.prepaid(fund.program)
    debit, credit = (accounts.DEPOSITS, own) if delta > 0 else (own, accounts.DEPOSITS)
    balance = fund.balance + delta
    if balance > MAX_MINOR:
        raise CapReached(f"No funds may hold more than {MAX_MINOR} minor units.")
    line = Transfer(
        public_id=why.line_id or ids.new_id(ids.TRANSFER, tx.now),
        account_id=fund.account_id,
        type=why.type,
        debit=debit,
        credit=credit,
        amount=_require_amount(abs(delta)),
        currency=fund.currency,
        created_at=tx.now,
        previous_hash=fund.head_hash,
        number=fund.transfer_count + 1,
        balance_after=balance,
        reference=mask(why.reference),
        reason=mask(why.reason),
        note=mask(why.note),
        origin=dict(why.origin),
    )
    if not fund_rows.move(tx, fund, delta, line.hash, tx.now):
        if balance >= 0:
            raise BalanceChanged(f"Funds {fund.public_id} were changed meanwhile.")
        raise InsufficientFunds(_short_of(fund, -delta))
    transfer_rows.append(tx, line, None, fund.id)
    moved = replace(
        fund, balance=balance, transfer_count=line.number or 0, head_hash=line.hash, updated_at=tx.now
    )
    return moved, line


def _draw(tx: Writing, source: Giver, amount: int) -> None:
    if source.fund is None:
        return
    if amount <= 0:
        raise ValueError("funds give, and take back by a deposit only")
    if not fund_rows.draw(tx, source.fund, amount):
        raise InsufficientFunds(_short_of(source.fund, amount))


def _short_of(fund: Fund, amount: int) -> str:
    """Without what is there: who issues need not be one of those who may look at funds (`reports`)."""
    whose = f"of the program {fund.program}" if fund.program else "of the account"
    return f"The prepaid funds {whose} have less than the {Money(amount, fund.currency)} that was asked."


def _line(
    tx: Writing, card: Card, why: Why, *, debit: str, credit: str, amount: int, balance_after: int
) -> Transfer:
    return Transfer(
        public_id=why.line_id or ids.new_id(ids.TRANSFER, tx.now),
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
        reference=mask(why.reference),
        reason=mask(why.reason),
        note=mask(why.note),
        rate=why.rate,
        origin=dict(why.origin),
    )


def _require_amount(amount: int) -> int:
    if not 0 < amount <= MAX_MINOR:
        raise ValidationFailed(f"An amount is between 1 and {MAX_MINOR} minor units, not {amount}")
    return amount
