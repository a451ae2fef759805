"""Proof: every balance from its transfers, every link of every chain, and what stands beside them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from ..domain.sealing import KeyRing
from ..domain.transfers import NO_HASH
from ..store import cards as card_rows
from ..store import transfers as transfer_rows
from ..store import witnesses
from ..store.engine import Engines, Reading
from ..store.transfers import Line
from . import accounts, seals
from .seals import Seal


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked at, and each thing that is wrong, with its place."""

    cards: int
    transfers: int
    faults: tuple[str, ...]

    @property
    def is_ok(self) -> bool:
        return not self.faults


Progress = Callable[[int, int], None]
"""Called now and then with how many lines were seen, of how many."""

_TELL_EVERY: Final = 2_000


def prove(
    engines: Engines,
    account_id: int | None = None,
    *,
    ring: KeyRing | None = None,
    kept: Seal | None = None,
    progress: Progress = lambda _seen, _all: None,
) -> Proof:
    """Walk the ledger, or one account's part of it, at one moment of the database.

    With the `ring`, codes must be their cards' own, and of the whole ledger the seals
    must hold; `kept` is one of them from elsewhere.
    """
    with engines.reading() as connection:
        every = transfer_rows.count(connection, account_id)
        seen_cards = seen_lines = told = 0
        faults: list[str] = []
        for card, lines in _by_card(transfer_rows.chains(connection, account_id)):
            seen_cards += 1
            seen_lines += len(lines)
            faults.extend(_faults_of(card, lines))
            if ring is not None and not card_rows.is_own_code(
                ring, card["card"], str(card["code_sealed"]), str(card["code_hash"])
            ):
                faults.append(f"card {card['card']}: its code is not its own")
            if seen_lines - told >= _TELL_EVERY:
                told = seen_lines
                progress(seen_lines, every)
        for line, row in transfer_rows.loose(connection, account_id):
            seen_lines += 1
            faults.extend(_faults_of_loose(line, row))
        drawn = witnesses.drawn(connection, account_id)
        for fund, lines in transfer_rows.fund_chains(connection, account_id):
            seen_lines += len(lines)
            own = drawn.pop((fund["account_id"], accounts.prepaid(fund["program"]), fund["currency"]), None)
            faults.extend(_faults_of_fund(fund, lines, 0 if own is None else own.amount))
        for (_, name, currency), one in drawn.items():
            faults.append(
                f"transfer {one.first}: the first of {one.lines} that draw on {name} in {currency},"
                " and there are no such funds"
            )
        if ring is not None and account_id is None:
            faults.extend(seals.faults(connection, ring, kept))
        progress(every, every)
        faults.extend(_faults_between(connection, account_id))
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
        if line.fund_id is not None:
            yield f"{place}: stands in the chain of a fund as well"
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
    elif held != card["open_holds"]:
        yield f"{place}: says that {held} are held, its open holds give {card['open_holds']}"
    yield from _refunds_of(place, lines)


def _refunds_of(place: str, lines: list[Line]) -> Iterator[str]:
    """A refund names a redemption of the same card, and all of them together never exceed it."""
    taken: dict[str, int] = {}
    for line in lines:
        transfer = line.transfer
        if transfer is None:
            continue
        if transfer.type in ("redeem", "capture"):
            taken[transfer.public_id] = transfer.amount
        elif transfer.type == "refund":
            named = transfer.related or ""
            if named not in taken:
                yield f"{place}, transfer {line.public_id}: refunds {named}, which is no redemption of it"
                continue
            taken[named] -= transfer.amount
            if taken[named] < 0:
                yield f"{place}, transfer {line.public_id}: gives back more than {named} took"


