"""Which refusals a call may answer with, and what the document says of each status.

The one rule: the codes come from the error tree; a status that a call can answer with is told.
"""

from typing import Any, Final

from ..domain.errors import every_error
from .calls import Call
from .json_schema import ref
from .problems import CONTENT_TYPE

_INWARD: Final = "signature_refused"  # said to platforms only, never to a caller with a key
_HEADERS: Final = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
_LATER: Final = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
_BY_STATUS: Final = {
    400: "The request's form is wrong: not JSON, an unknown parameter",
    401: "No valid key",
    402: "Prepaid funds are used up",
    403: "The key may not do this",
    404: "Not in this account",
    408: "The body did not arrive in time",
    409: "The state of things forbids it",
    412: "It is not as If-Match says; nothing was done",
    413: "The body is too large",
    415: "Not JSON, or compressed",
    422: "Fields are wrong; `errors` names each",
    429: "Too many requests",
    503: "Not now; nothing was done",
    504: "It is not known whether it was done: send it again with the same Idempotency-Key",
}


def of_call(call: Call | None) -> dict[str, Any]:
    """The refusals by status; of a call of ours, or of a form that is posted to us."""
    statuses = {400, 401, 403, 429, 503}
    if call is None or call.method != "GET":
        statuses |= {408, 409, 413, 422, 504}
    if call is not None and (call.body is not None or "{" in call.path or call.query or call.also):
        statuses.add(404)
    if call is not None and call.may_conflict:
        statuses.add(409)
    if call is None or call.body is not None:
        statuses.add(415)
    if call is not None and call.matched is not None:
        statuses.add(412)
    if call is not None and call.method == "POST" and _draws_on_funds(call):
        statuses.add(402)
    return {str(one): {"$ref": f"#/components/responses/{name_of(one)}"} for one in sorted(statuses)}


def _draws_on_funds(call: Call) -> bool:
    return call.scope == "cards:write" or call.path.startswith("/v1/funding/{")


def responses() -> dict[str, Any]:
    """The document's shared answers, one for each status."""
    return {name_of(status): _response(status) for status in _BY_STATUS}


def name_of(status: int) -> str:
    return f"Refused{status}"


def codes_of(status: int) -> list[str]:
    """Every code of the error tree with this status, sorted."""
    return sorted({one.code for one in every_error() if one.status == status and one.code != _INWARD})


def _response(status: int) -> dict[str, Any]:
    codes = ", ".join(f"`{code}`" for code in codes_of(status))
    headers = dict(_HEADERS)
    if status in (409, 429, 503, 504):
        headers |= _LATER
    if status == 401:
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/WWW-Authenticate"}
    return {
        "description": f"{_BY_STATUS[status]}. Codes: {codes}.",
        "headers": headers,
        "content": {CONTENT_TYPE: {"schema": ref("Problem")}},
    }
