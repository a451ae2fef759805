"""The error tree as RFC 9457: the only place that turns an error into HTTP.

The one rule: whoever is refused learns code, sentence and fields, and nobody learns
what went wrong inside. That is logged: by its type and place, never by its words,
which may hold what somebody sent.
"""

import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from html import escape
from typing import Any, Final

from flask import Flask, Response, request
from werkzeug import exceptions

from ..domain.errors import (
    BadRequest,
    BodyTooLarge,
    BodyTooSlow,
    ConnectorError,
    FieldError,
    MethodNotAllowed,
    NotFound,
    SignatureRefused,
    Unauthorized,
    WrongContentType,
)
from ..logs import log
from ..operations.registry import operations
from .arrival import Site, id_of, key_of, route_of
from .pages.words import Words

CONTENT_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = timedelta(seconds=1)
"""What a caller is told who should come again, where the error does not say when."""

_TONGUE: Final = "connector.tongue"

_LOST: Final = """<!doctype html>
<html lang="{lang}">
<head><meta charset="utf-8"><meta name="robots" content="noindex"><title>{title}</title></head>
<body>
<h1>{title}</h1>
<p>{why}</p>
</body>
</html>
"""

_BY_STATUS: Final[dict[int, type[ConnectorError]]] = {
    error.status: error
    for error in (BadRequest, NotFound, MethodNotAllowed, BodyTooSlow, BodyTooLarge, WrongContentType)
}


@dataclass(frozen=True, slots=True)
class Tongue:
    """How a published dialect tells refusals: its statuses by kind of error, its names of fields by ours."""

    statuses: Mapping[type[ConnectorError], int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def status(self, error: ConnectorError) -> int:
        """That of the nearest kind which the dialect has one for, else ours."""
        kinds = [one for one in type(error).__mro__ if one in self.statuses]
        return self.statuses[kinds[0]] if kinds else error.status

    def told(self, error: ConnectorError) -> ConnectorError:
        """The same refusal under the dialect's names."""
        errors = [FieldError(self.names.get(one.field, one.field), one.message) for one in error.errors]
        detail = error.detail
        for before, after in zip(error.errors, errors, strict=True):
            if detail.startswith(f"{before.field} "):
                detail = after.field + detail.removeprefix(before.field)
        return type(error)(detail, errors=errors, retry_after=error.retry_after)


def tell_as(tongue: Tongue) -> None:
    """Whatever is refused of the request in hand is told so, with `error` for old clients besides."""
    request.environ[_TONGUE] = tongue


def problem_json(public_url: str, error: ConnectorError, request_id: str) -> bytes:
    """The body of a refusal, in the contract's form; `public_url` without a last slash."""
    return json.dumps(_told(public_url, error, request_id)).encode()


def _told(public_url: str, error: ConnectorError, request_id: str) -> dict[str, Any]:
    return {
        "type": f"{public_url}/errors/{error.code}",
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "errors": [{"field": one.field, "message": one.message} for one in error.errors],
        "retryable": error.retryable,
        "request_id": request_id,
    }


def writer(public_url: str) -> Callable[[ConnectorError, str], bytes]:
    """`problem_json` for the front, which refuses before any handler runs."""
    site = Site.of(public_url, ())
    return lambda error, request_id: problem_json(site.public_url, error, request_id)


def problem(site: Site, error: ConnectorError) -> Response:
    """The answer to the request in hand."""
    tongue = request.environ.get(_TONGUE)
    told = _told(site.public_url, error, id_of(request.environ))
    if isinstance(tongue, Tongue):
        own = _told(site.public_url, tongue.told(error), id_of(request.environ))
        told = {**own, "status": tongue.status(error), "error": own["detail"]}
    answer = Response(json.dumps(told), told["status"], content_type=CONTENT_TYPE)
    retry_after = error.retry_after or (RETRY_AFTER if error.retryable else None)
    if retry_after is not None:
        answer.headers["Retry-After"] = str(max(1, round(retry_after.total_seconds())))
    if isinstance(error, Unauthorized) and not isinstance(error, SignatureRefused):
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def oauth_problem(code: str, detail: str) -> Response:
    """A refusal in RFC 6749's own form (5.2), which the clients of a token endpoint know."""
    is_unknown = code == "invalid_client"
    told = json.dumps({"error": code, "error_description": detail})
    answer = Response(told, 401 if is_unknown else 400, content_type="application/json")
    if is_unknown:
        answer.headers["WWW-Authenticate"] = 'Basic realm="connector"'
    return answer


def lost_page(words: Words, lang: str) -> Response:
    """The one answer to a link that leads nowhere, whatever is the matter with it: for a person."""
    headers = {"X-Robots-Tag": "noindex, nofollow", "Vary": "Accept-Language"}
    page = _LOST.format(lang=escape(lang), title=escape(words.nothing_here), why=escape(words.lost))
    return Response(page, 404, content_type="text/html; charset=utf-8", headers=headers)


def install(app: Flask, site: Site) -> None:
    """Every error that leaves a handler of `app` becomes a problem."""

    def answer(error: Exception) -> Response:
        known = _known(error)
        refusal = known if known is not None and _may_be_told(known) else ConnectorError()
        _log(error, refusal)
        made = problem(site, refusal)
        allowed = _allowed(error)
        if allowed:
            made.headers["Allow"] = allowed
        return made

    app.register_error_handler(Exception, answer)


def _known(error: Exception) -> ConnectorError | None:
    """The error of ours that this is; None for what nobody expected."""
    if isinstance(error, ConnectorError):
        return error
    if not isinstance(error, exceptions.HTTPException):
        return None
    code = error.code or 500
    if code >= 500:
        return None
    if code == 404 and (hint := _nearby(request.path)):
        return NotFound(hint)
    return _BY_STATUS.get(code, BadRequest)()


def _nearby(path: str) -> str:
    """What is there beside a path that is not; never the path, which may hold a card's code."""
    if path.startswith("/v1/actions/"):
        names = sorted(one.action for one in operations().values() if one.action is not None)
        return f"There is no such action; there are: {', '.join(names)}."
    if path.startswith("/v1/gift-cards/"):
        return "Nothing is here. A card's path has its id, gc_…; by its code: POST /v1/gift-cards/lookup."
    return ""


def _may_be_told(error: ConnectorError) -> bool:
    """What is no refusal and no use trying again is a fault of ours, and may name files or rows."""
    return error.status < 500 or error.retryable


def _allowed(error: Exception) -> str:
    """The Allow header of a 405."""
    if isinstance(error, exceptions.MethodNotAllowed):
        methods = set(error.valid_methods or ())
        # A hook's path takes HEAD for some platforms only: not to be promised to all.
        return ", ".join(sorted(methods if "GET" in methods else methods - {"HEAD"}))
    return "POST" if isinstance(error, MethodNotAllowed) else ""


def _log(error: Exception, told: ConnectorError) -> None:
    """The route stands for the path, which may hold a secret."""
    route = route_of(None if request.url_rule is None else request.url_rule.rule)
    about = {
        "request": id_of(request.environ),
        "method": request.method,
        "route": route,
        "status": told.status,
    }
    key = key_of(request.environ)
    about |= {} if key is None else {"key": key}
    about |= told.about
    if told.status < 500:
        log.info("refused", code=told.code, **about)
    else:
        log.error("failed", error=type(error).__name__, at=_place(error), **about)


def _place(error: BaseException) -> str:
    """Where it was raised: `receive.py:42 in receive`."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "nowhere"
    last = frames[-1]
    return f"{last.filename.rpartition('/')[2]}:{last.lineno} in {last.name}"
