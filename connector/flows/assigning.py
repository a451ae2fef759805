"""Predefined codes for the gift cards of an order: linked to its pieces, made by a job.

The one rule: a piece becomes one card. What is asked again, or was made by a recipe before, is not
made a second time.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ..domain.accounts import Account, Actor
from ..domain.codes import normal, require_chosen
from ..domain.errors import CodeTaken, Conflict, FieldError, NotFound, ValidationFailed
from ..domain.jobs import ORDER
from ..domain.jsontext import dumps
from ..domain.orders import Coded, Entry, Order, placed
from ..domain.sealing import KeyRing
from ..operations import issue, load
from ..operations.kit import Desk, Outcome
from ..recipes.recipe import Action, every_action
from ..store import cards, dialect_cards, jobs, orders, programs
from ..store.dialect_cards import NOTHING_SAID
from ..store.writer import Writing
from .parts import Parts
from .perform import Answered, Idempotency, once
from .resuming import recipe_at

_QUEUED: Final = {"scheduled": True}
_NONE: Final = {"scheduled": False}
_SOLD: Final = "purchase"
"""Where such a card comes from: somebody bought it, whoever asked for its code."""


def assign(
    parts: Parts,
    account: Account,
    actor: Actor,
    number: int,
    asked: Sequence[Coded],
    key: Idempotency | None,
) -> Answered:
    """Queue a card for every piece of the order that has none; the answer says whether there are pieces.

    NotFound, BadRequest, ValidationFailed for what can be no code, CodeTaken; Conflict where recipes
    have made, or may be about to make, cards of the order that are no piece's.
    """

    def work(tx: Writing) -> Answered:
        desk = parts.desk(tx, account, actor)
        found = _found(tx, account, number)
        order = _order(tx, parts.ring, found)
        events = [one.event for one in found if one.event is not None]
        entries, others = _linked(desk, order, events)
        if not entries or order.is_given_back:
            return Answered(200, _NONE)
        known = _known(desk, entries)
        codes = placed(entries, asked, known)
        fields = {one.code: one.field for one in asked}
        _require_new(desk, [(code, fields[code]) for code in codes.values()])
        free = [one for one in entries if one.is_free]
        if free:
            _require_left_to_us(parts, desk, events, others)
        _queue(parts, desk, order, free, codes)
        return Answered(200, _QUEUED)

    return once(parts, account, work, key)


def make(desk: Desk, told: Mapping[str, Any], looking: Callable[[str], Any]) -> Outcome:
    """The card of the piece that a job's line names; that which it has, where it has one.

    `looking(code)` stands around a code that somebody chose. ValidationFailed, CodeTaken, CapReached, …;
    Conflict where the order was given back meanwhile.
    """
    order, entry = orders.lock_entry(desk.tx, desk.ring, int(told["entry"]))
    if entry.card is not None:
        return Outcome(card=desk.require_card(entry.card))
    if order.is_given_back:
        raise Conflict(f"The order {order.name[:80]} was given back whole.")
    piece = entry.piece
    if piece.amount is None:
        raise ValidationFailed(f"The shop told no exact price of the line {piece.line[:80]}.")
    command = issue.Issue(
        amount=piece.amount,
        currency=piece.currency,
        code=entry.code,
        kind="paid",
        contact_id=order.contact,
    )
    reference = f"order {order.name}"
    if entry.code is None:
        outcome = issue.perform(desk, command, reference=reference)
    else:
        with looking(entry.code):
            outcome = issue.perform(desk, command, reference=reference)
    assert outcome.card is not None
    _link(desk, order, entry, outcome.card.id, entry.code)
    return outcome


def folded(code: str) -> str:
    """A chosen code as seed 002 has it: no blanks, small letters; dashes stay."""
    return code.replace(" ", "").lower()


def dashed_end(code: str) -> str | None:
    """The last four of a folded code where a dash is among them; None: the card's own say the same."""
    return code[-4:] if "-" in code[-4:] else None


def _found(tx: Writing, account: Account, number: int) -> list[Order]:
    found = orders.lock_numbered(tx, account.id, number)
    if not found:
        raise NotFound("There is no such order in this account.")
    return found


def _order(tx: Writing, ring: KeyRing, found: Sequence[Order]) -> Order:
    """The one that is meant, of those with this number; Conflict where nobody can know."""
    if len(found) == 1:
        return found[0]
    entries = orders.entries_of(tx, ring, [one.id for one in found])
    selling = [one for one in found if entries[one.id]]
    shops = [one for one in selling if one.source]
    if len(shops) == 1 and all(_agree(entries[shops[0].id], entries[one.id]) for one in selling):
        begun = [one for one in selling if not all(entry.is_free for entry in entries[one.id])]
        return shops[0] if shops[0].is_given_back or not begun else begun[0]
    if len(selling) > 1:
        names = ", ".join(one.source or "the REST API" for one in selling)
        raise Conflict(f"Several shops have an order of this number: {names}.")
    return (selling or found)[0]


def _agree(ours: Sequence[Entry], told: Sequence[Entry]) -> bool:
    """Whether two sources told the same gift cards, however each of them names the lines."""
    return _worths(ours) == _worths(told)


