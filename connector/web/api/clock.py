"""A sandbox's clock, moved forward: what takes months is seen at once."""

from typing import Final

from flask import Response

from ...operations.kit import Field
from ..answers import deed_answer
from ..calls import Asked, Call
from ..fields import Shape

ADVANCE: Final = Shape(
    {"advance": Field("any", "how far: seconds, or a duration of ISO 8601 such as P90D")},
    frozenset({"advance"}),
)


def _advance(asked: Asked) -> Response:
    directory = asked.gateway.directory
    return deed_answer(
        asked.site, directory.advance_clock_once(asked.account, asked.body["advance"], asked.key)
    )


CALLS: Final = (
    Call("POST", "/v1/clock", "admin", "Move a sandbox's clock forward", _advance, "Clock", body=ADVANCE),
)
