"""What a run gave, taken off again: what is unspent of its cards and points, back to where it came from.

The one rule: nothing falls below what is there, and what could not be taken back is told. What is on a
removed card is there, and so is what an expiry took: else `restore` and `revive` would bring it back.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ..domain.cards import Card
from ..domain.money import Money
from ..ledger import accounts, posting
from ..operations import adjust, points, revive
from ..operations.kit import Desk, Outcome
from ..store import contacts, facts, funds, gifts, transfers, undoable


def note_points(desk: Desk, run: str, step: str, outcome: Outcome) -> None:
    """Keep what a step of this run did to somebody's points, so that it can be taken back."""
    line = outcome.result if step == "add_points" else outcome.result.get("points")
    if step not in ("add_points", "convert_points") or not isinstance(line, Mapping):
        return
    whose = contacts.find(desk.tx, desk.account.id, line["contact_id"])
    assert whose is not None  # who has just been given points
    gifts.add_points(
        desk.tx,
        desk.account.id,
        run=run,
        contact_id=whose.id,
        points=line["points"],
        card_id=None if outcome.card is None else outcome.card.id,
    )


def take_back(desk: Desk, run: str) -> dict[str, Any]:
    """For the trace: by card `took_back` and `spent`; by contact `points_returned`, `_taken` and `_spent`."""
    took, spent = {}, {}
    shares: dict[str, tuple[int, int]] = {}
    for public_id, given in undoable.given_by(desk.tx, run):
        card = desk.require_card(public_id)
        card = _with_lapsed(desk, card, given - min(card.available, given), run)
        amount = min(card.available, given)
        if amount:
            _empty(desk, card, amount, run)
            _call_off(desk, desk.require_card(public_id), run)
        shares[public_id] = amount, given
        took[public_id] = str(Money(amount, card.currency))
        if amount < given:
            spent[public_id] = str(Money(given - amount, card.currency))
    shown = {"took_back": took, "spent": spent, **_take_points(desk, run, shares)}
    return {name: value for name, value in shown.items() if value or name == "took_back"}


def _with_lapsed(desk: Desk, card: Card, missing: int, run: str) -> Card:
    """The card with so much of what is missing as its expiry took."""
    found = revive.lapsed(desk, card) if missing and card.expired_at is not None else None
    if found is None:
        return card
    part = revive.Lapsed(found.line, min(missing, found.amount))
    return revive.give_up(desk, card, part, _note(run))


def _note(run: str) -> str:
    return f"taken back: {run}"


def _empty(desk: Desk, card: Card, amount: int, run: str) -> None:
    """Take so much off the card: into the prepaid funds that paid for it, else as a correction."""
    note, left = _note(run), amount
    own = [line for line in transfers.of_card(desk.tx, card) if line.origin.get("run_id") == run]
    for line in reversed(own):
        part = min(left, line.amount)
        if line.credit == accounts.of_card(card) and accounts.is_prepaid(line.debit) and part:
            card = _return(desk, card, line.debit, part, note)
            left -= part
    if left:
        adjust.correct(desk, "adjust", card, -left, "correction", note)


def _call_off(desk: Desk, card: Card, run: str) -> None:
    """Nobody is sent a card, on the day chosen for it, that was emptied before."""
    if card.balance == 0 and card.deliver_at is not None and card.delivered_at is None:
        desk.change("update", card, {"deliver_at": None}, ("gift_card.updated",), note=_note(run))


def _return(desk: Desk, card: Card, prepaid: str, amount: int, note: str) -> Card:
    """Back into the funds: off the card to where deposits come from, and paid in from there."""
    program = prepaid.removeprefix(accounts.prepaid("").removesuffix("-"))
    found = funds.find(desk.tx, desk.account.id, "" if program == "-" else program, card.currency)
    if found is None:
        adjust.correct(desk, "adjust", card, -amount, "correction", note)
        return desk.require_card(card.public_id)
    is_empty = card.balance == amount
    types = ("gift_card.adjusted", "gift_card.depleted") if is_empty else ("gift_card.adjusted",)
    why = posting.Why("adjust", desk.actor.origin, reason="correction", note=note)
    moved, line = posting.post(desk.tx, card, accounts.DEPOSITS, -amount, why, messages=len(types))
    desk.moved("adjust", moved, line, types, reason="correction", note=note)
    why = posting.Why("deposit", desk.actor.origin, note=note)
    fund, paid = posting.deposit(desk.tx, funds.lock(desk.tx, found), amount, why)
    desk.note("deposit", None, subject=fund.public_id, transfer=paid, note=note)
    return moved


def _take_points(desk: Desk, run: str, shares: Mapping[str, tuple[int, int]]) -> dict[str, dict[str, int]]:
    """Converted points come back by their card's share that did; earned ones go, as far as they are there."""
    returned: Counter[int] = Counter()
    earned: Counter[int] = Counter()
    for change in gifts.points_of(desk.tx, run):
        if change.card is None:
            earned[change.contact_id] += change.points
        else:
            took, given = shares.get(change.card, (0, 0))
            returned[change.contact_id] += -change.points * took // given if given else 0
    shown: dict[str, dict[str, int]] = {"points_returned": {}, "points_taken": {}, "points_spent": {}}
    for number in sorted({*returned, *earned}):
        who = contacts.lock_row(desk.tx, number)
        note = _note(run)
        if returned[number] and who.erased_at is None:
            points.add_line(desk, "add_points", who, "earned", returned[number], reason=note)
            shown["points_returned"][who.public_id] = returned[number]
        there = max(0, facts.points(desk.tx, who.id)) if who.erased_at is None else 0
        taken = min(earned[number], there)
        if taken:
            points.add_line(desk, "spend_points", who, "spent", -taken, reason=note)
            shown["points_taken"][who.public_id] = taken
        if taken < earned[number]:
            shown["points_spent"][who.public_id] = earned[number] - taken
    return {name: value for name, value in shown.items() if value}
