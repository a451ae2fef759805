"""Proof: every balance from its transfers, every link of every chain."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ..domain.transfers import NO_HASH
from ..store import transfers as transfer_rows
from ..store.engine import Engines
from ..store.transfers import Line
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


def _by_card(rows: Iterable[tuple[Any, Line | None]]) -> Iterator[tuple[Any, list[Line]]]:
    for _, group in groupby(rows, key=lambda pair: pair[0]["card_row_id"]):
        pairs = list(group)
        yield pairs[0][0], [line for _, line in pairs if line is not None]


def _faults_of(card: Any, lines: list[Line]) -> Iterator[str]:
    """What is wrong with one card: each line by its place, then the sums."""
    own = accounts.card(card["card"])
    balance, previous, row_id = 0, NO_HASH, 0
    for number, line in enumerate(lines, start=1):
        place = f"card {card['card']}, transfer {line.public_id} (number {line.number})"
        if line.number != number:
            yield f"{place}: number {number} is expected here, so a line is missing or was added"
            return
        transfer = line.transfer
        if transfer is None:
            yield f"{place}: cannot be read, so it was changed"
            return
        if transfer.hash != line.kept_hash:
            yield f"{place}: its contents do not give the hash that was kept, so it was changed"
        if transfer.previous_hash != previous:
            yield f"{place}: does not follow the line before it"
        if line.row_id <= row_id:
            yield f"{place}: was written before the line that it follows"
        if [one for one in (transfer.debit, transfer.credit) if accounts.is_card(one)] != [own]:
            yield f"{place}: moves {transfer.debit} to {transfer.credit}, not this card alone"
        if (transfer.account_id, transfer.currency) != (card["card_account_id"], card["card_currency"]):
            yield f"{place}: has another account or currency than its card"
        balance += transfer.amount if transfer.credit == own else -transfer.amount
        if transfer.balance_after != balance:
            yield f"{place}: says {transfer.balance_after} remain, its lines give {balance}"
        if balance < 0:
            yield f"{place}: takes the balance below zero, to {balance}"
        previous, row_id = line.kept_hash, line.row_id
    yield from _sums_of(card, lines, balance, previous)


def _sums_of(card: Any, lines: list[Line], balance: int, head: str) -> Iterator[str]:
    place = f"card {card['card']}"
    if not lines:
        yield f"{place}: has no transfers at all"
    elif lines[0].transfer is not None and lines[0].transfer.amount != card["initial_amount"]:
        first = lines[0].transfer.amount
        yield f"{place}: began with {card['initial_amount']}, its first transfer says {first}"
    if card["transfer_count"] != len(lines):
        yield f"{place}: its chain ends with number {len(lines)}, not with {card['transfer_count']}"
    elif card["head_hash"] != head:
        yield f"{place}: its chain does not end with the hash that was kept"
    if card["card_balance"] != balance:
        yield f"{place}: its balance says {card['card_balance']}, its transfers give {balance}"
    held = card["card_held"]
    if type(held) is not int or not 0 <= held <= balance:
        yield f"{place}: {held} held of a balance of {balance}"
