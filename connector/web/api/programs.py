"""Programs: the catalogue. Who reads cards reads it; only an administrator changes what may be given out."""

from typing import Final

from flask import Response

from ...domain.cards import KINDS
from ...domain.programs import ON_EXPIRY
from ...flows.programs import CHANGEABLE
from ...operations.kit import Field
from ..answers import deed_answer, json_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape

PATH: Final = "/v1/programs"
ONE: Final = f"{PATH}/{{program}}"
READ: Final = "cards:read"
WRITE: Final = "admin"
_FIELDS: Final = {
    "slug": Field("text", "its name in calls, recipes and on cards; never changes"),
    "name": Field("text", "its name for people"),
    "description": Field("text", "words for the catalogue", is_clearable=True),
    "currency": Field("currency", "the account's if left out; never changes"),
    "kind": Field("text", "given away (if left out) or sold; never changes", choices=KINDS),
    "amounts": Field("amounts", "the only amounts there are, in minor units", is_clearable=True),
    "min_amount": Field("money", "else the least; 0: none", is_clearable=True),
    "max_amount": Field("money", "and the most; 0: none", is_clearable=True),
    "countries": Field("texts", "where it is offered, ISO 3166; everywhere if left out", is_clearable=True),
    "valid_for": Field("text", "how long its cards live, such as 12 months", is_clearable=True),
    "code_prefix": Field("text", "what the codes made for its cards begin with", is_clearable=True),
    "design": Field("mapping", "how its cards look; yours to fill", is_clearable=True),
    "max_balance": Field("money", "the most that a card may hold; 0: no cap", is_clearable=True),
    "per_day": Field("money", "the most given out in a day; 0: no cap", is_clearable=True),
    "on_expiry": Field(
        "text",
        "what becomes of an expired card's rest; as usual with its kind if left out",
        choices=ON_EXPIRY,
        is_clearable=True,
    ),
    "cash_out_below": Field("money", "a rest below this is paid out in cash; 0: none", is_clearable=True),
    "is_active": Field("flag", "whether cards of it are issued; true if left out"),
    "metadata": Field("mapping", "anything of yours", is_clearable=True),
}
NEW: Final = Shape(_FIELDS, frozenset({"slug", "name"}))
CHANGED: Final = Shape({name: one for name, one in _FIELDS.items() if name in CHANGEABLE})
FILTERS: Final = {
    "country": Field("text", "offered in this country: everywhere, or there among others"),
    "currency": Field("currency", "in this currency"),
    "kind": Field("text", "given away or sold", choices=KINDS),
    "active": Field("flag", "whether cards of it are issued"),
}


def _create(asked: Asked) -> Response:
    answered = asked.gateway.catalogue.create(asked.account, asked.actor(), asked.body, asked.key)
    return deed_answer(asked.site, answered)


def _change(asked: Asked) -> Response:
    slug = asked.path["program"]
    answered = asked.gateway.catalogue.change(asked.account, asked.actor(), slug, asked.body, asked.key)
    return deed_answer(asked.site, answered)


def _every(asked: Asked) -> Response:
    return asked.page(PATH, asked.gateway.catalogue.programs(asked.account, asked.query))


def _one(asked: Asked) -> Response:
    return json_answer(asked.gateway.catalogue.program(asked.account, asked.path["program"]))


CALLS: Final = (
    Call("POST", PATH, WRITE, "Make a program", _create, "Program", 201, NEW),
    Call("GET", PATH, READ, "List programs", _every, "ProgramPage", query={**FILTERS, **PAGING}),
    Call("GET", ONE, READ, "Show a program", _one, "Program"),
    Call("PATCH", ONE, WRITE, "Change a program", _change, "Program", body=CHANGED),
)
