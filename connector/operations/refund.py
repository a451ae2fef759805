"""Refund: give back a named redemption of the same card, all or part, and never more than it took.

What was redeemed in another currency comes back in the card's, at the rate of that day.
"""

from dataclasses import dataclass
from typing import Final

from ..domain.cards import Card, require_kept
from ..domain.errors import CardDisabled, NotFound, RefundExceedsRedemption
from ..domain.transfers import Transfer
from ..ledger import accounts, posting
from ..store import transfers
from .kit import Desk, Operation, Outcome, field_of, moved_answer, require_amount, require_own_currency, wrong
from .saying import number, said

REFUNDABLE: Final = ("redeem", "capture")


@dataclass(frozen=True, slots=True)
class Refund:
    card: str = field_of("card", "the card: its id or its code", is_path=True)
    transaction_id: str = field_of("text", "the redemption or capture that is given back")
    amount: int | None = field_of("money", "how much; all that is left of it if left out", default=None)
    currency: str | None = field_of("currency", "must be the card's; that one if left out", default=None)
    reference: str | None = field_of("text", "your receipt or order number", default=None)


def perform(desk: Desk, command: Refund) -> Outcome:
    """Raises NotFound, RefundExceedsRedemption, CurrencyMismatch; CardDisabled where removed, or for good.

    It goes back where it came from, also onto a card that expired or was disabled
    meanwhile: what is there can be spent once the card is revived or enabled. What lay on one
    that was disabled for good nobody could ever spend: it is given back another way.
    """
    asked = None if command.amount is None else require_amount(command.amount)
    card = desk.require_card(command.card)
    desk.tx.pause("refund.card_read")
    require_kept(card.life, card.public_id)
    if card.disabled_finally:
        raise CardDisabled(
            f"Card {card.public_id} is disabled for good: what is given back would be lost there."
        )
    require_own_currency(card, command.currency)
    taken = _redemption(desk, card, command.transaction_id)
    given = transfers.given_back(desk.tx, card, taken.public_id)
    left = taken.amount - given
    amount = left if asked is None else asked
    if left == 0:
        raise RefundExceedsRedemption(f"All of {taken.public_id} was given back already.")
    if amount > left:
        raise RefundExceedsRedemption(
            f"{said(desk, left, card.currency)} of {taken.public_id} are left to give back, "
            f"{number(desk, amount, card.currency)} asked."
        )
    return _give_back(desk, command, card, taken, given, amount)


def _redemption(desk: Desk, card: Card, public_id: str) -> Transfer:
    found = transfers.find_of_card(desk.tx, card, public_id)
    if found is None:
        raise NotFound(f"Card {card.public_id} has no such transaction.")
    if found.type not in REFUNDABLE:
        raise wrong("transaction_id", f"names no redemption or capture, but one of type {found.type}")
    return found


def _give_back(desk: Desk, command: Refund, card: Card, taken: Transfer, given: int, amount: int) -> Outcome:
    other = None if taken.rate is None else transfers.find(desk.tx, desk.account.id, taken.related or "")
    theirs = 0 if other is None else share(other.amount, taken.amount, given, amount)
    why = posting.Why(
        "refund",
        desk.actor.origin,
        reference=command.reference,
        related=taken.public_id,
        rate=taken.rate if theirs else None,
    )
    moved, transfer = posting.post(desk.tx, card, taken.credit, amount, why)
    if other is not None and theirs:
        posting.beside(
            desk.tx,
            transfer,
            debit=other.credit,
            credit=accounts.FX,
            amount=theirs,
            currency=other.currency,
            line_id=posting.new_line_id(desk.tx),
        )
    desk.moved("refund", moved, transfer, ("gift_card.refunded",))
    return Outcome(card=moved, transfer=transfer)


def share(whole: int, taken: int, given: int, amount: int) -> int:
    """What `amount` of `taken` is of `whole`, after `given`: in however many parts, they come to the whole.

    0 where the part is worth less than half a minor unit: the exchange account bears that.
    """

    def up_to(minor: int) -> int:
        quotient, rest = divmod(whole * minor, taken)
        is_up = 2 * rest > taken or (2 * rest == taken and quotient % 2 == 1)  # half to even
        return quotient + is_up

    return up_to(given + amount) - up_to(given)


OPERATION = Operation(
    name="refund",
    title="Refund a redemption",
    command=Refund,
    perform=perform,
    scope="cards:write",
    answer=moved_answer,
    rest_path="/gift-cards/{card}/refund",
    verb="refund",
)
