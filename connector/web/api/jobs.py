"""Bulk issues and the jobs that do them. A wrong line is an answer of its line, never of the call."""

from typing import Any, Final

from flask import Response

from ...domain.errors import ConnectorError, ValidationFailed
from ...flows import bulk
from ...operations.issue import OPERATION as ISSUE
from ...operations.kit import Field
from ..answers import deed_answer, json_answer
from ..calls import PAGING, Asked, Call
from ..fields import Shape, read, shape_of

PATH: Final = "/v1/jobs"
ONE: Final = f"{PATH}/{{job}}"
READ: Final = "cards:read"
WRITE: Final = "cards:write"
REVEAL: Final = "cards:reveal"
BULK: Final = Shape(
    {"gift_cards": Field("objects", "1 to 10,000 cards, each as POST /v1/gift-cards takes one")},
    frozenset({"gift_cards"}),
)
_LINE: Final = shape_of(ISSUE)


def _submit(asked: Asked) -> Response:
    lines = [_line(given) for given in asked.body["gift_cards"]]
    answered = asked.gateway.jobs.submit(asked.account, asked.actor(), lines, asked.key)
    answer = deed_answer(asked.site, answered)
    if answered.error is None:
        answer.headers["Location"] = f"{asked.site.public_url}{PATH}/{answered.body['id']}"
    return answer


def _line(given: Any) -> bulk.Asked:
    """A line as the single call would read it."""
    try:
        if not isinstance(given, dict):
            raise ValidationFailed("A line must be an object with the fields of one gift card")
        return bulk.Asked(read(_LINE, given))
    except ConnectorError as error:
        return bulk.Asked({}, error)


def _every(asked: Asked) -> Response:
    page = asked.gateway.jobs.every(asked.account, asked.query.get("limit"), asked.query.get("cursor"))
    return asked.page(PATH, page)


def _one(asked: Asked) -> Response:
    return json_answer(asked.gateway.jobs.one(asked.account, asked.path["job"]))


def _lines(asked: Asked) -> Response:
    """With codes for the key that asked, unless it shows a token that may only look at balances."""
    job, caller = asked.path["job"], asked.caller
    sees_codes = caller.has(WRITE) or caller.has(REVEAL)
    page = asked.gateway.jobs.lines(
        asked.account,
        job,
        caller=caller.key if sees_codes else "",
        limit=asked.query.get("limit"),
        cursor=asked.query.get("cursor"),
    )
    return asked.page(f"{PATH}/{job}/lines", page)


def _cancel(asked: Asked) -> Response:
    return deed_answer(asked.site, asked.gateway.jobs.cancel(asked.account, asked.path["job"], asked.key))


CALLS: Final = (
    Call("POST", "/v1/gift-cards/bulk", WRITE, "Issue many gift cards", _submit, "Job", 202, BULK),
    Call("GET", PATH, READ, "List jobs", _every, "JobPage", query=PAGING),
    Call("GET", ONE, READ, "Show a job", _one, "Job"),
    Call("GET", f"{ONE}/lines", READ, "List the lines of a job", _lines, "JobLinePage", query=PAGING),
    Call("POST", f"{ONE}/cancel", WRITE, "Cancel a job", _cancel, "Job"),
)
