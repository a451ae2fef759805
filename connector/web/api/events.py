"""Events as recipes saw them, and again for the recipes of today."""

from typing import Final

from flask import Response

from ...operations.kit import Field
from ..answers import deed_answer, json_answer
from ..calls import PAGING, Asked, Call
from .runs import FILTERS as OF_RUNS
from .runs import SCOPE, SINCE_UNTIL

PATH: Final = "/v1/events"
ONE: Final = f"{PATH}/{{event}}"
FILTERS: Final = {
    "type": Field("text", "events of this type"),
    "source": Field("text", "from this source, by its slug"),
    "contact_id": Field("contact", "about this contact"),
    "recipe": Field("text", "that this recipe had a run for"),
    "outcome": OF_RUNS["outcome"],
    **SINCE_UNTIL,
}


def _every(asked: Asked) -> Response:
    return asked.page(PATH, asked.gateway.events.page(asked.account, asked.query))


def _one(asked: Asked) -> Response:
    return json_answer(asked.gateway.events.one(asked.account, asked.path["event"]))


def _replay(asked: Asked) -> Response:
    event = asked.path["event"]
    return deed_answer(
        asked.site, asked.gateway.events.replay(asked.account, asked.actor(), event, asked.key)
    )


CALLS: Final = (
    Call("GET", PATH, SCOPE, "List events", _every, "EventPage", query={**FILTERS, **PAGING}),
    Call("GET", ONE, SCOPE, "Show an event", _one, "Event"),
    Call("POST", f"{ONE}/replay", SCOPE, "Run today's recipes on an event again", _replay, "EventReplayed"),
)
