"""The types of outgoing messages, for whoever subscribes to them: what each says, its schema, a sample."""

from functools import cache
from typing import Final

from flask import Response

from ...flows.paging import Page
from ..answers import json_answer
from ..calls import Asked, Call
from ..message_types import every_type

PATH: Final = "/v1/event-types"


def _every(_asked: Asked) -> Response:
    """All of them on one page."""
    return json_answer(_page().as_json())


@cache
def _page() -> Page:
    """Made once: it says the same to everybody."""
    return Page(every_type(), None)


CALLS: Final = (Call("GET", PATH, "webhooks", "List the types of our messages", _every, "EventTypePage"),)
