"""Seed 002, `POST /gift-cards/assign-to-order`: predefined codes for the gift cards of an order.

The one rule: whatever is wrong with a request is 400 here, as the document has no other status for it.
"""

from typing import Any, Final

from flask import Response

from ...domain.codes import normal
from ...domain.errors import Conflict, ValidationFailed
from ...domain.orders import MAX_NUMBER, Coded
from .. import problems
from ..answers import deed_answer
from . import kit
from .kit import Heard

MAX_CODES: Final = 1_000  # as many gift cards as an order may hold
_TONGUE: Final = problems.Tongue({ValidationFailed: 400, Conflict: 400})


def assign(heard: Heard) -> Response:
    """200, and whether the order has gift cards: a job makes those that are not there yet."""
    problems.tell_as(_TONGUE)
    sheet = kit.Sheet(heard.body(), ("orderId", "giftCode", "giftCodes"))
    number = sheet.require("orderId", _number)
    single = sheet.take("giftCode", _single)
    several = sheet.take("giftCodes", _several)
    sheet.require_none()
    if (single is None) is (several is None):
        raise ValidationFailed("giftCode or giftCodes is required, and not both of them")
    with heard.looking():
        answered = heard.gateway.dialects.external.assign(
            heard.account, heard.actor, number, single or several, heard.key
        )
    return deed_answer(heard.site, answered)


def _number(told: Any) -> int:
    if type(told) is not int or not 0 < told <= MAX_NUMBER:
        raise ValueError("must be a whole number above zero")
    return told


def _code(told: Any) -> str:
    if not isinstance(told, str) or not normal(told):
        raise ValueError("must be a code")
    return told


def _single(told: Any) -> list[Coded]:
    return [Coded(_code(told), "giftCode")]


def _several(told: Any) -> list[Coded]:
    if not isinstance(told, list) or not 1 <= len(told) <= MAX_CODES:
        raise ValueError(f"must be a list of 1 to {MAX_CODES} codes")
    found = [_mapped(place, one) for place, one in enumerate(told)]
    if len({normal(one.code) for one in found}) < len(found):
        raise ValueError("has one code twice")
    return found


def _mapped(place: int, told: Any) -> Coded:
    """One of several codes, and the line that it is for."""
    if not isinstance(told, dict) or told.keys() != {"lineItemId", "code"}:
        raise ValueError(f"must hold objects of lineItemId and code; number {place} is none")
    try:
        line, code = _number(told["lineItemId"]), _code(told["code"])
    except ValueError as fault:
        raise ValueError(f"has a wrong lineItemId or code in number {place}, which {fault}") from fault
    return Coded(code, f"giftCodes.{place}.code", line, f"giftCodes.{place}.lineItemId")
