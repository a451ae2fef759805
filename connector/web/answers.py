"""Answers in JSON.

The one rule: the same value is the same bytes, so that a replay equals the first answer.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response

from ..domain.jsontext import dumps
from ..flows.paging import Page
from ..flows.perform import Answered
from . import problems
from .arrival import Site

JSON: Final = "application/json"
CSV: Final = "text/csv"
REPLAYED: Final = "Idempotent-Replayed"

# The same text as `dumps`, five times as fast, for values without a Decimal (nearly all).
_quick: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def json_text(value: Any) -> str:
    """Canonical JSON, decimals exact."""
    try:
        return _quick(value)
    except TypeError:
        return dumps(value)


def json_answer(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json_text(body), status, content_type=JSON)


def json_list_answer(found: list[Any]) -> Response:
    """An array, for tools that take nothing else."""
    return Response(json_text(found), 200, content_type=JSON)


def empty_answer(status: int) -> Response:
    """No body, and so no content type."""
    answer = Response(b"", status)
    del answer.headers["Content-Type"]
    return answer


def deed_answer(site: Site, answered: Answered) -> Response:
    """What a deed gave; what is given again says so, and a refusal is given again as the refusal it was."""
    if answered.error is not None:
        answer = problems.problem(site, answered.error)
    else:
        answer = json_answer(dict(answered.body), answered.status)
    if answered.is_replayed:
        answer.headers[REPLAYED] = "true"
    return answer


def page_answer(site: Site, path: str, asked: Mapping[str, str], page: Page) -> Response:
    """One page of a list; its Link header asks the same list for the next one."""
    return link_to_next(json_answer(page.as_json()), site, path, asked, page.next_cursor)


def link_to_next(
    answer: Response, site: Site, path: str, asked: Mapping[str, str], cursor: str | None
) -> Response:
    """The answer with the Link header that asks the same list for what is behind `cursor`; None: nothing."""
    if cursor is not None:
        query = urlencode(sorted({**asked, "cursor": cursor}.items()))
        answer.headers["Link"] = f'<{site.public_url}{path}?{query}>; rel="next"'
    return answer


def csv_answer(text: str, name: str) -> Response:
    """A file to keep: a browser shows it in no page of ours."""
    answer = Response(text, content_type=f"{CSV}; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
