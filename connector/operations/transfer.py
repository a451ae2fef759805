"""Transfer: value from one card to another of the account, in two lines that name each other.

Both cards are locked in the order of their rows, so that two transfers never wait for each other.
Between currencies what arrives is rounded down: value that comes back never grew on the way.
"""

from dataclasses import dataclass
from typing import Any

from ..domain.cards import Card, require_alive, require_usable
from ..domain.errors import Conflict
from ..domain.money import Money
from ..domain.transfers import Transfer as Line
from ..ledger import accounts, posting
from ..ledger.funding import prepaid_by
from ..store import programs
from .giving import require_room
from .kit import Desk, Operation, Outcome, field_of, moved_answer, require_amount, require_own_currency, wrong
from .saying import too_little


@dataclass(frozen=True, slots=True)
class Transfer:
    card: str = field_of("card", "the card that gives: its id or its code", is_path=True)
    to: str = field_of("card", "the card that gets: its id or its code")
    amount: int | None = field_of("money", "how much", default=None)
    currency: str | None = field_of(
        "currency", "must be the giving card's; that one if left out", default=None
    )
    all: bool = field_of("flag", "all that is there and not held", default=False)
    reference: str | None = field_of("text", "your own number for it", default=None)


def perform(desk: Desk, command: Transfer) -> Outcome:
    """`result`: to_card. Raises the Conflict that says why not, of either card."""
    if (command.amount is None) == (not command.all):
        raise wrong("amount", "or all says how much: give one of them")
    asked = None if command.all else require_amount(command.amount)
    giving, getting = _both(desk, command)
    desk.tx.pause("transfer.card_read")
    require_usable(giving.life, giving.public_id, desk.now)
    require_alive(getting.life, getting.public_id, desk.now)
    require_own_currency(giving, command.currency)
    if giving.kind != getting.kind:
        raise wrong(
            "to",
            f"is {getting.kind}, the giving card {giving.kind}: what was sold and what was given never mix",
        )
    _require_no_way_round(desk, giving, getting)
    amount = giving.available if asked is None else asked
    if amount == 0 or amount > giving.available:
        raise too_little(desk, giving, amount)
    return _move(desk, command, giving, getting, amount)


def _require_no_way_round(desk: Desk, giving: Card, getting: Card) -> None:
    """Pass if nothing gets past what the getting card's program may give, at all or in a day; else Conflict.

    What a card gives was paid from its own program's funds, and counted in that one's day.
    """
    if giving.program == getting.program:
        return
    whose = f"Card {getting.public_id} is of "
    whose += "no program" if getting.program is None else f"the program {getting.program}"
    owner = prepaid_by(desk.tx, desk.account.id, getting.program)
    if owner is not None and owner != prepaid_by(desk.tx, desk.account.id, giving.program):
        funds = f"the program {owner}" if owner else "the account"
        raise Conflict(
            f"{whose}: what is put on it comes from the prepaid funds of {funds}, and from no other card."
        )
    if getting.program is None:
        return
    program = programs.find(desk.tx, desk.account.id, getting.program)
    if program is not None and program.per_day:
        most = Money(program.per_day, program.currency)
        raise Conflict(f"{whose}, which gives out {most} a day: only its own cards may give to it.")


def _both(desk: Desk, command: Transfer) -> tuple[Card, Card]:
    """The two cards, locked in the order of their rows."""
    giving = desk.require_card(command.card, locked=False)
    getting = desk.require_card(command.to, locked=False)
    if giving.id == getting.id:
        raise wrong("to", "is the giving card itself")
    locked = {
        one.id: desk.require_card(one.public_id) for one in sorted((giving, getting), key=lambda one: one.id)
    }
    return locked[giving.id], locked[getting.id]


def _move(desk: Desk, command: Transfer, giving: Card, getting: Card, amount: int) -> Outcome:
    between, arriving, rate = accounts.TRANSFER, Money(amount, giving.currency), None
    if giving.currency != getting.currency:
        converted = desk.rates.convert_down(arriving, getting.currency)
        between, arriving, rate = accounts.FX, converted.money, converted.rate
        if arriving.minor == 0:
            raise wrong("amount", f"comes to nothing in {getting.currency}")
    require_room(desk, arriving, getting)
    out_id, in_id = posting.new_line_id(desk.tx), posting.new_line_id(desk.tx)

    def why(own: str, other: str) -> posting.Why:
        return posting.Why(
            "transfer",
            desk.actor.origin,
            reference=command.reference,
            related=other,
            rate=rate,
            line_id=own,
        )

    is_empty = amount == giving.balance
    types = ("gift_card.transferred", "gift_card.depleted") if is_empty else ("gift_card.transferred",)
    left, out = posting.post(desk.tx, giving, between, -amount, why(out_id, in_id), messages=len(types))
    filled, into = posting.post(desk.tx, getting, between, arriving.minor, why(in_id, out_id))
    _tell(desk, left, out, types, filled, into)
    return Outcome(card=left, transfer=out, result={"to_card": filled})


def _tell(desk: Desk, left: Card, out: Line, types: tuple[str, ...], filled: Card, into: Line) -> None:
    """Each card's own messages, which name the other card."""
    desk.moved("transfer", left, out, types, extra={"to_gift_card_id": filled.public_id})
    desk.moved(
        "transfer", filled, into, ("gift_card.transferred",), extra={"from_gift_card_id": left.public_id}
    )


def _answer(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    return {**moved_answer(desk, outcome), "to_gift_card": desk.card_json(outcome.result["to_card"])}


def _give(_desk: Desk, outcome: Outcome) -> dict[str, Any]:
    assert outcome.card is not None and outcome.transfer is not None
    to_card: Card = outcome.result["to_card"]
    return {
        "amount": Money(outcome.transfer.amount, outcome.card.currency),
        "balance": Money(outcome.card.balance, outcome.card.currency),
        "to_balance": Money(to_card.balance, to_card.currency),
        "transaction": outcome.transfer.public_id,
    }


OPERATION = Operation(
    name="transfer",
    title="Transfer value to another gift card",
    command=Transfer,
    perform=perform,
    scope="cards:write",
    answer=_answer,
    rest_path="/gift-cards/{card}/transfer",
    step="transfer_balance",
    verb="transfer",
    gives=("amount", "balance", "to_balance", "transaction"),
    give=_give,
)
