"""GET /openapi.json, GET /docs and GET /errors/<code>: what the API is, for programs and for people.

The one rule: all that these pages load comes from here; they work with the network closed.
"""

from collections.abc import Callable, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from inspect import cleandoc
from typing import Any, Final

from flask import Flask, Response

from ..domain.errors import ConnectorError, NotFound, by_code
from .advice import ADVICE
from .answers import json_answer

VIEWER: Final = ("flask_swagger_ui", "dist")
OURS: Final = ("connector.web", "static")
ASSETS: Final[Mapping[str, tuple[tuple[str, str], str]]] = {
    "swagger-ui-bundle.js": (VIEWER, "text/javascript; charset=utf-8"),
    "swagger-ui.css": (VIEWER, "text/css; charset=utf-8"),
    "favicon-32x32.png": (VIEWER, "image/png"),
    "docs.js": (OURS, "text/javascript; charset=utf-8"),
}
# The viewer draws its icons from data: URLs, and asks this very server where somebody tries a call.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_KEPT: Final = "public, max-age=3600"
_HTML: Final = "text/html; charset=utf-8"
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gift card connector: the API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/docs.js"></script>
</head>
<body>
<div id="swagger-ui"></div>
<noscript>The API as a document: <a href="openapi.json">openapi.json</a></noscript>
</body>
</html>
"""
_ERROR: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
<h1>{title}</h1>
<p><code>{code}</code>, HTTP status {status}.</p>
<p>{about}</p>
<p>{again}</p>
<p><a href="../docs">The API</a></p>
</body>
</html>
"""
_AGAIN: Final = {
    True: "The same request may do better later; <code>Retry-After</code> says when.",
    False: "The same request will be refused again: change it, or what it is about.",
}


def install(app: Flask, document: Callable[[], dict[str, Any]]) -> None:
    """Add the routes. `document` makes the OpenAPI document; it is asked once, when it is first needed."""
    made = cache(document)

    def openapi() -> Response:
        answer = json_answer(made())
        answer.headers["Access-Control-Allow-Origin"] = "*"  # public, and read by viewers elsewhere
        return answer

    def docs() -> Response:
        return _html(_PAGE, POLICY)

    def asset(name: str) -> Response:
        if name not in ASSETS:
            raise NotFound
        (package, folder), kind = ASSETS[name]
        where = files(package) / folder / name
        return Response(where.read_bytes(), content_type=kind, headers={"Cache-Control": _KEPT})

    def error(code: str) -> Response:
        return _html(error_page(code))

    for rule, name, view in (
        ("/openapi.json", "openapi", openapi),
        ("/docs", "docs", docs),
        ("/docs/<name>", "docs.asset", asset),
        ("/errors/<code>", "errors", error),
    ):
        app.add_url_rule(rule, name, view, methods=["GET"])


def error_page(code: str) -> str:
    """What a code means; NotFound for one that no error has."""
    found: type[ConnectorError] = by_code(code)
    if found.code != code:
        raise NotFound("There is no such error.")
    return _ERROR.format(
        title=escape(found.title),
        code=escape(code),
        status=found.status,
        about=escape(ADVICE.get(code) or cleandoc(found.__doc__ or f"{found.title}.")),
        again=_AGAIN[found.retryable],
    )


def _html(page: str, policy: str | None = None) -> Response:
    headers = {} if policy is None else {"Content-Security-Policy": policy}
    return Response(page, content_type=_HTML, headers=headers)
