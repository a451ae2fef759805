"""Proof: every balance from its transfers, every link of every chain."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..domain.transfers import NO_HASH, Transfer
from ..store import transfers as transfer_rows
from ..store.engine import Engines
from . import accounts


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked at, and each thing that is wrong, with its place."""

    cards: int
    transfers: int
    faults: tuple[str, ...]

    @property
    def is_ok(self) -> bool:
        return not self.faults


def prove(engines: Engines, account_id: int | None = None) -> Proof:
    """Walk the ledger, or one account's part of it, at one moment of the database."""
    with engines.reading() as connection:
        seen_cards = seen_lines = 0
        faults: list[str] = []
        for card, lines in _by_card(transfer_rows.chains(connection, account_id)):
            seen_cards += 1
            seen_lines += len(lines)
            faults.extend(_faults_of(card, lines))
        for line in transfer_rows.loose(connection, account_id):
            seen_lines += 1
            faults.append(f"transfer {line.public_id}: belongs to no card that exists")
    return Proof(seen_cards, seen_lines, tuple(faults))


Line = tuple[Transfer, str]
"""A transfer as it stands, and the hash that was kept beside it."""


def _by_card(rows: Iterable[tuple[Any, Transfer | None]]) -> Iterator[tuple[Any, list[Line]]]:
    current: Any = None
    lines: list[Line] = []
    for row, transfer in rows:
        if current is None or row["row_id"] != current["row_id"]:
            if current is not None:
                yield current, lines
            current, lines = row, []
        if transfer is not None:
            lines.append((transfer, row["kept_hash"]))
    if current is not None:
        yield current, lines


def _faults_of(card: Any, lines: list[Line]) -> Iterator[str]:
    """What is wrong with one card: each line by its place, then the sums."""
    own = accounts.card(card["card"])
    balance, previous = 0, NO_HASH
    for number, (line, kept) in enumerate(lines, start=1):
        place = f"card {card['card']}, transfer {line.public_id} (number {line.number})"
        if line.number != number:
            yield f"{place}: number {number} is expected here, so a line is missing or was added"
            return
        if line.hash != kept:
            yield f"{place}: its contents do not give the hash that was kept, so it was changed"
        if line.previous_hash != previous:
            yield f"{place}: does not follow the line before it"
        if own not in (line.debit, line.credit):
            yield f"{place}: moves {line.debit} to {line.credit}, not this card"
        if (line.account_id, line.currency) != (card["card_account_id"], card["card_currency"]):
            yield f"{place}: has another account or currency than its card"
        balance += line.amount if line.credit == own else -line.amount
        if line.balance_after != balance:
            yield f"{place}: says {line.balance_after} remain, its lines give {balance}"
        if balance < 0:
            yield f"{place}: takes the balance below zero, to {balance}"
        previous = kept
    yield from _sums_of(card, len(lines), balance, previous)


def _sums_of(card: Any, count: int, balance: int, head: str) -> Iterator[str]:
    place = f"card {card['card']}"
    if count == 0:
        yield f"{place}: has no transfers at all"
    if card["transfer_count"] != count or (count and card["head_hash"] != head):
        yield f"{place}: its chain should end with number {card['transfer_count']}, but ends with {count}"
    if card["card_balance"] != balance:
        yield f"{place}: its balance says {card['card_balance']}, its transfers give {balance}"
    if not 0 <= card["card_held"] <= card["card_balance"]:
        yield f"{place}: {card['card_held']} held of a balance of {card['card_balance']}"
