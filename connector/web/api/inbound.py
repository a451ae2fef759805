"""Inbound deliveries: what a platform sent, what became of it, and again after a mend."""

from typing import Final

from flask import Response

from ...flows.inbound import STATUSES
from ...operations.kit import Field
from ..answers import deed_answer, json_answer
from ..calls import PAGING, Asked, Call
from . import events
from .runs import SCOPE

PATH: Final = "/v1/inbound"
ONE: Final = f"{PATH}/{{delivery}}"
FILTERS: Final = {
    "status": Field("text", "what became of them", choices=STATUSES),
    **events.FILTERS,
    "type": Field("text", "that told of an event of this type"),
    "recipe": Field("text", "that set off a run of this recipe"),
}


def _every(asked: Asked) -> Response:
    return asked.page(PATH, asked.gateway.inbound.page(asked.account, asked.query))


def _one(asked: Asked) -> Response:
    return json_answer(asked.gateway.inbound.one(asked.account, asked.path["delivery"]))


def _replay(asked: Asked) -> Response:
    delivery = asked.path["delivery"]
    return deed_answer(
        asked.site, asked.gateway.inbound.replay(asked.account, asked.actor(), delivery, asked.key)
    )


CALLS: Final = (
    Call("GET", PATH, SCOPE, "List inbound deliveries", _every, "InboundPage", query={**FILTERS, **PAGING}),
    Call("GET", ONE, SCOPE, "Show an inbound delivery with what it said", _one, "InboundDelivery"),
    Call("POST", f"{ONE}/replay", SCOPE, "Run a rejected delivery after a mend", _replay, "InboundDelivery"),
)
