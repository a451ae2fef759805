"""Prepaid funding. Who reads reports may watch it; only an administrator pays in or takes out."""

from typing import Final

from flask import Response

from ...operations.kit import Field
from ..answers import deed_answer, json_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape

PATH: Final = "/v1/funding"
ONE: Final = f"{PATH}/{{fund}}"
READ: Final = "reports"
WRITE: Final = "admin"
_AMOUNT: Final = Field("money", "how much, in minor units")
_THRESHOLD: Final = Field("money", "below which funding.low warns; null: no warning", is_clearable=True)
_WORDS: Final = {
    "reference": Field("text", "your transfer or receipt number"),
    "note": Field("text", "words for yourselves"),
}
DEPOSIT: Final = Shape(
    {
        "amount": _AMOUNT,
        "currency": Field("currency", "the program's or account's if left out"),
        "program": Field("text", "for cards of this program only, by its slug"),
        "threshold": _THRESHOLD,
        **_WORDS,
    },
    frozenset({"amount"}),
)
WITHDRAW: Final = Shape({"amount": _AMOUNT, **_WORDS}, frozenset({"amount"}))
WATCH: Final = Shape({"threshold": _THRESHOLD})
FILTERS: Final = {
    "program": Field("text", "funds of this program"),
    "currency": Field("currency", "funds in this currency"),
}


def _deposit(asked: Asked) -> Response:
    """The first deposit puts the whole account, or the program that is named, on prepaid in this currency.

    From then on whatever is issued or loaded there draws on it, and is `402
    insufficient_funds` past it; taking everything out again does not undo that.
    """
    answered = asked.gateway.catalogue.deposit(asked.account, asked.actor(), asked.body, asked.key)
    return deed_answer(asked.site, answered)


def _withdraw(asked: Asked) -> Response:
    fund = asked.path["fund"]
    return deed_answer(
        asked.site,
        asked.gateway.catalogue.withdraw(asked.account, asked.actor(), fund, asked.body, asked.key),
    )


def _watch(asked: Asked) -> Response:
    fund = asked.path["fund"]
    return deed_answer(
        asked.site, asked.gateway.catalogue.watch(asked.account, asked.actor(), fund, asked.body, asked.key)
    )


def _every(asked: Asked) -> Response:
    return asked.page(PATH, asked.gateway.catalogue.funds(asked.account, asked.query))


def _one(asked: Asked) -> Response:
    return json_answer(asked.gateway.catalogue.fund(asked.account, asked.path["fund"]))


CALLS: Final = (
    Call("POST", PATH, WRITE, "Pay in prepaid funds", _deposit, "FundMoved", 201, DEPOSIT),
    Call("GET", PATH, READ, "List prepaid funds", _every, "FundPage", query={**FILTERS, **PAGING}),
    Call("GET", ONE, READ, "Show prepaid funds", _one, "Fund"),
    Call("PATCH", ONE, WRITE, "Watch prepaid funds", _watch, "Fund", body=WATCH),
    Call("POST", f"{ONE}/withdraw", WRITE, "Take out prepaid funds", _withdraw, "FundMoved", body=WITHDRAW),
)