def _faults_of_loose(line: Line, row: Any) -> Iterator[str]:
    """A line of no chain is the other half of an exchange, tied to its first half by that one's hash.

    The first half names it, but for a refund, which names what it gives back.
    """
    place, transfer = f"transfer {line.public_id}", line.transfer
    if transfer is None:
        yield f"{place}: cannot be read, so it was changed"
    elif transfer.number is not None or row["card_id"] is not None or line.fund_id is not None:
        yield f"{place}: belongs to no card that exists"
    elif transfer.hash != line.kept_hash:
        yield f"{place}: its contents do not give the hash that was kept, so it was changed"
    elif row["other_account"] != transfer.account_id or (
        row["other_related"] != line.public_id and row["other_type"] != "refund"
    ):
        yield f"{place}: belongs to no card, and to no line that names it"
    elif transfer.rate is None or transfer.rate != row["other_rate"]:
        yield f"{place}: has not the rate of the line that it belongs to"
    elif row["other_hash"] != transfer.previous_hash:
        yield f"{place}: does not follow the line that it belongs to"
    elif accounts.is_card(transfer.debit) or accounts.is_card(transfer.credit):
        yield f"{place}: moves {transfer.debit} to {transfer.credit}, and belongs to no card"


def _faults_of_fund(fund: Any, lines: list[Line], drawn: int) -> Iterator[str]:
    """Deposits in a chain of their own; what is left is their sum less what cards drew."""
    own, previous, paid_in = accounts.prepaid(fund["program"]), NO_HASH, 0
    whole = f"funds {fund['public_id']}"
    for number, line in enumerate(lines, start=1):
        place = f"{whole}, transfer {line.public_id} (number {line.number})"
        transfer = line.transfer
        if line.number != number:
            yield f"{place}: number {number} is expected here, so a line is missing or was added"
            return
        if transfer is None or transfer.hash != line.kept_hash:
            yield f"{place}: its contents do not give the hash that was kept, so it was changed"
            return
        if transfer.previous_hash != previous:
            yield f"{place}: does not follow the line before it"
        if {transfer.debit, transfer.credit} != {own, accounts.DEPOSITS}:
            yield f"{place}: moves {transfer.debit} to {transfer.credit}, not these funds"
        if (transfer.account_id, transfer.currency) != (fund["account_id"], fund["currency"]):
            yield f"{place}: has another account or currency than its funds"
        paid_in += transfer.amount if transfer.credit == own else -transfer.amount
        previous = line.kept_hash
    if (fund["transfer_count"], fund["head_hash"]) != (len(lines), previous):
        yield f"{whole}: the chain does not end with number {fund['transfer_count']} and its hash"
    if fund["balance"] != paid_in - drawn:
        yield f"{whole}: the balance says {fund['balance']}, its transfers give {paid_in - drawn}"


def _faults_between(connection: Reading, account_id: int | None) -> Iterator[str]:
    """What lines and other rows say of one another: two lines, a capture and its hold, the audit trail."""
    for name in transfer_rows.unrelated(connection, account_id):
        yield f"transfer {name}: the line that it names is not there"
    for name in transfer_rows.unpaired(connection, account_id):
        yield f"transfer {name}: has a rate, and not exactly one line in the other currency that names it"
    for hold in witnesses.wrong_holds(connection, account_id):
        yield f"hold {hold.hold}: {_wrong_in(hold)}"
    for unlike in witnesses.unlike_holds(connection, account_id):
        if unlike.hold is None:
            yield f"audit row {unlike.row}: tells of a hold that is not there, or not like this"
        else:
            yield f"hold {unlike.hold}: the audit trail does not tell of it what it says itself"
    for one in witnesses.uncaptured(connection, account_id):
        yield f"transfer {one.line}: is the capture of {one.named} holds, not of one"
    for one in witnesses.unnoted(connection, account_id):
        if one.is_there:
            yield f"transfer {one.line}: {one.named} rows of the audit trail name it, not one"
        else:
            yield f"audit row {one.last}: names {one.line}, which is no line of a card or of funds"
    for row_id, name in witnesses.misnoted(connection, account_id):
        yield f"audit row {row_id}: does not tell of transfer {name} what the line itself does"


def _wrong_in(hold: Any) -> str:
    if not hold.is_lawful:
        return f"says that {hold.held} are held, which no hold may"
    if hold.state != "captured":
        return f"is {hold.state}, and says that {hold.captured} were captured, by {hold.line}"
    if hold.type is None:
        return f"was captured by {hold.line}, which is not there"
    if hold.type != "capture" or not hold.is_own:
        return f"was captured by {hold.line}, which is no capture of its card"
    return f"says that {hold.captured} were captured, {hold.line} took {hold.amount}"
