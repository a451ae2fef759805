"""Convert points: what they are worth becomes a promotional card. Exactly those points go, the rest stay.

The value is named as a whole, or by what one point is worth; then only so many
points go as make whole minor units, and nothing is ever rounded up.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final

from ..domain.contacts import Whom
from ..domain.money import EXPONENT, MAX_MINOR, Money, require_currency
from . import issue, load, points
from .kit import Desk, Operation, Outcome, field_of, moved_answer, require_amount, wrong

_RATE: Final = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ConvertPoints:
    points: int = field_of("whole", "how many to convert")
    contact_id: Whom | None = field_of("contact", "whose points", default=None, step="to", is_path=True)
    amount: int | None = field_of("money", "what they are worth together", default=None)
    currency: str | None = field_of("currency", "its currency; the account's if left out", default=None)
    rate: str | None = field_of(
        "text", "or what one point is worth, as decimal text in whole currency units", default=None
    )
    load: bool = field_of(
        "flag", "onto their newest promotional card of no program where there is one", default=False
    )
    expires_at: datetime | None = field_of(
        "moment", "until when a new card can be spent", default=None, step="expires"
    )
    message: str | None = field_of("text", "words for the recipient of a new card", default=None)


def perform(desk: Desk, command: ConvertPoints) -> Outcome:
    """Raises ValidationFailed, NotFound, InsufficientPoints, and what issuing raises."""
    currency = require_currency(command.currency or desk.account.currency)
    used, amount = worth(command, currency)
    contact = points.require_contact(desk, command.contact_id)
    points.require_enough(desk, contact, used)
    given = _give_card(desk, command, contact.public_id, Money(amount, currency))
    assert given.card is not None and given.transfer is not None
    became = {
        "gift_card_id": given.card.public_id,
        "transaction_id": given.transfer.public_id,
        "amount": amount,
        "currency": currency,
        "rate": command.rate,
    }
    line = points.add_line(desk, "convert_points", contact, "converted", -used, became=became)
    return Outcome(given.card, given.transfer, given.code, {"points": line})


def worth(command: ConvertPoints, currency: str) -> tuple[int, int]:
    """How many points go, and for how many minor units."""
    asked = points.require_points(command.points)
    if (command.amount is None) == (command.rate is None):
        raise wrong("amount", "or rate says what the points are worth: give one of them")
    if command.rate is None:
        return asked, require_amount(command.amount)
    rate = Decimal(command.rate) if _RATE.fullmatch(command.rate) else Decimal(0)
    if not rate:
        raise wrong("rate", 'must be what one point is worth, as text above zero such as "0.01"')
    minor_each = rate.scaleb(EXPONENT[currency])
    amount = int((asked * minor_each).to_integral_value(ROUND_FLOOR))
    if not 0 < amount <= MAX_MINOR:
        raise wrong("rate", f"makes {Money.total(amount, currency)} of {asked} points")
    return int((amount / minor_each).to_integral_value(ROUND_CEILING)), amount


def _give_card(desk: Desk, command: ConvertPoints, contact: str, money: Money) -> Outcome:
    """By the deeds that put value on cards, with their caps, funds and messages."""
    if command.load:
        onto = load.Load(amount=money.minor, currency=money.currency, contact_id=contact, kind="promotional")
        return load.perform(desk, onto)
    new = issue.Issue(
        amount=money.minor,
        currency=money.currency,
        contact_id=contact,
        expires_at=command.expires_at,
        message=command.message,
    )
    return issue.perform(desk, new)


def _answer(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    """The card with its code, this once, where it is new; the movement; the line of points."""
    moved = moved_answer(desk, outcome)
    code = {} if outcome.code is None else {"code": outcome.code}
    return {**moved, "gift_card": {**moved["gift_card"], **code}, **code, "points": outcome.result["points"]}


def _give(desk: Desk, outcome: Outcome) -> dict[str, Any]:
    line = outcome.result["points"]
    return {
        "card": _answer(desk, outcome)["gift_card"],
        "points": line["balance"],
        "change": line["points"],
    }


OPERATION = Operation(
    name="convert_points",
    title="Convert a contact's points to a gift card",
    command=ConvertPoints,
    perform=perform,
    scope="cards:write",
    answer=_answer,
    also=("contacts",),  # it takes a contact's points
    rest_path="/contacts/{contact_id}/points/convert",
    action="convert-points",
    step="convert_points",
    verb="convert-points",
    gives=("card", "points", "change"),
    give=_give,
)