def _worths(entries: Sequence[Entry]) -> Counter[tuple[int | None, int | None, str]]:
    return Counter((one.piece.line_number, one.piece.amount, one.piece.currency) for one in entries)


def _linked(desk: Desk, order: Order, events: Sequence[int]) -> tuple[list[Entry], list[str]]:
    """The order's pieces; a paid card that a recipe made of it is the first free one's of the same worth.

    Beside them the ids of such cards that are worth what no free piece costs.
    """
    others: list[str] = []
    entries = orders.entries_of(desk.tx, desk.ring, [order.id])[order.id]
    for row, card, amount, currency in orders.sold_by_recipes(desk.tx, events):
        place = next(
            (
                place
                for place, one in enumerate(entries)
                if one.is_free and (one.piece.amount, one.piece.currency) == (amount, currency)
            ),
            None,
        )
        if place is None:
            others.append(card)
        else:
            _link(desk, order, entries[place], row, None)
            entries[place] = replace(entries[place], card=card)
    return entries, others


def _require_left_to_us(parts: Parts, desk: Desk, events: Sequence[int], others: Sequence[str]) -> None:
    """Pass where no recipe has sold, or may be about to sell, what is about to be made; else Conflict."""
    if others:
        raise Conflict(f"A recipe made {others[0]} of this order, which is no one piece of it.")
    for run in orders.standing_runs(desk.tx, events):
        recipe = recipe_at(parts, desk.tx, run.recipe, run.revision)
        if recipe is None or any(_may_sell(desk, step) for step in every_action(recipe.steps)):
            raise Conflict(f"A recipe's run of this order has not ended: {run.id} is {run.outcome}.")


def _may_sell(desk: Desk, step: Action) -> bool:
    """Whether a step makes a paid card, or may, as only its run will know: no thanks are a piece."""
    if step.spec.name not in (issue.OPERATION.step, load.OPERATION.step):
        return False
    told = {one.name: one.source for one in step.fields}
    if told.get("kind") is not None:
        return bool(told["kind"] != "promotional")
    if told.get("programs") is not None or told.get("card") is not None:
        return True
    if told.get("program") is None:
        return False
    program = programs.find(desk.tx, desk.account.id, str(told["program"]))
    return program is None or program.kind == "paid"


def _link(desk: Desk, order: Order, entry: Entry, card_row: int, code: str | None) -> None:
    orders.link(desk.tx, entry.id, card_row)
    said = dialect_cards.of(desk.tx, [card_row]).get(card_row, NOTHING_SAID)
    end = said.last_characters if code is None else dashed_end(folded(code))
    sold = replace(said, order_id=order.number, line_item_id=entry.piece.line_number, last_characters=end)
    dialect_cards.put(desk.tx, card_row, sold)


def _known(desk: Desk, entries: Sequence[Entry]) -> dict[int, str]:
    """The codes of pieces that have their card, or are about to get it."""
    found = {one.id: one.code for one in entries if one.job is not None and one.code is not None}
    own = {one.card: one.id for one in entries if one.card is not None}
    rows = cards.several(desk.tx, desk.account.id, list(own))
    opened = cards.open_codes(desk.tx, desk.ring, rows)
    return found | {own[card.public_id]: opened[card.id] for card in rows}


def _require_new(desk: Desk, codes: Sequence[tuple[str, str]]) -> None:
    """Codes that no card has, each with its field; ValidationFailed, CodeTaken.

    The first that is taken is named, and all of them count: one request is no list of what there is.
    """
    taken: list[str] = []
    for code, field in codes:
        try:
            chosen = require_chosen(code, sandbox=desk.account.sandbox)
        except ValidationFailed as fault:
            raise ValidationFailed(fault.detail, errors=[FieldError(field, fault.detail)]) from fault
        if cards.find_by_code(desk.tx, desk.ring, desk.account.id, normal(chosen)) is not None:
            taken.append(field)
    if taken:
        wrong = "is another card's code already"
        refusal = CodeTaken(f"{taken[0]} {wrong}", errors=[FieldError(taken[0], wrong)])
        refusal.taken = len(taken)
        raise refusal


def _queue(parts: Parts, desk: Desk, order: Order, free: Sequence[Entry], codes: Mapping[int, str]) -> None:
    if not free:
        return
    by = replace(desk.actor, source=_SOLD, origin={**desk.actor.origin, "order": order.name})
    job = jobs.add(desk.tx, account_id=desk.account.id, kind=ORDER, total=len(free), by=by)
    assert job is not None  # it has no digest that could be taken
    lines = [
        jobs.sealed(parts.ring, number, "waiting", dumps({"entry": one.id}))
        for number, one in enumerate(free, 1)
    ]
    jobs.add_lines(desk.tx, job, lines)
    for one in free:
        orders.queue(desk.tx, parts.ring, one.id, job.id, codes.get(one.id))
    desk.note("assign_codes", None, subject=f"order {order.name[:80]}", details={"job": job.public_id})
    desk.tx.after_commit(parts.wake_jobs)
